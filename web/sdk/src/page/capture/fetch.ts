/** Calls by `fetch`. What the page gets is what it got before, unless it is a promise as the platform makes it. */
import { apply, around } from '../around.ts';
import { guarded, quietly } from '../guard.ts';
import { getOwnPropertyDescriptor, getPrototypeOf, getter, hasOwn, kind, original } from '../natives.ts';
import { addressOf, methodOf } from './arguments.ts';
import type { Call, Calls } from './calls.ts';

type Then = Promise<unknown>['then'];

const platform = getPrototypeOf((async () => {})()) as Promise<unknown>;
const then = original<Then>(platform, 'then');

/**
 * `then` of a promise of the platform's or zone.js', on which nothing is hung: what follows on it is as good as the promise
 * itself, and an error that nobody handles stays one. Another's promise may be looked at and has an identity of its own.
 */
function thenOf(answer: object): Then | undefined {
  const prototype = getPrototypeOf(answer);
  if (prototype === platform && !Reflect.ownKeys(answer).length) return then;
  return prototype === Promise.prototype && '__zone_symbol__state' in answer ? prototype.then : undefined;
}

// Each throws of what is none, also of another realm, and asks nothing of the page's: other than `instanceof`.
const requests = kind('Request');
const urlOf = getter<string>(requests, 'url');
const requestMethod = getter<string>(requests, 'method');
const statusOf = getter<number>(kind('Response'), 'status');
const methodOfRequest = (given: unknown) => quietly(() => requestMethod(given as object));

/** What the second argument says of the method: undefined for nothing, null where the page's own code would have to be asked. */
function methodIn(init: unknown): string | null | undefined {
  if (init == null) return undefined;
  const its = methodOfRequest(init);
  if (its) return its;
  const own = getOwnPropertyDescriptor(init as object, 'method');
  if (!own) return getPrototypeOf(init) === Object.prototype ? undefined : null;
  return !hasOwn(own, 'value') ? null : own.value === undefined ? undefined : methodOf(own.value);
}

export function wrapFetch(calls: Calls): void {
  /** A page may answer two calls with one promise: then what follows on it is one as well. */
  const followed = new WeakMap<object, unknown>();
  const begin = (input: unknown, init: unknown) => {
    const given = methodIn(init);
    const method = given === undefined ? (methodOfRequest(input) ?? 'GET') : given;
    return calls.begin(method, quietly(() => urlOf(input as object)) ?? addressOf(input), 'fetch');
  };
  const settle = (call: Call, response: object) => {
    const status = quietly(() => statusOf(response));
    if (status === undefined) return calls.forget(call);
    const { url, type, headers } = response as Response;
    call.url ||= url;
    calls.answered(call, status, headers.get('content-length'), !!url || type.startsWith('opaque'));
  };
  /** What the page gets instead, if it may get another. */
  const follow = (call: Call | undefined, answer: object): unknown => {
    const known = followed.get(answer);
    const then = !known && call && thenOf(answer);
    // What is no call any more, or what nobody may look into.
    if (call && !then) calls.forget(call);
    if (!call || !then) return known;
    const next = apply(then, answer, [
      (response: object) => {
        guarded(() => settle(call, response));
        return response;
      },
      (reason: unknown) => {
        guarded(() => calls.answered(call, 0, null, false));
        throw reason;
      },
    ]);
    followed.set(answer, next);
    return next;
  };
  around(window, 'fetch', (run, _, values) => {
    const call = guarded(() => begin(values[0], values[1]));
    let answer: unknown;
    try {
      answer = run();
    } catch (error) {
      if (call) guarded(() => calls.forget(call));
      throw error;
    }
    return guarded(() => follow(call, Object(answer))) ?? answer;
  });
}
