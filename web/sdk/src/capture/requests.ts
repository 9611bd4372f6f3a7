/** AJAX calls: method, address, status, size, time from the call to the end of the body. Never bodies or headers. */
import { RESOURCE_TIMING_WAIT_MS } from '../limits.ts';
import type { Tracker } from '../tracker.ts';
import { scrubRequestUrl } from '../urls.ts';
import { clientNow } from '../wire.ts';

/** One call that is not told yet. */
interface Call {
  url: string;
  method: string;
  startedAt: number;
  status: number | null;
  bytes: number | null;
  endedAt: number;
  entry: PerformanceResourceTiming | null;
  told: boolean;
}

/** The absolute address, or null for what cannot be one. */
function absolute(address: unknown): string | null {
  try {
    return new URL(String(address), document.baseURI).href;
  } catch {
    return null;
  }
}

function sizeFrom(length: string | null | undefined): number | null {
  return length && /^\d+$/.test(length) ? Number(length) : null;
}

export function captureRequests(tracker: Tracker): void {
  const open = new Set<Call>();

  const begin = (method: string, address: unknown): Call | null => {
    const url = absolute(address);
    if (!url || url.startsWith(`${tracker.settings.endpoint}/`)) return null;
    const started = { url, method: method.toUpperCase(), startedAt: clientNow(), status: null, bytes: null };
    const call = { ...started, endedAt: 0, entry: null, told: false };
    open.add(call);
    return call;
  };
  const tell = (call: Call, initiator: string) => {
    if (call.told) return;
    call.told = true;
    open.delete(call);
    const { entry, status, method } = call;
    const endedAt = entry ? performance.timeOrigin + entry.responseEnd : call.endedAt;
    const request = {
      method: method.slice(0, 16),
      url: scrubRequestUrl(call.url),
      status: status ?? 0,
      duration_ms: Math.max(0, Math.round((endedAt - call.startedAt) * 1000) / 1000),
      initiator,
      bytes: call.bytes ?? entry?.encodedBodySize ?? null,
    };
    tracker.track('request', endedAt, { request });
  };
  const end = (call: Call, status: number, bytes: number | null) =>
    Object.assign(call, { status, bytes, endedAt: clientNow() });

  wrapFetch(begin, (call, response) => {
    end(call, response?.status ?? 0, sizeFrom(response?.headers.get('content-length')));
    if (call.entry || !response) tell(call, 'fetch');
    else setTimeout(() => tell(call, 'fetch'), RESOURCE_TIMING_WAIT_MS);
  });
  wrapXhr(begin, (call, xhr) => {
    end(call, xhr.status, sizeFrom(xhr.status ? xhr.getResponseHeader('content-length') : null));
    tell(call, 'xhr');
  });
  observeResources((entry) => {
    const at = performance.timeOrigin + entry.startTime;
    for (const call of open) {
      if (call.entry || call.url !== entry.name || at < call.startedAt - 1) continue;
      call.entry = entry;
      if (call.status !== null) tell(call, 'fetch');
      return;
    }
  });
  tracker.atEnd(() => {
    for (const call of open) if (call.status !== null) tell(call, 'fetch');
  });
}

type Begin = (method: string, address: unknown) => Call | null;

function wrapFetch(begin: Begin, end: (call: Call, response: Response | null) => void): void {
  const original = window.fetch;
  if (!original) return;
  window.fetch = function (this: unknown, ...parameters: Parameters<typeof fetch>): Promise<Response> {
    const [input, init] = parameters;
    const request = input instanceof Request ? input : null;
    const call = begin(init?.method ?? request?.method ?? 'GET', request?.url ?? input);
    const answer = original.apply(this as Window, parameters);
    if (call)
      answer.then(
        (response) => end(call, response),
        () => end(call, null),
      );
    return answer;
  };
}

function wrapXhr(begin: Begin, end: (call: Call, xhr: XMLHttpRequest) => void): void {
  const { open, send } = XMLHttpRequest.prototype;
  const opened = new WeakMap<XMLHttpRequest, [method: string, address: string | URL]>();
  XMLHttpRequest.prototype.open = function (this: XMLHttpRequest, ...parameters: unknown[]) {
    opened.set(this, [String(parameters[0]), parameters[1] as string]);
    return open.apply(this, parameters as Parameters<typeof open>);
  } as typeof open;
  XMLHttpRequest.prototype.send = function (body) {
    const [method, address] = opened.get(this) ?? [];
    const call = method ? begin(method, address) : null;
    if (call) this.addEventListener('loadend', () => end(call, this), { once: true });
    return send.call(this, body);
  };
}

function observeResources(seen: (entry: PerformanceResourceTiming) => void): void {
  try {
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as PerformanceResourceTiming[])
        if (entry.initiatorType === 'fetch') seen(entry);
    }).observe({ type: 'resource' });
  } catch {
    // Without it, durations end at the headers and sizes come from them.
  }
}
