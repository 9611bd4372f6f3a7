/** AJAX calls: method, address, status, size, time from the call to the end of the body. Never bodies or headers. */
import { roundMicros } from '../../shared/batch.ts';
import { RESOURCE_TIMING_WAIT_MS } from '../../shared/limits.ts';
import { guarded } from '../guard.ts';
import { later, now } from '../natives.ts';
import type { Tracker } from '../tracker.ts';

/** Takes the answer of a call: its status (0: none), and its length where a header says it. */
type End = (status: number, length: string | null) => void;

export function captureRequests(tracker: Tracker): void {
  /** Answered calls that wait for their resource timing entry. */
  const answered = new Set<() => void>();
  tracker.atEnd(() => {
    for (const tell of answered) tell();
  });

  /** Null for the SDK's own calls, and for what is no address. */
  const begin = (method: string, address: string | URL, initiator: string): End | undefined => {
    const startedAt = now();
    let url: string;
    try {
      url = new URL(address, document.baseURI).href;
    } catch {
      return;
    }
    if (url.startsWith(tracker.settings.ingest)) return;
    return (status, length) => {
      const answeredAt = now();
      const tell = () => {
        if (!answered.delete(tell)) return;
        // A fetch is answered before its body has come; the browser's own timing knows its end.
        const entry = (performance.getEntriesByName(url) as PerformanceResourceTiming[]).find(
          ({ startTime }) => startTime >= startedAt - 1,
        );
        const at = entry ? entry.responseEnd : answeredAt;
        const duration_ms = Math.max(0, roundMicros(at - startedAt));
        const bytes = length ? Number(length) : (entry?.encodedBodySize ?? null);
        tracker.note('request', at, 0, [], { method, url, status, duration_ms, initiator, bytes });
      };
      answered.add(tell);
      if (status && initiator === 'fetch') later(() => guarded(tell), RESOURCE_TIMING_WAIT_MS);
      else tell();
    };
  };
  wrapFetch(begin);
  wrapXhr(begin);
}

type Begin = (method: string, address: string | URL, initiator: string) => End | undefined;

function wrapFetch(begin: Begin): void {
  const original = window.fetch;
  window.fetch = function (this: Window, input, init) {
    const { method, url } = input instanceof Request ? input : { method: 'GET', url: input };
    const end = begin((init?.method ?? method).toUpperCase(), url, 'fetch');
    const answer = original.call(this, input, init);
    if (end)
      answer.then(
        ({ status, headers }) => end(status, headers.get('content-length')),
        () => end(0, null),
      );
    return answer;
  };
}

function wrapXhr(begin: Begin): void {
  const { open, send } = XMLHttpRequest.prototype;
  const opened = new WeakMap<XMLHttpRequest, [method: string, address: string | URL]>();
  XMLHttpRequest.prototype.open = function (this: XMLHttpRequest, ...parameters: unknown[]) {
    opened.set(this, [String(parameters[0]).toUpperCase(), String(parameters[1])]);
    return open.apply(this, parameters as Parameters<typeof open>);
  } as typeof open;
  XMLHttpRequest.prototype.send = function (...parameters) {
    const call = opened.get(this);
    const end = call && begin(...call, 'xhr');
    if (end)
      this.addEventListener('loadend', () => {
        end(this.status, this.status ? this.getResponseHeader('content-length') : null);
      });
    return send.apply(this, parameters as Parameters<typeof send>);
  };
}
