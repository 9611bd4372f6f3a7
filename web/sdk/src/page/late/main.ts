/**
 * Entry of telemetry.late.js, which the page's part loads beside itself: the tools that need no first moment, what the browser
 * keeps until somebody asks, and what seldom happens in the first second. What it imports from the page's part is that part's
 * own (`handed.ts`).
 */
import { allowQuery } from '../../shared/urls.ts';
import { guarded } from '../guard.ts';
import { whenIdle } from '../natives.ts';
import { bring } from '../tools.ts';
import type { Tracker } from '../tracker.ts';
import { captureClipboard } from './clipboard.ts';
import { captureComposition } from './composition.ts';
import { captureEffects } from './effects.ts';
import { captureFrames } from './frames.ts';
import { captureFreezing } from './freezing.ts';
import { captureGestures } from './gestures.ts';
import { captureHeartbeats } from './heartbeats.ts';
import { captureMedia } from './media.ts';
import { watchPasswords } from './passwords.ts';
import { rehearse } from './rehearse.ts';
import { captureReplay } from './replay.ts';
import { captureResize } from './resize.ts';
import { captureResources } from './resources.ts';
import { captureToggles } from './toggles.ts';
import { TOOLS } from './tools.ts';
import { captureVitals } from './vitals.ts';

/** Within this time the captures begin, in an idle moment. */
const BEGIN_WITHIN_MS = 500;

export function captureLate(tracker: Tracker): void {
  allowQuery(tracker.settings.data.ctAllowQuery ?? '');
  bring(TOOLS);
  const begin = [watchPasswords, captureEffects, captureClipboard, captureResize, captureHeartbeats];
  const wait = [
    captureVitals,
    captureResources,
    captureFrames,
    captureFreezing,
    captureGestures,
    captureComposition,
    captureMedia,
    captureToggles,
    captureReplay,
  ];
  for (const capture of begin) guarded(() => capture(tracker));
  whenIdle(() => {
    for (const capture of wait) guarded(() => capture(tracker));
    whenIdle(() => rehearse(tracker), BEGIN_WITHIN_MS);
  }, BEGIN_WITHIN_MS);
}
