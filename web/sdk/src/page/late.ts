/** Loads telemetry.late.js, beside the page and not before it. */
import { baseOf, now, on, prerendering } from './natives.ts';
import { bring } from './tools.ts';
import type { Tracker } from './tracker.ts';

export function loadLate(tracker: Tracker): void {
  const { settings } = tracker;
  const failed = () => {
    bring();
    tracker.note('capture_degraded', now(), 0, [0], { what: 'late' });
  };
  const load = () => {
    if (settings.consent === 'denied') return;
    if (!settings.late) return bring();
    // A module, unlike an element, needs no permission beyond the one that this script has.
    (import(new URL(settings.late, baseOf(document)).href) as Promise<typeof import('./late/main.ts')>)
      .then(({ captureLate }) => captureLate(tracker, bring))
      .catch(failed);
  };
  if (prerendering(document)) on(document, 'prerenderingchange', load);
  else load();
}
