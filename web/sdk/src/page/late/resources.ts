/** Requests that no call of the page made: images, scripts, beacons. Their kind and time only. */
import { roundMicros } from '../../shared/batch.ts';
import { RESOURCES_PER_PAGE_VIEW_MAX } from '../../shared/limits.ts';
import { baseOf } from '../natives.ts';
import type { Tracker } from '../tracker.ts';
import { observe } from './observe.ts';
import { perPageView } from './page_view.ts';

/** Told where the call is made. */
const CALLS = /^(fetch|xmlhttprequest)$/;

/** Of the site itself: its host, or one below it. */
function isFirstParty(address: string): boolean {
  const site = location.hostname.replace(/^www\./, '');
  const host = new URL(address).hostname;
  return host === site || host.endsWith(`.${site}`);
}

export function captureResources(tracker: Tracker): void {
  const { data, ingest, worker, hooks, late } = tracker.setup;
  const resources = data.ctResources ?? 'first-party';
  if (resources === 'none') return;
  // The SDK's own: beacons, the worker, and what lies beside this file.
  const own = [ingest, worker, hooks || ingest, late, late.replace('.late', ''), late.replace('.late', '.replay')].map(
    (address) => new URL(address, baseOf(document)).href,
  );
  const sofar = perPageView(tracker, () => ({ count: 0 }));
  observe<PerformanceResourceTiming>('resource', ({ name, initiatorType, startTime, responseEnd }) => {
    if (CALLS.test(initiatorType) || own.some((address) => name.startsWith(address))) return;
    if (resources !== 'all' && !isFirstParty(name)) return;
    const count = sofar().count++;
    if (count === RESOURCES_PER_PAGE_VIEW_MAX) tracker.note('capture_degraded', startTime, 0, { what: 'resources' }, 0);
    if (count >= RESOURCES_PER_PAGE_VIEW_MAX) return;
    const duration_ms = Math.max(0, roundMicros(responseEnd - startTime));
    const request = { method: null, url: name, status: null, duration_ms, initiator: initiatorType, bytes: null };
    tracker.note('request', responseEnd, 0, request);
  });
}
