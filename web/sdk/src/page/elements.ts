/**
 * Elements as small numbers. What is to be told of one is read once in a batch, when the page is idle, and its place on the
 * page is taken from the browser, which has it after each frame: asking for it would make the browser lay the page out.
 */
import type { RawElement } from '../shared/chunk.ts';
import { DESCRIBE_WITHIN_MS } from '../shared/limits.ts';
import { describe } from './describe.ts';
import { firstChild, idOf, isConnected, nodeType, nodeValue, whenIdle } from './natives.ts';
import { isBlocked } from './privacy.ts';

/** Of an element inside of a block: nothing is noted of it. */
export const BLOCKED = -1;

interface Known {
  /** In which batch `number` counts. */
  batch: number;
  number: number;
  /** What it looked like then: when it changes, it is another element to whoever reads of it. */
  stamp: string | null;
  scrolls: number;
  raw: RawElement | null;
  rect: RawElement['rect'];
}

export interface Elements {
  /** The element's number in this batch, or `BLOCKED`. `now`: describes it at once, since the page may take it away. */
  number(element: Element, now?: boolean): number;
  /** The page has scrolled: places of before are no longer true. */
  scrolled(): void;
  /** What is known of the elements of this batch, by their numbers; begins the next batch. */
  take(): RawElement[];
}

export function createElements(): Elements {
  const known = new WeakMap<Element, Known>();
  let batch = 0;
  let scrolls = 0;
  let used: Known[] = [];
  /** Used, and not yet described. */
  let waiting: [Element, Known][] = [];
  let asked = false;

  const places = new IntersectionObserver((entries) => {
    for (const { target, boundingClientRect: box } of entries) {
      places.unobserve(target);
      const its = known.get(target);
      if (its && (box.width || box.height)) its.rect = [box.x, box.y, box.width, box.height];
    }
  });
  const look = (element: Element, its: Known) => {
    its.raw ??= describe(element);
  };
  const lookAll = () => {
    for (const [element, its] of waiting) look(element, its);
    waiting = [];
  };
  const lookWhenIdle = (deadline?: IdleDeadline) => {
    while (waiting.length && (!deadline || deadline.didTimeout || deadline.timeRemaining() > 1))
      look(...(waiting.pop() as [Element, Known]));
    asked = false;
    if (waiting.length) ask();
  };
  const ask = () => {
    if (asked) return;
    asked = true;
    whenIdle(lookWhenIdle, DESCRIBE_WITHIN_MS);
  };

  return {
    number(element, now) {
      let its = known.get(element);
      const there = isConnected(element);
      // Of what is taken off the page nobody can tell any more where it was: what was known of it stays.
      if (isBlocked(element) || !(there || its)) return BLOCKED;
      const stamp = there ? stampOf(element) : (its?.stamp ?? null);
      if (!its || its.batch !== batch || (there && its.scrolls !== scrolls) || its.stamp !== stamp) {
        const rect = !there || its?.scrolls === scrolls ? (its?.rect ?? null) : null;
        its = { batch, number: used.length + 1, stamp, scrolls, raw: there ? null : (its?.raw ?? null), rect };
        known.set(element, its);
        used.push(its);
        places.observe(element);
        if (!now) waiting.push([element, its]);
        if (!now) ask();
      }
      if (now) look(element, its);
      return its.number;
    },
    scrolled() {
      scrolls++;
    },
    take() {
      lookAll();
      batch++;
      const taken = used.map(({ raw, rect }) => ({ ...(raw as RawElement), rect }));
      used = [];
      return taken;
    },
  };
}

/** Changes with most changes of what the element is called or shows. */
function stampOf(element: Element): string | null {
  const id = idOf(element);
  const child = firstChild(element);
  const text = child && nodeType(child) === Node.TEXT_NODE ? nodeValue(child) : null;
  return id ? id + text : text;
}
