/** The pointer's trail, at the rate of the device: a `pointermove` carries every sample since the last frame. */
import { POINTER_RATE_MAX_HZ, POINTER_THINNED_HZ } from '../limits.ts';
import { isBlocked } from '../masking.ts';
import type { Tracker } from '../tracker.ts';

/**
 * Decides for the sample at `at` (ms) whether to keep it: all, or 60 and then 20 a second while the device sends
 * more than 250. Tells a change of the rate before it counts; null is all.
 */
export function createThinner(changed: (rateHz: number | null) => void): (at: number) => boolean {
  let step = 0;
  let windowAt = 0;
  let inWindow = 0;
  let keptAt = 0;
  const rates = [null, ...POINTER_THINNED_HZ];
  const change = (to: number) => {
    if (to === step || to === rates.length) return;
    step = to;
    changed(rates[step] ?? null);
  };
  return (at) => {
    if (at - windowAt >= 1000) {
      if (inWindow <= POINTER_RATE_MAX_HZ) change(0);
      windowAt = at;
      inWindow = 0;
    }
    if (++inWindow === POINTER_RATE_MAX_HZ + 1) change(step + 1);
    const rateHz = rates[step];
    if (rateHz && at - keptAt < 1000 / rateHz) return false;
    keptAt = at;
    return true;
  };
}

export function capturePointer(tracker: Tracker): void {
  if (tracker.settings.anonymous) return;
  let sampleAt = 0;
  const keep = createThinner((rate_hz) =>
    tracker.track('capture_degraded', sampleAt, { degraded: { what: 'pointer', rate_hz } }),
  );
  tracker.on<PointerEvent>(window, 'pointermove', (event) => {
    if (event.target instanceof Element && isBlocked(event.target)) return;
    const coalesced = event.getCoalescedEvents?.() ?? [];
    for (const { timeStamp, clientX, clientY } of coalesced.length ? coalesced : [event]) {
      sampleAt = performance.timeOrigin + timeStamp;
      if (keep(sampleAt)) tracker.sample(sampleAt, clientX, clientY);
    }
  });
}
