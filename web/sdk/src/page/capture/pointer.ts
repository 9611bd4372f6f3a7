/** The pointer's trail, at the rate of the device: a `pointermove` carries every sample since the last frame. */
import { POINTER_RATE_MAX_HZ, POINTER_THINNED_HZ } from '../../shared/limits.ts';
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
  /** Least ms between two kept samples; 0: all are. */
  let gap = 0;
  const rates = [null, ...POINTER_THINNED_HZ];
  const change = (to: number) => {
    if (to === step || to === rates.length) return;
    step = to;
    const rate = rates[step] ?? null;
    gap = rate ? 1000 / rate : 0;
    changed(rate);
  };
  return (at) => {
    if (at - windowAt >= 1000) {
      if (inWindow <= POINTER_RATE_MAX_HZ) change(0);
      windowAt = at;
      inWindow = 0;
    }
    if (++inWindow === POINTER_RATE_MAX_HZ + 1) change(step + 1);
    if (gap && at - keptAt < gap) return false;
    keptAt = at;
    return true;
  };
}

/** `blocked`: whether the pointer lies inside of a block. */
export function capturePointer(tracker: Tracker, blocked: (event: Event, at: number) => boolean): void {
  if (tracker.settings.anonymous) return;
  let sampleAt = 0;
  const keep = createThinner((rateHz) =>
    tracker.note('capture_degraded', sampleAt, 0, { what: 'pointer' }, rateHz ?? Number.NaN),
  );
  const take = (sample: PointerEvent, at: number) => {
    sampleAt = at;
    if (keep(at)) tracker.sample(at, sample);
  };
  tracker.on<PointerEvent>(window, 'pointermove', (event, at) => {
    if (blocked(event, at)) return;
    const samples = event.getCoalescedEvents?.();
    const count = samples?.length ?? 0;
    if (count < 2) return take(event, at);
    for (let n = 0; n < count; n++) {
      const sample = samples[n] as PointerEvent;
      take(sample, sample.timeStamp);
    }
  });
}
