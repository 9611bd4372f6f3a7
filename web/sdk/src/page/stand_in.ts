/** What stands in for telemetry.js where that cannot even begin, on a page that broke its language. */
import { IDLE } from './idle_api.ts';
import { offer } from './offer.ts';

offer(() => IDLE);
