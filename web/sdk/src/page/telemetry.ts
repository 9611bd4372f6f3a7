/** Wires the capture modules to a tracker. */
import type { Telemetry } from './api.ts';
import { captureClicks } from './capture/clicks.ts';
import { captureErrors } from './capture/errors.ts';
import { captureFields } from './capture/fields.ts';
import { captureHover } from './capture/hover.ts';
import { captureKeys } from './capture/keys.ts';
import { capturePages } from './capture/pages.ts';
import { capturePointer } from './capture/pointer.ts';
import { captureRequests } from './capture/requests.ts';
import { captureScroll } from './capture/scroll.ts';
import { customProperties } from './custom.ts';
import { guarded } from './guard.ts';
import { type Core, guardedApi } from './guarded_api.ts';
import { IDLE } from './idle_api.ts';
import { loadLate } from './late.ts';
import { now } from './natives.ts';
import type { Settings } from './settings.ts';
import { createTracker, type Tracker } from './tracker.ts';

const MODULES = [
  captureRequests,
  captureErrors,
  captureScroll,
  (tracker: Tracker) => capturePointer(tracker, captureHover(tracker)),
  captureClicks,
  captureFields,
  captureKeys,
  capturePages,
  loadLate,
];

/** Null settings: an API that does nothing. */
export function startTelemetry(settings: Settings | null): Telemetry {
  const tracker = guarded(() => settings && (createTracker(settings) as Tracker & Pick<Core, 'track'>));
  if (!tracker) return IDLE;
  for (const capture of MODULES) guarded(() => capture(tracker));
  // The tracker itself and no copy: the later parts put what they do in the place of what it did.
  tracker.track = (name, properties = {}) => {
    const details = { name: String(name).slice(0, 256), properties: customProperties(properties) };
    if (name) tracker.note('custom', now(), 0, details);
  };
  return guardedApi(tracker);
}
