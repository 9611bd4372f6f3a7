/** AJAX calls, as the wrappers of `fetch` and `XMLHttpRequest` tell of them. */
export interface Call {
  /** Null where only the page's own code could tell. */
  readonly method: string | null;
  /** Without its hash, as the browser's own timing names it; '' while it is not known. */
  url: string;
  readonly initiator: 'fetch' | 'xhr';
  /** Milliseconds since the document began. */
  readonly startedAt: number;
  answered: boolean;
  /** 0: none was given. */
  status: number;
  /** Of the body, as the answer's head tells it. */
  length: string | null;
  /** The browser's own timing, which comes when the body has ended. */
  browserTiming?: PerformanceResourceTiming;
}

export interface Calls {
  /** None for the SDK's own calls. `address`: '' where only the answer can tell it. */
  begin(method: string | null, address: string, initiator: Call['initiator']): Call | undefined;
  /** The head of the answer is there; `inTransit`: the browser will tell when its body has ended. */
  answered(call: Call, status: number, length: string | null, inTransit: boolean): void;
  /** It was never made. */
  forget(call: Call): void;
}
