/** One listener for each type of event in a tree, whoever asks for it: what the browser does to call one costs most. */
import { failed } from './guard.ts';
import { hear, now, rootOf, timeOf } from './natives.ts';
import type { Roots } from './roots.ts';

/** `at`: ms since the document began. `element`: as of `Roots.innermost`. */
type Handler<E extends Event = Event> = (event: E, at: number, element: Element | null) => unknown;
export type On = <E extends Event>(target: EventTarget, type: string, handler: Handler<E>) => void;

export interface Listeners {
  /** `handler` is never called for events that a script made, and what it throws is kept inside. */
  on: On;
  /** When the person last moved, pressed, typed or turned the wheel; the start of the page before that. */
  inputAt(): number;
  /** When a listener last heard an act: a press, a key or a turn of the wheel; 0 before that. */
  actedAt(): number;
}

const ACT = /^(pointerd|key|wheel)/;
const INPUT = /^(pointer[mu]|input)/;
/** So many a second that nobody asks for its element. */
const UNAIMED = 'pointermove';

/** `test`: also events that a script made. */
export function createListeners(roots: Roots, test: boolean): Listeners {
  const heard = new WeakMap<EventTarget, Record<string, Handler[]>>();
  let inputAt = now();
  let actedAt = 0;
  return {
    on(target, type, handler) {
      const types = heard.get(target) ?? {};
      heard.set(target, types);
      const there = types[type];
      if (there) {
        there.push(handler as Handler);
        return;
      }
      const handlers = [handler as Handler];
      types[type] = handlers;
      const act = ACT.test(type);
      const input = act || INPUT.test(type);
      const aimed = type !== UNAIMED;
      hear(target, type, (event) => {
        if (!event.isTrusted && !test) return;
        let at: number | undefined;
        let element: Element | null = null;
        for (let i = 0; i < handlers.length; i++) {
          // Who fails keeps no other from hearing.
          try {
            if (at === undefined) {
              if (aimed) element = roots.innermost(event);
              // What is shown in a slot passes its tree as well, but is heard where it lies.
              if (element && target !== window && rootOf(element) !== target) return;
              at = timeOf(event);
              if (input) inputAt = at;
              if (act) actedAt = at;
            }
            (handlers[i] as Handler)(event, at, element);
          } catch {
            failed();
          }
        }
      });
    },
    inputAt: () => inputAt,
    actedAt: () => actedAt,
  };
}
