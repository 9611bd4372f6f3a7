import type { Telemetry } from './api.ts';

declare global {
  interface Window {
    /** Where the page has something of its own by this name, that stays. */
    telemetry?: Telemetry;
    customerTelemetry?: Telemetry;
  }
}

/** Offers the API that `make` gives as `window.telemetry`, unless there is one already. */
export function offer(make: () => Telemetry): void {
  // An element may have our name: what is not the window's own is no API. `Object` may be the page's, and so may `Reflect`.
  // biome-ignore lint/suspicious/noPrototypeBuiltins: see above
  const isOwn = (name: string) => window.hasOwnProperty(name);
  if (isOwn('customerTelemetry')) return;
  const telemetry = make();
  window.customerTelemetry = telemetry;
  if (!isOwn('telemetry')) window.telemetry = telemetry;
}
