/** The pointer's trail, at the rate of the device: a `pointermove` carries every sample since the last frame. */
import { POINTER_RATE_MAX_HZ, POINTER_THINNED_HZ } from '../../shared/limits.ts';
import { targetOf } from '../natives.ts';
import { isBlocked } from '../privacy.ts';
import type { Tracker } from '../tracker.ts';
import { pointerType } from './clicks.ts';

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
  const keep = createThinner((rateHz) =>
    tracker.note('capture_degraded', sampleAt, 0, [rateHz ?? Number.NaN], { what: 'pointer' }),
  );
  const blocked = createBlockedMemo(tracker);
  const take = ({ timeStamp, clientX, clientY }: PointerEvent, type: number) => {
    sampleAt = timeStamp;
    if (keep(timeStamp)) tracker.sample(timeStamp, clientX, clientY, type);
  };
  tracker.on<PointerEvent>(window, 'pointermove', (event) => {
    if (blocked(event)) return;
    const type = pointerType(event);
    const coalesced = event.getCoalescedEvents?.();
    if (coalesced && coalesced.length > 1) for (const sample of coalesced) take(sample, type);
    else take(event, type);
  });
}

/** Whether the pointer is inside of a block; asked anew when its target is another, and now and then. */
function createBlockedMemo(tracker: Tracker): (event: PointerEvent) => boolean {
  const AGAIN_MS = 250;
  let last = new WeakRef<object>({});
  let answer = false;
  let askedAt = 0;
  return (event) => {
    const outer = targetOf(event);
    if (!outer) return true;
    if (outer === last.deref() && event.timeStamp - askedAt < AGAIN_MS) return answer;
    const target = tracker.roots.target(event);
    answer = !!target && isBlocked(target);
    askedAt = event.timeStamp;
    // What hosts a tree is no answer for what lies in it.
    if (target === outer) last = new WeakRef(outer);
    return answer;
  };
}
