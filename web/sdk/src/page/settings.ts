/** What the embedding page chose, read from the attributes of the script element. */

export type Consent = 'granted' | 'denied' | 'pending';

export interface Settings {
  /** Write key: a public identifier, good for sending only. */
  key: string;
  /** Origin of the collector, without a slash at the end. */
  endpoint: string;
  /** Same-origin address of telemetry.worker.js. */
  worker: string;
  consent: Consent;
  /** Names of query parameters whose values may be kept, separated by commas. */
  allowQuery: string;
  /** Keep unsent batches in memory only, not in IndexedDB. */
  memoryOnly: boolean;
  /** Global Privacy Control applies: anonymous counts, nothing stored, no pointer trail. */
  anonymous: boolean;
  /** Writes the final counts of each document to localStorage and takes scripted events, for tests. */
  test: boolean;
}

/** Returns null, and says why on the console, when a needed attribute is missing. */
export function readSettings({ src, dataset }: HTMLScriptElement): Settings | null {
  const { ctKey: key, ctEndpoint: endpoint, ctWorker: worker, ctConsent: consent } = dataset;
  if (!key || !endpoint) {
    console.warn('telemetry: nothing is captured, the script element needs data-ct-key and data-ct-endpoint');
    return null;
  }
  const anonymous =
    !!(navigator as { globalPrivacyControl?: boolean }).globalPrivacyControl && dataset.ctGpc !== 'ignore';
  return {
    key,
    endpoint: endpoint.replace(/\/+$/, ''),
    worker: worker ?? src.replace(/\.js(?=$|[?#])/, '.worker.js'),
    // What is neither granted nor unsaid is not consent.
    consent: (consent ?? 'granted') === 'granted' ? 'granted' : consent === 'pending' ? consent : 'denied',
    allowQuery: dataset.ctAllowQuery ?? '',
    memoryOnly: anonymous || 'ctMemoryOnly' in dataset,
    anonymous,
    test: 'ctTest' in dataset,
  };
}
