/** What the page's own code may call, and what it may choose. */

export type Consent = 'granted' | 'denied' | 'pending';

/** Of `init`; each is an attribute of the script tag too. */
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
  /** Of the page's policy (`script-src 'nonce-…'`), for a browser in which the worker's file has to run as a script. */
  nonce?: string;
  /** Default: granted. */
  consent?: Consent;
  /** Names of query parameters whose values may be kept. */
  allowQuery?: string[];
  /** Keep unsent batches in memory only. */
  memoryOnly?: boolean;
  /** Record what pages look like: always, or from a minute before something goes wrong for the visitor. Default: off. */
  replay?: 'off' | 'friction' | 'always';
  /** Which share of the visitors is recorded, 0 to 1. Default: 1. */
  replaySample?: number;
  /** Addresses of `telemetry.replay.js` and `telemetry.replay.worker.js`; default: beside `late` and `worker`, where those have our names. */
  replayScript?: string;
  replayWorker?: string;
  /** Which images are kept beside recordings. Default: those of the page's own origin. */
  replayImages?: 'none' | 'same-origin';
  /** `rules`: style sheets are read on the page, rule by rule. Default: by their text, which the worker takes from the browser's cache. */
  replayCss?: 'fetch' | 'rules';
  /** Where the collector takes recordings, if not at `/v1/replay`. */
  replayPath?: string;
  /** Capture in full although the visitor asks for privacy by Global Privacy Control. */
  ignoreGpc?: boolean;
}

export interface Stats {
  /** Events captured by this document, per type. */
  captured: Record<string, number>;
  pointer_samples: number;
  /** Of the captured ones: answered 200, dropped for good, and neither yet. */
  acknowledged: number;
  dropped: number;
  pending: number;
  tab_id: string;
  visitor_id: string;
}

export interface Telemetry {
  /** Records a custom event. Properties that are too large are left out; elements and the like are told by their kind. */
  track(name: string, properties?: object): void;
  /** Ties what follows to a logged-in user; null ends it. */
  identify(userId: string | null): void;
  /** Anything but `granted` and `pending` denies: then all that is unsent, and the visitor's cookie, are deleted. */
  consent(state: Consent): void;
  /**
   * Deletes the visitor's cookie and all that is unsent, of other tabs too, and captures nothing until `consent('granted')`,
   * or a later page that has consent: as somebody else. Settles when it is deleted.
   */
  forget(): Promise<void>;
  /** Something went wrong for the visitor: in mode `friction` what is kept of the recording is sent, and what follows. */
  keepReplay(): void;
  /** Settles when everything captured so far has been answered for good. */
  flush(): Promise<void>;
  stats(): Promise<Stats>;
}

/** Starts capturing; called again it gives the same API. On a server, where there is no page, that does nothing. */
export type Init = (options: Options) => Telemetry;
