/** Entry of telemetry.js: reads the script element's attributes, starts capturing, offers `window.telemetry`. */
import { guarded } from './guard.ts';
import { ownScript } from './natives.ts';
import { offer } from './offer.ts';
import { readSettings } from './settings.ts';
import { startTelemetry } from './telemetry.ts';

guarded(() => {
  const script = ownScript();
  if (script) offer(() => startTelemetry(guarded(() => readSettings(script)) ?? null));
});
