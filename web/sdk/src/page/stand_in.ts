/**
 * What stands before telemetry.js, which has it from here: where that cannot even begin, on a page that broke its language, there is an API
 * all the same. The build puts both together.
 */
import { IDLE } from './idle_api.ts';
import { offer } from './offer.ts';

export const standIn = { IDLE, offer };
