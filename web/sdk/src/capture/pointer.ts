/** The pointer's trail, at the rate of the device: a `pointermove` carries every sample since the last frame. */
import { POINTER_RATE_MAX_HZ, POINTER_THINNED_HZ } from '../limits.ts';
import { isBlocked } from '../masking.ts';
import type { Tracker } from '../tracker.ts';

/** Decides which samples to keep: all, or 60 and then 20 a second while the device sends more than 250. */
export class Thinner {
  /** Kept samples a second; null: all. */
  rateHz: number | null = null;
  private windowAt = Number.NEGATIVE_INFINITY;
  private inWindow = 0;
  private keptAt = Number.NEGATIVE_INFINITY;
  private step = -1;

  /** Whether to keep the sample at `at` (ms). Calls `changed` when the rate changes. */
  keep(at: number, changed: () => void): boolean {
    if (at - this.windowAt >= 1000) {
      if (this.step >= 0 && this.inWindow <= POINTER_RATE_MAX_HZ) this.change(-1, changed);
      this.windowAt = at;
      this.inWindow = 0;
    }
    if (++this.inWindow === POINTER_RATE_MAX_HZ + 1) this.change(Math.min(this.step + 1, 1), changed);
    if (this.rateHz && at - this.keptAt < 1000 / this.rateHz) return false;
    this.keptAt = at;
    return true;
  }

  private change(step: number, changed: () => void): void {
    if (step === this.step) return;
    this.step = step;
    this.rateHz = POINTER_THINNED_HZ[step] ?? null;
    changed();
  }
}

export function capturePointer(tracker: Tracker): void {
  if (tracker.settings.anonymous) return;
  const thinner = new Thinner();
  tracker.on<PointerEvent>(window, 'pointermove', (event, at) => {
    if (event.target instanceof Element && isBlocked(event.target)) return;
    const coalesced = event.getCoalescedEvents?.() ?? [];
    for (const { timeStamp, clientX, clientY } of coalesced.length ? coalesced : [event]) {
      const sampleAt = performance.timeOrigin + timeStamp;
      const keep = thinner.keep(sampleAt, () =>
        tracker.track('capture_degraded', sampleAt, { degraded: { what: 'pointer', rate_hz: thinner.rateHz } }),
      );
      if (keep) tracker.sample(sampleAt, clientX, clientY);
    }
  });
}
