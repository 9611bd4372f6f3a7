/** An API that does nothing, for pages where nothing can be captured, and for servers. */
import type { Stats, Telemetry } from './api.ts';

const nothing = () => {};
const settled = async () => {};

export const IDLE: Telemetry = {
  track: nothing,
  identify: nothing,
  consent: nothing,
  keepReplay: nothing,
  forget: settled,
  flush: settled,
  stats: async () => ({ captured: {} }) as Stats,
};
