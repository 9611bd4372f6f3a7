/** Entry of telemetry.js: reads the script element's attributes, starts capturing, offers `window.telemetry`. */

import { allowQuery } from '../shared/urls.ts';
import { captureClicks } from './capture/clicks.ts';
import { captureErrors } from './capture/errors.ts';
import { captureFields } from './capture/fields.ts';
import { captureHover } from './capture/hover.ts';
import { captureKeys } from './capture/keys.ts';
import { capturePages } from './capture/pages.ts';
import { capturePointer } from './capture/pointer.ts';
import { captureRequests } from './capture/requests.ts';
import { captureViewport } from './capture/viewport.ts';
import { captureVitals } from './capture/vitals.ts';
import { customProperties } from './custom.ts';
import { now } from './natives.ts';
import { type Consent, readSettings, type Settings } from './settings.ts';
import { createTracker, type Stats, type Tracker } from './tracker.ts';

export interface Telemetry {
  /** Records a custom event. Properties that are no JSON, or too large, are left out. */
  track(name: string, properties?: object): void;
  /** Ties what follows to a logged-in user; null ends it. */
  identify(userId: string | null): void;
  consent(state: Consent): void;
  /** Settles when everything captured so far has been answered for good. */
  flush(): Promise<void>;
  stats(): Promise<Stats>;
}

declare global {
  interface Window {
    telemetry?: Telemetry;
  }
}

/** Wires the capture modules to a tracker. Order matters at the page's end: the page view is left last. */
export function startTelemetry(settings: Settings): Telemetry {
  const tracker = createTracker(settings);
  const modules = [
    captureRequests,
    captureErrors,
    captureViewport,
    (tracker: Tracker) => capturePointer(tracker, captureHover(tracker)),
    captureClicks,
    captureFields,
    captureKeys,
    captureVitals,
    capturePages,
  ];
  for (const capture of modules) capture(tracker);
  return {
    track(name, properties = {}) {
      if (name)
        tracker.note('custom', now(), 0, [], {
          name: String(name).slice(0, 256),
          properties: customProperties(properties),
        });
    },
    identify: tracker.identify,
    consent: tracker.consent,
    flush: tracker.flush,
    stats: async () => tracker.stats(),
  };
}

const script = document.currentScript as HTMLScriptElement | null;
if (script && !window.telemetry) {
  const settings = readSettings(script);
  if (settings) {
    allowQuery(settings.allowQuery);
    window.telemetry = startTelemetry(settings);
  }
}
