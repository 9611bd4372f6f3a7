/** Entry of the npm package where there is no page: what a server renders may call the API, and nothing happens. */
import type { Init } from './api.ts';
import { IDLE } from './idle_api.ts';

export type { Consent, Options, Stats, Telemetry } from './api.ts';

export const init: Init = () => IDLE;
