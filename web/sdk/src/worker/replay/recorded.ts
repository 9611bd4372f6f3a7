/** What the encoder hands to whoever packs and sends it: rrweb's events, one a line. */

export interface Recorded {
  /** A snapshot is two lines, its size (`Meta`) and the page, both `snapshot`; everything else changes the page. */
  kind: 'snapshot' | 'mutations';
  /** One rrweb event as JSON, masked, without a line break. */
  line: string;
  /** Epoch ms, as the tracker has it: `performance.timeOrigin` and `performance.now()` of the page. */
  at: number;
  /** The tracker's newest `seq` then; −1 before there is one. */
  q: number;
  /** Of a snapshot: its nodes, and what the page's thread spent on it. */
  nodes?: number;
  cost_ms?: number;
  /** Of a snapshot: the page ended before all of it was seen. */
  partial?: true;
  /** SHA-256 of the assets that it names. */
  assets?: string[];
}

export type Take = (events: readonly Recorded[]) => void;
