/** Entry of the npm package where there is no page: what a server renders may call the API, and nothing happens. */
import type { Init } from './api.ts';
import { guardedApi } from './guarded_api.ts';

export type { Consent, Options, Stats, Telemetry } from './api.ts';

export const init: Init = () => guardedApi(undefined);
