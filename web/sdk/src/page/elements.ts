/**
 * Elements as small numbers. What is to be told of one is read once in a while, when the page is idle, and its place on the
 * page is taken from the browser, which has it after each frame: asking for it would make the browser lay the page out.
 */
import type { RawElement } from '../shared/chunk.ts';
import {
  DESCRIBE_AFTER_MS,
  DESCRIBE_WITHIN_MS,
  DESCRIBED_MS,
  ELEMENT_TEXT_UNITS_MAX,
  PLACE_WITHIN_MS,
} from '../shared/limits.ts';
import {
  firstChild,
  hasAttribute,
  headOf,
  isConnected,
  later,
  localName,
  nodeType,
  now,
  observePlaces,
  whenIdle,
} from './natives.ts';
import { isBlocked, isHidden, isHiddenAnew } from './privacy.ts';
import { tools } from './tools.ts';

/** What is known of an element. It does not hold the element: what the page takes away is free to go. */
export interface Known {
  /** In which period it was described, or is told of. */
  period: number;
  /** Of the chunk in which something was noted of it last, and in that, from 1. */
  inChunk: number;
  nth: number;
  /** What it looked like then: when it changes, it is another element to whoever reads of it. */
  stamp: string | null;
  scrolls: number;
  described: RawElement | null;
  rect: RawElement['rect'];
  /** Until then its place may still come; 0: nobody has asked for it. */
  placeBy: number;
}

const known = (
  period: number,
  stamp: string | null,
  scrolls: number,
  described: RawElement | null = null,
  rect: RawElement['rect'] = null,
): Known => ({ period, inChunk: 0, nth: 0, stamp, scrolls, described, rect, placeBy: 0 });
/** What is known where there is no element. */
export const NOTHING = known(0, null, 0);
/** What is known of an element inside of a block, or of an edit inside of what is ignored: nothing is noted of it. */
export const HIDDEN = known(0, null, 0);

/** As a number of elements: however many there are. */
export const ALL = Number.POSITIVE_INFINITY;

export interface Elements {
  /**
   * Looks an element up. `atOnce`: describes it at once, since the page may take it away. `edit`: of what is done to a field, which
   * what is ignored hides as well.
   */
  know(element: Element | null, atOnce?: boolean, edit?: boolean): Known;
  /** The chunk under way. Who is noted in it already has his number in `its.nth`. */
  chunkNow: number;
  /** The number in this chunk, to be written at once: it is true until the chunk is taken. */
  nthOf(its: Known): number;
  /** The page has scrolled: places of before are no longer true. */
  scrolled(): void;
  /** Of how many of this chunk, the first ones, there is nothing more to learn; a larger number: of all. */
  whole(): number;
  /** What is known of the first `count`, by their numbers, as JSON; the chunk ends. */
  takeRaw(count: number): string;
  /** Another page view: descriptions of before are no longer true. */
  outdate(): void;
  /** The number of what had this one before they began anew; 0 has none. */
  anew(number: number): number;
}

/** `looked`: some were described, in a moment in which the page has nothing to do. */
export function createElements(looked?: () => void): Elements {
  const all = new WeakMap<Element, Known>();
  let period = 0;
  let periodEndsAt = 0;
  let scrolls = 0;
  let used: Known[] = [];
  let before: Known[] = [];
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
    // A block may have been set since.
    its.described ??= isBlocked(element) ? untold(element) : (tools()?.describe(element) ?? null);
    if (its.described && place && !its.rect) {
      places?.observe(element);
      its.placeBy = now() + PLACE_WITHIN_MS;
    }
    return !!its.described;
  };
  const lookAll = () => {
    // Of a page that ends before the tools are there.
    for (const [element, its] of waiting) if (!look(element, its, false)) its.described = untold(element);
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
    looked?.();
  };
  const ask = () => {
    if (asked) return;
    asked = true;
    later(() => whenIdle(lookWhenIdle, DESCRIBE_WITHIN_MS), DESCRIBE_AFTER_MS);
  };
  /** Known anew, with what is still true of it. */
  const again = (element: Element, old: Known | undefined, stamp: string | null, there: boolean): Known => {
    const still = !there || (old?.period === period && old.stamp === stamp);
    const rect = !there || old?.scrolls === scrolls ? (old?.rect ?? null) : null;
    const its = known(period, stamp, scrolls, still ? (old?.described ?? null) : null, rect);
    all.set(element, its);
    return its;
  };

  const number = (its: Known) => {
    if (its === NOTHING) return 0;
    if (its.inChunk !== elements.chunkNow) {
      its.period = period;
      its.inChunk = elements.chunkNow;
      its.nth = used.push(its);
    }
    return its.nth;
  };

  const elements: Elements = {
    chunkNow: 1,
    know(element, atOnce = false, edit = false) {
      if (!element) return NOTHING;
      if (isHidden(element, edit)) return HIDDEN;
      let its = all.get(element);
      // What cannot hold a text need not be asked for one again.
      const stamp = its?.described?.tag === 'input' ? null : stampOf(element);
      if (!its || its.period !== period || its.scrolls !== scrolls || its.stamp !== stamp) {
        const there = isConnected(element);
        // Of what is taken off the page nobody can tell any more where it was: what was known of it stays.
        if (isHiddenAnew(element, edit) || !(there || its)) return HIDDEN;
        its = again(element, its, stamp, there);
        if (!atOnce || !look(element, its, true)) {
          waiting.push([element, its]);
          ask();
        }
      } else if (atOnce) look(element, its, true);
      return its;
    },
    nthOf: number,
    scrolled() {
      scrolls++;
    },
    whole() {
      // −1, where there is none, becomes more than there ever are.
      return used.findIndex((its) => !its.described || (!its.rect && now() < its.placeBy)) >>> 0;
    },
    outdate() {
      period++;
      periodEndsAt = now() + DESCRIBED_MS;
    },
    takeRaw(count) {
      const told = used.slice(0, count);
      if (count === ALL) lookAll();
      if (now() >= periodEndsAt) elements.outdate();
      elements.chunkNow++;
      before = used;
      used = [];
      return (tools()?.toJson ?? JSON.stringify)(told.map(({ described, rect }) => ({ ...described, rect })));
    },
    anew: (n) => n && number(before[n - 1] as Known),
  };
  return elements;
}

const untold = (element: Element): RawElement => ({ tag: localName(element), rect: null });

/** The text that an element begins with: changes with most changes of what it shows; what is typed into an editor is none. */
function stampOf(element: Element): string | null {
  const child = firstChild(element);
  const shows = child && nodeType(child) === Node.TEXT_NODE && !hasAttribute(element, 'contenteditable');
  return shows ? headOf(child, ELEMENT_TEXT_UNITS_MAX) : null;
}
