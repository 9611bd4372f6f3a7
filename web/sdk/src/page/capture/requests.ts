/** AJAX calls: method, address, status, size, time from the call to the end of the body. Never bodies or headers. */
import { roundMicros } from '../../shared/batch.ts';
import { CALLS_WAITING_MAX } from '../../shared/limits.ts';
import { baseOf, now, observeTimings } from '../natives.ts';
import { takeOut } from '../take_out.ts';
import type { Tracker } from '../tracker.ts';
import type { Call, Calls } from './calls.ts';
import { wrapFetch } from './fetch.ts';
import { wrapXhr } from './xhr.ts';

export function captureRequests(tracker: Tracker): void {
  /** Without its hash; '' when it is none. */
  const absolute = (address: string) => {
    try {
      return new URL(address, baseOf(document)).href.replace(/#.*/, '');
    } catch {
      return '';
    }
  };
  const own = absolute(tracker.setup.ingest);
  /** In the order of their start. */
  const calls: Call[] = [];

  /** Undefined: it is none of them. */
  const forget = (call: Call) => takeOut(calls, calls.indexOf(call));

  const tell = (call: Call) => {
    const { method, url, initiator, startedAt, status, length, browserTiming: timing } = call;
    if (!forget(call) || !call.answered || !url) return;
    // Without it the body has not ended yet.
    const at = timing?.responseEnd ?? now();
    // Of what other origins send the browser may hide the size, and of what was broken off it tells none.
    const head = length ? Number(length) : null;
    const bytes = timing?.requestStart ? timing.encodedBodySize || (head === 0 ? 0 : null) : head;
    const duration_ms = Math.max(0, roundMicros(at - startedAt));
    tracker.note('request', at, 0, { method, url, status, duration_ms, initiator, bytes });
  };
  /** Of calls to the same address: the last one that began before the browser did. */
  const ended = (timing: PerformanceResourceTiming) => {
    let found: Call | undefined;
    for (const call of calls)
      if (!call.browserTiming && call.startedAt <= timing.startTime && call.url === timing.name.replace(/#.*/, ''))
        found = call;
    if (!found) return;
    found.browserTiming = timing;
    if (found.answered) tell(found);
  };
  // Hears of each, also when the page's own buffer of timings is full.
  observeTimings((list) => {
    if (calls.length)
      for (const timing of list.getEntries())
        if (/^(fetch|xml)/.test((timing as PerformanceResourceTiming).initiatorType))
          ended(timing as PerformanceResourceTiming);
  })?.observe({ type: 'resource' });
  tracker.atEnd(() => [...calls].forEach(tell));

  const told: Calls = {
    begin(method, address, initiator) {
      const url = address && absolute(address);
      const place = url.replace(/\?.*/, '');
      if (place === own || (address && !url)) return;
      const call = {
        method: method?.toUpperCase() ?? null,
        url,
        initiator,
        startedAt: now(),
        answered: false,
        status: 0,
        length: null,
      };
      if (calls.length >= CALLS_WAITING_MAX) tell(calls[0] as Call);
      calls.push(call);
      tracker.effects.saw('request', place);
      return call;
    },
    answered(call, status, length, inTransit) {
      call.answered = true;
      call.status = status;
      call.length = call.method === 'HEAD' || /^(204|205|304)$/.test(`${status}`) ? '0' : length;
      if (call.browserTiming || !inTransit || !/^http/.test(call.url)) tell(call);
    },
    forget,
  };
  wrapFetch(told);
  wrapXhr(told);
}
