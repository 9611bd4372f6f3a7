/** Entry of telemetry.js: reads the script element's attributes, starts capturing, offers `window.telemetry`. */
import { guarded } from './guard.ts';
import { currentScript } from './natives.ts';
import { readSettings } from './settings.ts';
import { startTelemetry } from './telemetry.ts';

guarded(() => {
  const script = currentScript(document);
  // An element may have our name: what is not the window's own is no API.
  if (!script || Object.hasOwn(window, 'customerTelemetry')) return;
  const telemetry = startTelemetry(guarded(() => readSettings(script)) ?? null);
  window.customerTelemetry = telemetry;
  if (!Object.hasOwn(window, 'telemetry')) window.telemetry = telemetry;
});
