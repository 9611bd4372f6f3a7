/**
 * What follows first on a click, Enter or Space, and after how long. Only the newest of them waits.
 *
 * A page that changes by itself must not make a dead click look alive. What its own listeners change is its effect. A later
 * change is believed only of a node that was not seen to change without a click, and on a page that does not change all the
 * time; a later call, only to an address that was not called without a click; and nothing that comes with the person's next
 * act, nor any scroll, focus or selection after it. To look at the page all the time would be too dear: while nothing waits it is sampled.
 *
 * Menus open when the mouse goes down: what then changes outside of the pressed thing is the effect of the click to come.
 */
import {
  EFFECT_ACT_MS,
  EFFECT_SAMPLE_EVERY_MS,
  EFFECT_SAMPLE_RECORDS_MAX,
  EFFECT_WITHIN_MS,
  STRING_UNITS_MAX,
} from '../../shared/limits.ts';
import * as WORDS from '../../shared/words.ts';
import type { EffectKind, Effects } from '../effect.ts';
import {
  closest,
  composedPath,
  contains,
  later,
  localName,
  now,
  observeChanges,
  on,
  readyStateOf,
  timeOf,
} from '../natives.ts';
import type { Tracker } from '../tracker.ts';
import { hearEffects } from './effect_signs.ts';

/** Of HTML or SVG; other elements have an address too, as an icon's `use`. */
const LINK = ':is(a,area)[href]';
/** What a click does by itself, unless the page prevents it: no event tells of it. */
const DEFAULTS: [selectors: string, kind: EffectKind][] = [
  ['a[target=_blank]', 'new_tab'],
  ['select,[type=file],[type=color]', 'dialog'],
  ['textarea,[contenteditable],input:not([type=submit],[type=button],[type=reset],[type=image])', 'focus'],
  // Addresses that go nowhere; where one of them does change the page's, the browser tells of it.
  [`${LINK}:not([href="#"],[href^="javascript:" i])`, 'navigation'],
];
const WITH_DEFAULT = DEFAULTS.map(([selectors]) => selectors).join();
const PRESSABLE = 'a,button,summary,label,[role]';

export function captureEffects(tracker: Tracker): void {
  /** `seq`: −1 while the mouse is down. */
  let armed: { seq: number; at: number } | null = null;
  let pressed: Element | null = null;
  let early: EffectKind | null = null;
  let beganAt = Number.NEGATIVE_INFINITY;
  let timer = 0;
  /** Nodes and addresses that change, or are called, without a click. */
  const nodes = new WeakSet<object>();
  const addresses: unknown[] = [];
  /** Of which all changes are told. */
  let watched: Node[] = [];
  let sampled = 0;
  let sampledAt = 0;
  let busyAt = Number.NEGATIVE_INFINITY;

  const changes = observeChanges((records) => (armed ? look(records) : sample(records)));
  const watch = (root: Node) => {
    watched.push(root);
    changes?.observe(root, { subtree: true, childList: true, attributes: true, characterData: true });
  };
  const rest = () => {
    armed = null;
    watched = [];
    changes?.disconnect();
  };
  const tell = (kind: EffectKind) => {
    if (!armed) return;
    const { seq, at } = armed;
    rest();
    const after = kind === 'none' ? Number.NaN : Math.max(0, now() - at);
    if (seq < 0) early = kind;
    else tracker.note('effect', now(), 0, 0, seq, WORDS.effect.indexOf(kind), after);
  };
  /** It goes through a shadow tree, to whose listeners the browser names no event: until its task is over nothing is too late. */
  let unnamed = false;
  /** Also in the microtasks after the click's own listeners, as frameworks use them, it is not too late. */
  const isLate = () => !unnamed && (window as { event?: Event }).event?.timeStamp !== armed?.at;
  /** The page changes all the time. */
  const isBusy = () => beganAt - busyAt < 3 * EFFECT_SAMPLE_EVERY_MS;
  const look = (records: MutationRecord[]) => {
    // Of its changes only what opens is believed from here on, so the others are not asked for any more.
    if (isBusy() && isLate())
      for (const root of watched.splice(0)) changes?.observe(root, { subtree: true, attributeFilter: ['open'] });
    for (const { target, attributeName } of records) {
      // It is told: a click may change thousands.
      if (!armed) return;
      // Being pressed shows on the thing itself.
      if (pressed && contains(pressed, target)) continue;
      const opened = attributeName === 'open' && /^(details|dialog)$/.test(localName(target));
      saw(opened ? 'dialog' : 'dom', target);
    }
  };
  const startSample = () => {
    sampled = 0;
    sampledAt = now();
    watch(document);
  };
  const sample = (records: MutationRecord[]) => {
    for (const { target } of records) nodes.add(target);
    sampled += records.length;
    if (sampled < EFFECT_SAMPLE_RECORDS_MAX) return;
    changes?.disconnect();
    if (now() - sampledAt < EFFECT_SAMPLE_EVERY_MS) busyAt = now();
    timer ||= later(wake, EFFECT_SAMPLE_EVERY_MS);
  };
  /** Nothing may have an effect any more, unless something began to meanwhile. */
  const wake = () => {
    const left = beganAt + EFFECT_WITHIN_MS - now();
    timer = left > 0 ? later(wake, left) : 0;
    if (timer) return;
    tell('none');
    pressed = early = null;
    startSample();
  };
  const begin = (seq: number, event: Event) => {
    rest();
    beganAt = timeOf(event);
    timer ||= later(wake, EFFECT_WITHIN_MS);
    armed = { seq, at: beganAt };
    watch(document);
    for (const step of composedPath(event))
      if (step instanceof ShadowRoot) {
        watch(step);
        unnamed = true;
        later(() => {
          unnamed = false;
        }, 0);
      }
  };
  /** The click's own task is over. */
  const settle = (event: Event, target: Element) => {
    const { ctrlKey, metaKey, defaultPrevented } = event as MouseEvent;
    hearSelection();
    if (armed?.at !== timeOf(event) || defaultPrevented) return;
    if ((ctrlKey || metaKey) && closest(target, LINK)) return tell('new_tab');
    for (const [selectors, kind] of DEFAULTS) if (closest(target, selectors)) return tell(kind);
  };

  const saw: Effects['saw'] = (kind, what) => {
    if (!armed) {
      // A `data:` address may be megabytes.
      if (
        kind === 'request' &&
        addresses.length < EFFECT_SAMPLE_RECORDS_MAX &&
        (what as string).length < STRING_UNITS_MAX &&
        !addresses.includes(what)
      )
        addresses.push(what);
      return;
    }
    const at = now();
    // What a person edits by the act itself has a name, and is none of the page's own changes.
    const own = kind === 'dom' && typeof what !== 'string' && isBusy();
    if ((own || nodes.has(what as Node) || addresses.includes(what)) && isLate()) return;
    const actedAt = tracker.actedAt();
    if (actedAt > armed.at && (at - actedAt < EFFECT_ACT_MS || /^(sc|f|se)/.test(kind))) return;
    if (kind === 'new_tab' && at - armed.at > EFFECT_ACT_MS) return;
    // Where it is pressed, the focus goes by itself.
    if (pressed && !/^d/.test(kind)) return;
    tell(kind);
  };
  const arm: Effects['arm'] = (seq, event, target) => {
    const before = event.type === 'click' ? early : null;
    pressed = early = null;
    if (seq < 0) return rest();
    begin(seq, event);
    if (before) tell(before);
    else if (event.type === 'click' && target && closest(target, WITH_DEFAULT)) later(() => settle(event, target), 0);
    // Not of a press, of which no selection is an effect.
    else hearSelection();
  };
  tracker.effects = { arm, saw };
  const hearSelection = hearEffects(
    tracker,
    () => !!armed,
    saw,
    (event, _, target) => {
      if (event.pointerType !== 'mouse' || !target) return;
      pressed = closest(target, PRESSABLE) ?? target;
      early = null;
      begin(-1, event);
    },
  );
  if (readyStateOf(document) === 'complete') startSample();
  else on(window, 'load', () => armed || startSample());
  tracker.atEnd(() => tell('navigation'));
}
