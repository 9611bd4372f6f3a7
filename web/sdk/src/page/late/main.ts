/**
 * Entry of telemetry.late.js, which the page's part loads beside itself: the tools that need no first moment, what the browser
 * keeps until somebody asks, and what seldom happens in the first second. What it imports from the page's part is that part's
 * own (`handed.ts`).
 */
import { allowQuery } from '../../shared/urls.ts';
import { bring } from '../common.ts';
import { guarded } from '../guard.ts';
import { whenIdle } from '../natives.ts';
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
import { outliveReopening } from './reopening.ts';
import { captureReplay } from './replay.ts';
import { captureResize } from './resize.ts';
import { captureResources } from './resources.ts';
import { hideTails } from './tail_signs.ts';
import { captureToggles } from './toggles.ts';
import { TOOLS } from './tools.ts';
import { captureVitals } from './vitals.ts';

/** Within this time the next of the captures that can wait begins, in an idle moment; after one that was none at once. */
const BEGIN_WITHIN_MS = 500;
/** What an idle moment must have left for one more of them. */
const BEGIN_MS = 10;

export function captureLate(tracker: Tracker): void {
  allowQuery(tracker.setup.data.ctAllowQuery ?? '');
  bring(TOOLS);
  const begin = [
    watchPasswords,
    captureEffects,
    captureClipboard,
    captureResize,
    captureHeartbeats,
    outliveReopening,
    hideTails,
  ];
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
    rehearse,
  ];
  for (const capture of begin) guarded(() => capture(tracker));
  const goOn = (deadline?: IdleDeadline) => {
    do {
      const capture = wait.shift();
      guarded(() => capture?.(tracker));
    } while (wait.length && deadline && deadline.timeRemaining() > BEGIN_MS);
    if (wait.length) whenIdle(goOn, deadline?.didTimeout ? 1 : BEGIN_WITHIN_MS);
  };
  whenIdle(goOn, BEGIN_WITHIN_MS);
}
