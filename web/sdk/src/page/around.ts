/** Puts ours around a function of the page's. Its name, length, properties and errors stay: nothing of it tells. */
import { guarded } from './guard.ts';

type Method = (...values: never[]) => unknown;
/** Calls `run` exactly once, and returns or throws what it does. */
type Around = (run: () => unknown, self: object, values: unknown[]) => unknown;

const { apply } = Reflect;
const { getPrototypeOf, hasOwn } = Object;

/** Where `object` has it from. Nothing happens where there is no such function, or where the page has locked it. */
export function around(object: object, name: string, ours: Around): void {
  guarded(() => {
    let holder = object;
    while (holder && !hasOwn(holder, name)) holder = getPrototypeOf(holder);
    const functions = holder as Record<string, Method>;
    const theirs = functions?.[name];
    if (theirs)
      functions[name] = new Proxy(theirs, {
        apply: (_, self, values) => ours(() => apply(theirs, self, values), self, values),
      });
  });
}
