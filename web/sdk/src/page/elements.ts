/**
 * Elements as small numbers. What is to be told of one is read once in a batch, when the page is idle, and its place on the
 * page is taken from the browser, which has it after each frame: asking for it would make the browser lay the page out.
 */
import type { RawElement } from '../shared/chunk.ts';
import { toJson } from '../shared/json.ts';
import { DESCRIBE_AFTER_MS, DESCRIBE_WITHIN_MS, ELEMENT_TEXT_UNITS_MAX } from '../shared/limits.ts';
import {
  firstChild,
  hasAttribute,
  headOf,
  isConnected,
  later,
  localName,
  nodeType,
  observePlaces,
  whenIdle,
} from './natives.ts';
import { isBlocked, isBlockedAnew } from './privacy.ts';
import { tools } from './tools.ts';

/** The number of an element inside of a block: nothing is noted of it. */
export const BLOCKED = -1;

/** What is known of an element. It does not hold the element: what the page takes away is free to go. */
export interface Known {
  /** In which batch `number` counts. */
  batch: number;
  number: number;
  /** What it looked like then: when it changes, it is another element to whoever reads of it. */
  stamp: string | null;
  scrolls: number;
  raw: RawElement | null;
  rect: RawElement['rect'];
}

const known = (number: number): Known => ({ batch: 0, number, stamp: null, scrolls: 0, raw: null, rect: null });
const NOTHING = known(0);
const HIDDEN = known(BLOCKED);

/** Of a page that ends before the tools are there. */
const UNDESCRIBED: RawElement = {
  tag: '',
  id: '',
  name: '',
  role: '',
  text: '',
  around: ['', ''],
  path: [],
  rect: null,
};

export interface Elements {
  /** Looks an element up, for this batch. `now`: describes it at once, since the page may take it away. */
  know(element: Element | null, now?: boolean): Known;
  /** The number, in this batch, of an element that was known before. */
  number(its: Known): number;
  /** The page has scrolled: places of before are no longer true. */
  scrolled(): void;
  /** What is known of the elements of this batch, by their numbers, as JSON; begins the next batch. */
  take(): string;
}

export function createElements(): Elements {
  const all = new WeakMap<Element, Known>();
  let batch = 0;
  let scrolls = 0;
  let used: Known[] = [];
  /** Used, and not yet described. */
  let waiting: [Element, Known][] = [];
  let asked = false;

  const places = observePlaces((entries) => {
    for (const { target, boundingClientRect: box } of entries) {
      places?.unobserve(target);
      const its = all.get(target);
      if (its && (box.width || box.height)) its.rect = [box.x, box.y, box.width, box.height];
    }
  });
  const look = (element: Element, its: Known, place: boolean): boolean => {
    const describe = tools()?.describe;
    if (its.raw || !describe) return !!its.raw;
    its.raw = describe(element);
    if (place) places?.observe(element);
    return true;
  };
  const lookAll = () => {
    for (const [element, its] of waiting)
      if (!look(element, its, false)) its.raw = { ...UNDESCRIBED, tag: localName(element) };
    waiting = [];
  };
  /** The newest first, and only its place is asked for: the pointer has left the others. */
  const lookWhenIdle = (deadline?: IdleDeadline) => {
    for (let newest = true; waiting.length && tools(); newest = false) {
      if (deadline && !deadline.didTimeout && deadline.timeRemaining() < 1) break;
      const [element, its] = waiting.pop() as [Element, Known];
      look(element, its, newest);
    }
    asked = false;
    if (waiting.length) ask();
  };
  const ask = () => {
    if (asked) return;
    asked = true;
    later(() => whenIdle(lookWhenIdle, DESCRIBE_WITHIN_MS), DESCRIBE_AFTER_MS);
  };
  const use = (its: Known): Known => {
    its.batch = batch;
    its.number = used.push(its);
    return its;
  };
  /** Known anew, with what is still true of it. */
  const again = (element: Element, old: Known | undefined, stamp: string | null, there: boolean): Known => {
    const rect = !there || old?.scrolls === scrolls ? (old?.rect ?? null) : null;
    const its = use({ batch, number: 0, stamp, scrolls, raw: there ? null : (old?.raw ?? null), rect });
    all.set(element, its);
    return its;
  };

  return {
    know(element, now) {
      if (!element) return NOTHING;
      if (isBlocked(element)) return HIDDEN;
      const stamp = stampOf(element);
      let its = all.get(element);
      if (!its || its.batch !== batch || its.scrolls !== scrolls || its.stamp !== stamp) {
        const there = isConnected(element);
        // Of what is taken off the page nobody can tell any more where it was: what was known of it stays.
        if (isBlockedAnew(element) || !(there || its)) return HIDDEN;
        its = again(element, its, stamp, there);
        if (!now || !look(element, its, true)) {
          waiting.push([element, its]);
          ask();
        }
      } else if (now) look(element, its, true);
      return its;
    },
    number: (its) => (its.batch === batch || its.number <= 0 ? its : use(its)).number,
    scrolled() {
      scrolls++;
    },
    take() {
      lookAll();
      batch++;
      for (const { raw, rect } of used) if (raw) raw.rect = rect;
      const taken = toJson(used.map(({ raw }) => raw));
      used = [];
      return taken;
    },
  };
}

/** The text that an element begins with: changes with most changes of what it shows; what is typed into an editor is none. */
function stampOf(element: Element): string | null {
  const child = firstChild(element);
  const shows = child && nodeType(child) === Node.TEXT_NODE && !hasAttribute(element, 'contenteditable');
  return shows ? headOf(child, ELEMENT_TEXT_UNITS_MAX) : null;
}
