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
  const { getOwnPropertyDescriptor } = window.Object;
  // An element may have our name: what is not the window's own is no API. `Object` may be the page's.
  if (getOwnPropertyDescriptor(window, 'customerTelemetry')) return;
  const telemetry = make();
  window.customerTelemetry = telemetry;
  if (!getOwnPropertyDescriptor(window, 'telemetry')) window.telemetry = telemetry;
}
