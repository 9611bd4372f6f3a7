/** Loads telemetry.late.js, beside the page and not before it. */
import { guarded } from './guard.ts';
import { handed } from './handed.ts';
import { baseOf, later, now, on, prerendering } from './natives.ts';
import { bring } from './tools.ts';
import type { Tracker } from './tracker.ts';

/** What the file exports, for what `handed` holds. */
type Late = (handed: unknown[]) => typeof import('./late/main.ts').captureLate;

export function loadLate(tracker: Tracker): void {
  const { setup } = tracker;
  // Nothing but what the language itself does with a promise: the page may have replaced its methods.
  const load = async () => {
    try {
      if (setup.consent === 'denied' || !setup.late) return bring();
      // A module, unlike an element, needs no permission beyond the one that this script has.
      const { default: late }: { default: Late } = await import(new URL(setup.late, baseOf(document)).href);
      late(handed)(tracker);
    } catch {
      guarded(bring);
      guarded(() => tracker.note('capture_degraded', now(), 0, { what: 'late' }, 0));
    }
  };
  if (prerendering(document)) on(document, 'prerenderingchange', load);
  // In a task of its own: a browser that is inspected notes who asks for a file, and reads all of this one again for each function there.
  else later(load, 0);
}
