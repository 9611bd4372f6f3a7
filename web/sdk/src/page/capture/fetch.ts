/** Calls by `fetch`. What the page gets is what it got before, unless it is a promise as the platform makes it. */
import { around } from '../around.ts';
import { guarded } from '../guard.ts';
import { getter, method, original } from '../natives.ts';
import { addressOf, methodOf } from './arguments.ts';
import type { Calls } from './calls.ts';

type Then = Promise<unknown>['then'];

const platform = original<PromiseConstructor>(window, 'Promise').prototype;
const then = original<Then>(platform, 'then');

/**
 * `then` of a promise of the platform's or zone.js', on which nothing is hung: what follows on it is as good as the promise
 * itself, and an error that nobody handles stays one. Another's promise may be looked at and has an identity of its own.
 */
function thenOf(answer: object): Then | undefined {
  const prototype = Object.getPrototypeOf(answer);
  if (prototype === platform && !Reflect.ownKeys(answer).length) return then;
  return prototype === Promise.prototype && '__zone_symbol__state' in answer ? prototype.then : undefined;
}

const headerOf = method(Headers.prototype.get);
const urlOf = getter<string>(Request.prototype, 'url');
const requestMethod = getter<string>(Request.prototype, 'method');

/** What the second argument says of the method: undefined for nothing, null where the page's own code would have to be asked. */
function methodIn(init: unknown): string | null | undefined {
  if (init === undefined || init === null) return undefined;
  if (init instanceof Request) return requestMethod(init);
  const own = Object.getOwnPropertyDescriptor(init, 'method');
  if (!own) return Object.getPrototypeOf(init) === Object.prototype ? undefined : null;
  return own.get || own.set ? null : own.value === undefined ? undefined : methodOf(own.value);
}

export function wrapFetch(calls: Calls): void {
  /** A page may answer two calls with one promise: then what follows on it is one as well. */
  const followed = new WeakMap<object, unknown>();
  around(window, 'fetch', (run, _, [input, init]) => {
    const call = guarded(() => {
      const request = input instanceof Request;
      const given = methodIn(init);
      const method = given === undefined ? (request ? requestMethod(input) : 'GET') : given;
      return calls.begin(method, request ? urlOf(input) : addressOf(input), 'fetch');
    });
    let answer: unknown;
    let follow: Then | undefined;
    try {
      answer = run();
      follow = call && guarded(() => (followed.has(Object(answer)) ? undefined : thenOf(Object(answer))));
    } finally {
      // What is no call any more, or what nobody may look into.
      if (call && !follow) calls.forget(call);
    }
    if (!call || !follow) return followed.get(Object(answer)) ?? answer;
    const next = Reflect.apply(follow, answer, [
      (response: unknown) => {
        guarded(() => {
          if (!(response instanceof Response)) return calls.forget(call);
          const { status, url, type, headers } = response;
          call.url ||= url;
          calls.answered(call, status, headerOf(headers, 'content-length'), !!url || type.startsWith('opaque'));
        });
        return response;
      },
      (reason: unknown) => {
        guarded(() => calls.answered(call, 0, null, false));
        throw reason;
      },
    ]);
    followed.set(answer as object, next);
    return next;
  });
}
