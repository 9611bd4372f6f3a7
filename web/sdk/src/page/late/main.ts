/**
 * Entry of telemetry.late.js, which the page's part loads when the page has loaded and is idle: what the browser keeps until
 * somebody asks, and what seldom happens in the first second.
 */
import { guarded, onFailure } from '../guard.ts';
import { now } from '../natives.ts';
import type { Tracker } from '../tracker.ts';
import { captureComposition } from './composition.ts';
import { captureFrames } from './frames.ts';
import { captureGestures } from './gestures.ts';
import { captureMedia } from './media.ts';
import { captureResources } from './resources.ts';
import { captureToggles } from './toggles.ts';
import { captureVitals } from './vitals.ts';

export function captureLate(tracker: Tracker): void {
  onFailure(() => tracker.note('capture_degraded', now(), 0, [], { what: 'sdk_error' }));
  const modules = [
    captureVitals,
    captureResources,
    captureFrames,
    captureGestures,
    captureComposition,
    captureMedia,
    captureToggles,
  ];
  for (const capture of modules) guarded(() => capture(tracker));
}
