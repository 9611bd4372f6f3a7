/** Network and timers: a worker's own, or those that a page without workers hands over, whose own are not to be trusted. */
import type { Platform } from '../shared/platform.ts';

export const platform: Platform = {
  fetch: (address, init) => fetch(address, init),
  later: (run, ms) => setTimeout(run, ms) as unknown as number,
  notLater: (id) => clearTimeout(id),
  whenIdle: (run) => run(),
};
