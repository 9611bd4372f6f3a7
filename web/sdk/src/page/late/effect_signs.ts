/** Events, and calls of the page, that may be the effect of a click; and what the person does next. */
import { around } from '../around.ts';
import type { EffectKind, Effects } from '../effect.ts';
import { guarded } from '../guard.ts';
import { listenOnce, navigation, visibilityOf } from '../natives.ts';
import type { Tracker } from '../tracker.ts';

/** Of the Navigation API. */
interface Navigate extends Event {
  navigationType: string;
  destination: { sameDocument: boolean };
}

/** In the order of the events that tell of them, which stay in their tree. */
const SIGNS: [type: string, kind: EffectKind][] = [
  ['scroll', 'scroll'],
  ['change', 'selection'],
  ['beforetoggle', 'dialog'],
  ['toggle', 'dialog'],
  // A player changes what it shows.
  ['play', 'dom'],
  ['pause', 'dom'],
];
const CALLS: [name: string, kind: EffectKind][] = [
  ['alert', 'dialog'],
  ['confirm', 'dialog'],
  ['prompt', 'dialog'],
  ['open', 'new_tab'],
];

/** `waits`: whether anything waits for one. `pressed` hears of each press. Returns what is to be called when something begins to wait. */
export function hearEffects(
  tracker: Tracker,
  waits: () => boolean,
  saw: Effects['saw'],
  pressed: (event: PointerEvent, at: number, target: Element | null) => void,
): () => void {
  tracker.on(window, 'pointerdown', pressed);
  const hear = (target: EventTarget, type: string, kind: EffectKind, really: (event: never) => unknown = () => true) =>
    tracker.on(target, type, (event) => {
      const what = waits() && event.isTrusted && really(event as never);
      if (what) saw(kind, what);
    });
  tracker.roots.each((root) => {
    for (const [type, kind] of SIGNS) hear(root, type, kind);
  });
  hear(window, 'focusin', 'focus');
  // As a new line of a text field; what is chosen has no such type, and changes.
  hear(window, 'input', 'dom', ({ inputType }: InputEvent) => inputType);
  hear(document, 'visibilitychange', 'new_tab', () => visibilityOf(document) === 'hidden');
  // A router that keeps something in its present address goes nowhere.
  const goes = ({ navigationType, destination }: Navigate) => navigationType !== 'replace' || !destination.sameDocument;
  if (navigation) hear(navigation, 'navigate', 'navigation', goes);
  for (const [name, kind] of CALLS)
    around(window, name, (run) => {
      guarded(() => saw(kind));
      return run();
    });
  // Each key changes it, so it is heard only while something waits. Where the person presses, the caret goes: that is no effect.
  const hearSelection = listenOnce(document, 'selectionchange', ({ isTrusted }) => {
    if (!waits()) return;
    if (isTrusted) guarded(() => !getSelection()?.isCollapsed && saw('selection'));
    hearSelection();
  });
  return hearSelection;
}
