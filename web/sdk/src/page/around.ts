/** Puts ours around a function of the page's. Its name, length, properties and errors stay: nothing of it tells. */
import { guarded } from './guard.ts';
import { holderOf, method } from './natives.ts';

type Method = (...values: never[]) => unknown;
/** Calls `run` exactly once, and returns or throws what it does. Lists may not be walked on every page. */
type Around = (run: () => unknown, self: object, values: unknown[]) => unknown;

const Wrapper = Proxy;
export const apply = method(Function.prototype.apply as (this: never, self: unknown, values: unknown) => unknown);

/** Where `object` has it from. Nothing happens where there is no such function, or where the page has locked it. */
export function around(object: object, name: string, ours: Around): void {
  guarded(() => {
    const functions = holderOf(object, name) as Record<string, Method>;
    const theirs = functions[name];
    if (!theirs) return;
    // A page may give all objects a `get` or a `has`.
    const handler: ProxyHandler<Method> & { __proto__: null } = {
      __proto__: null,
      apply: (_, self, values) => ours(() => apply(theirs, self, values), self, values),
    };
    const wrapped = new Wrapper(theirs, handler);
    // What a page calls `Proxy` makes anything.
    if (typeof wrapped === 'function') functions[name] = wrapped;
  });
}
