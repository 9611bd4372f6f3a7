/** Calls by `XMLHttpRequest`, whose object may be used again, and again before it has ended. */
import { around } from '../around.ts';
import { guarded } from '../guard.ts';
import { getter, method, on } from '../natives.ts';
import { addressOf, methodOf } from './arguments.ts';
import type { Call, Calls } from './calls.ts';

const DONE = 4;

interface Opened {
  method: string | null;
  address: string;
  /** With whom's name: the browser's own timing has it in its address. */
  by: unknown;
  /** Sent, and not told yet. */
  call?: Call;
}

export function wrapXhr(calls: Calls): void {
  const { prototype } = XMLHttpRequest;
  const statusOf = getter<number>(prototype, 'status');
  const stateOf = getter<number>(prototype, 'readyState');
  const urlOf = getter<string>(prototype, 'responseURL');
  const headerOf = method(prototype.getResponseHeader);
  const opened = new WeakMap<object, Opened>();

  const finish = (xhr: object, status: number) => {
    const its = opened.get(xhr) as Opened;
    const call = its?.call;
    if (!call) return;
    its.call = undefined;
    call.url ||= urlOf(xhr);
    calls.answered(call, status, status ? headerOf(xhr, 'content-length') : null, !!status && !its.by);
  };
  around(prototype, 'open', (run, xhr, values) => {
    // Opening it again ends what was under way, without any event.
    const status = guarded(() => opened.get(xhr)?.call && statusOf(xhr)) as number;
    const result = run();
    guarded(() => {
      finish(xhr, status);
      if (!opened.has(xhr))
        on(xhr as EventTarget, 'loadend', () => {
          if (stateOf(xhr) === DONE) finish(xhr, statusOf(xhr));
        });
      opened.set(xhr, { method: methodOf(values[0]), address: addressOf(values[1]), by: values[3] });
    });
    return result;
  });
  around(prototype, 'send', (run, xhr) => {
    const its = guarded(() => opened.get(xhr));
    const call = guarded(() => (its && !its.call ? calls.begin(its.method, its.address, 'xhr') : undefined));
    if (its && call) its.call = call;
    try {
      return run();
    } catch (error) {
      // A synchronous call that fails throws, and has no event.
      if (its && call) {
        its.call = undefined;
        guarded(() =>
          (error as Error).name === 'InvalidStateError' ? calls.forget(call) : calls.answered(call, 0, null, false),
        );
      }
      throw error;
    }
  });
}
