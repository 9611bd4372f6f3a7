/** Entry of the npm package, for pages that bundle their scripts. */
import type { Telemetry } from './api.ts';
import { quietly } from './guard.ts';
import { type Consent, readSettings } from './settings.ts';
import { startTelemetry } from './telemetry.ts';

export type { Stats, Telemetry } from './api.ts';
export type { Consent } from './settings.ts';

/** As the attributes of the script tag. */
export interface Options {
  /** Write key: a public identifier, good for sending only. */
  key: string;
  /** Address of the collector. */
  endpoint: string;
  /** Address of `telemetry.worker.js`, which the site serves: the package has it as `@customer-telemetry/sdk/worker`. */
  worker: string;
  /** Address of `telemetry.late.js`, for what is captured when the page has loaded: vitals, media, long frames and more. */
  late?: string;
  /** Which requests are told that no call of the page made. Default: first-party. */
  resources?: 'first-party' | 'all' | 'none';
  /** Where the collector takes batches, if not at `/v1/events`. */
  path?: string;
  /** Address of the site's own filter of events. */
  hooks?: string;
  /** Default: granted. */
  consent?: Consent;
  /** Names of query parameters whose values may be kept. */
  allowQuery?: string[];
  /** Keep unsent batches in memory only. */
  memoryOnly?: boolean;
  /** Capture in full although the visitor asks for privacy by Global Privacy Control. */
  ignoreGpc?: boolean;
}

/** Starts capturing; called again it gives the same API. Where there is no page, as on a server, that does nothing. */
export function init(options: Options): Telemetry {
  if (typeof window === 'undefined') return startTelemetry(null);
  window.customerTelemetry ??= startTelemetry(quietly(() => readSettings(asScript(options))) ?? null);
  return window.customerTelemetry;
}

/** The options as the attributes that they stand for. */
function asScript({
  key,
  endpoint,
  worker,
  late,
  resources,
  path,
  hooks,
  consent,
  ...more
}: Options): Parameters<typeof readSettings>[0] {
  const { allowQuery = [], memoryOnly, ignoreGpc } = more;
  const dataset = Object.entries({
    ctKey: key,
    ctEndpoint: endpoint,
    ctWorker: worker,
    ctLate: late,
    ctResources: resources,
    ctPath: path,
    ctHooks: hooks,
    ctConsent: consent,
    ctAllowQuery: allowQuery.join(','),
    ctMemoryOnly: memoryOnly ? '' : undefined,
    ctGpc: ignoreGpc ? 'ignore' : undefined,
  }).filter(([, value]) => value !== undefined);
  return { src: '', dataset: Object.fromEntries(dataset) as Record<string, string> };
}
