/** Loads telemetry.late.js, whose captures can wait, when the page has loaded and is idle. */
import { LATE_WITHIN_MS } from '../shared/limits.ts';
import { guarded } from './guard.ts';
import { baseOf, now, on, prerendering, readyStateOf, whenIdle } from './natives.ts';
import type { Tracker } from './tracker.ts';

export function loadLate(tracker: Tracker): void {
  const { settings } = tracker;
  const load = () => {
    if (!settings.late || settings.consent === 'denied') return;
    // A module, unlike an element, needs no permission beyond the one that this script has.
    (import(new URL(settings.late, baseOf(document)).href) as Promise<typeof import('./late/main.ts')>)
      .then(({ captureLate }) => captureLate(tracker))
      .catch(() => tracker.note('capture_degraded', now(), 0, [0], { what: 'late' }));
  };
  const whenLoaded = () => whenIdle(() => guarded(load), LATE_WITHIN_MS);
  const begin = () => (readyStateOf(document) === 'complete' ? whenLoaded() : on(window, 'load', whenLoaded));
  if (prerendering(document)) on(document, 'prerenderingchange', begin);
  else begin();
}
