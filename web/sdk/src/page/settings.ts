/** What the embedding page chose, read from the attributes of the script element. */
import type { Consent } from './api.ts';

export interface Settings {
  /** Write key: a public identifier, good for sending only. */
  key: string;
  /** Where batches go: the collector's address, with the path that takes them. */
  ingest: string;
  /** Address of telemetry.worker.js, of the page's own origin where that can be. */
  worker: string;
  /** Of the page's policy; '' where it asks for none. */
  nonce: string;
  /** Address of the site's own filter of events, where it has one. */
  hooks: string | undefined;
  /** Address of telemetry.late.js; '' for none. */
  late: string;
  consent: Consent;
  /** All attributes, for the parts that come later: the element's own, since a page can make a copy of them fail. */
  data: Record<string, string | undefined>;
  /** Keep unsent batches in memory only, not in IndexedDB. */
  memoryOnly: boolean;
  /** Global Privacy Control applies: anonymous counts, nothing stored, no pointer trail. */
  anonymous: boolean;
  /** Writes the final counts of each document to localStorage and takes scripted events, for tests. */
  test: boolean;
}

/** The ingest contract's, on the collector. */
const INGEST_PATH = '/v1/events';

type Script = Pick<HTMLScriptElement, 'src' | 'dataset'> & Partial<Pick<HTMLScriptElement, 'nonce'>>;

/** Null, with the reason on the console, when a needed attribute is missing. */
export function readSettings({ src, dataset, nonce = '' }: Script): Settings | null {
  const { ctKey: key, ctEndpoint: endpoint, ctPath: path, ctWorker: worker, ctConsent: consent = 'granted' } = dataset;
  if (!key || !endpoint) {
    console.warn('telemetry needs data-ct-key, data-ct-endpoint');
    return null;
  }
  const anonymous =
    !!(navigator as { globalPrivacyControl?: boolean }).globalPrivacyControl && dataset.ctGpc !== 'ignore';
  // The last `.js` of the path, since hosts and queries may have one as well.
  const beside = (part: string) => src.replace(/^([^?#]*)\.js(?=[?#]|$)/, `$1.${part}.js`);
  return {
    key,
    ingest: endpoint.replace(/\/+$/, '') + (path ?? INGEST_PATH),
    worker: worker ?? beside('worker'),
    nonce,
    hooks: dataset.ctHooks,
    late: dataset.ctLate ?? beside('late'),
    data: dataset,
    // What is neither granted nor unsaid is not consent.
    consent: consent === 'granted' || consent === 'pending' ? consent : 'denied',
    memoryOnly: anonymous || 'ctMemoryOnly' in dataset,
    anonymous,
    test: 'ctTest' in dataset,
  };
}
