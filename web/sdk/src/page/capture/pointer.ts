/** The pointer's trail, at the rate of the device: a `pointermove` carries every sample since the last frame. */
import { POINTER_RATE_MAX_HZ, POINTER_THINNED_HZ } from '../../shared/limits.ts';
import type { Tracker } from '../tracker.ts';

/**
 * Decides for the sample at `at` (ms) whether to keep it: all, or 60 and then 20 a second while the device sends
 * more than 250. Tells a change of the rate before it counts; NaN is all.
 */
export function createThinner(changed: (rateHz: number) => void): (at: number) => boolean {
  const rates = [Number.NaN, ...POINTER_THINNED_HZ];
  let step = 0;
  let windowAt = 0;
  let inWindow = 0;
  let keptAt = 0;
  /** Least ms between two kept samples; NaN: all are. */
  let gap = Number.NaN;
  const change = (to: number) => {
    const rate = rates[to];
    if (to === step || rate === undefined) return;
    step = to;
    gap = 1000 / rate;
    changed(rate);
  };
  return (at) => {
    if (at - windowAt >= 1000) {
      if (inWindow <= POINTER_RATE_MAX_HZ) change(0);
      windowAt = at;
      inWindow = 0;
    }
    if (++inWindow === POINTER_RATE_MAX_HZ + 1) change(step + 1);
    if (at - keptAt < gap) return false;
    keptAt = at;
    return true;
  };
}

/** `blocked`: whether the pointer lies inside of a block. */
export function capturePointer(tracker: Tracker, blocked: (event: PointerEvent, at: number) => boolean): void {
  if (tracker.setup.anonymous) return;
  let sampleAt = 0;
  const keep = createThinner((rateHz) => tracker.note('capture_degraded', sampleAt, 0, { what: 'pointer' }, rateHz));
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
