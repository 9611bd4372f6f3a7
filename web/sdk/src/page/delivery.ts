/** The page's side of the worker: hands over, remembers what is not safe yet, and beacons it when the page ends. */
import { type ClockEstimate, clientNow, encodeBatch } from '../shared/batch.ts';
import type { Chunk, Header } from '../shared/chunk.ts';
import { encodeRest } from '../shared/encode.ts';
import { UNKEPT_BATCHES_MAX } from '../shared/limits.ts';
import type { Order, Report } from '../shared/messages.ts';
import type { Settings } from './settings.ts';

const TAIL = 'ct-tail:';

declare global {
  interface Window {
    /** Set by telemetry.worker.js when it is loaded as a plain script, for browsers without workers. */
    telemetryCourier?: (report: (report: Report) => void) => (order: Order) => void;
  }
}

export interface Delivery {
  /** Loads the worker. Before, everything waits in memory. */
  start(): void;
  /** Hands a batch over. */
  send(header: Header, chunk: Chunk): void;
  /** Settles when everything handed over so far, and what earlier pages left, is answered for good. */
  flush(): Promise<void>;
  /** Batches that were cut while consent was pending take the identity that it brought. */
  amend(amendment: Partial<Header>): void;
  /** Throws away what is not sent. */
  stop(): void;
  /**
   * The page ends, perhaps: sends what the worker has not stored, and leaves it in localStorage as well, since
   * nobody learns whether a beacon was answered. The next page of the site sends that again: the pipeline
   * recognises (tab_id, seq), so a repeat costs little, and a gap could not be mended.
   */
  finish(): void;
  /** Events of this document that were answered 200, and that were dropped for good. */
  counts(): { acknowledged: number; dropped: number };
}

export function createDelivery(settings: Settings, tabId: string): Delivery {
  const { endpoint, key, memoryOnly, allowQuery } = settings;
  /** Cut, and not yet known to be stored or answered. */
  const unkept = new Map<number, { header: Header; chunk: Chunk }>();
  const flushes: (() => void)[] = [];
  /** Orders that wait for the worker to be there. */
  let waiting: Order[] | null = [];
  let clock: ClockEstimate | null = null;
  let acknowledged = 0;
  let dropped = 0;
  let started = false;
  let post: (order: Order) => void;

  const order = (given: Order) => {
    if (waiting) waiting.push(given);
    else post?.(given);
  };
  const receive = (report: Report) => {
    if (report.kind === 'ready') {
      const orders = waiting ?? [];
      waiting = null;
      orders.forEach(order);
    } else if (report.kind === 'adopted') localStorage.removeItem(report.name);
    else if (report.kind === 'flushed') flushes[report.id]?.();
    else {
      unkept.delete(report.batch_seq);
      if (report.kind === 'settled') {
        acknowledged += report.acknowledged;
        dropped += report.dropped;
        clock = report.clock;
      }
    }
  };
  /** The same class as in the worker, in idle moments of the page. */
  const startOnPage = () => {
    const script = document.createElement('script');
    script.src = settings.worker;
    script.onload = () => {
      post = window.telemetryCourier?.(receive) as typeof post;
      receive({ kind: 'ready' });
    };
    document.head.append(script);
  };
  const storage = (use: (storage: Storage) => void) => {
    try {
      if (!memoryOnly) use(localStorage);
    } catch {
      // Full, or forbidden: then the beacon alone has to do.
    }
  };

  /** What earlier pages left: their last write may become visible only after this page began. */
  const adoptTails = () =>
    storage((stored) => {
      for (const name of Object.keys(stored))
        if (name.startsWith(TAIL)) order({ kind: 'adopt', name, text: stored[name] });
    });

  return {
    start() {
      if (started) return;
      started = true;
      waiting?.unshift({
        kind: 'start',
        endpoint,
        key,
        tab_id: tabId,
        memory_only: memoryOnly,
        allow_query: allowQuery,
      });
      adoptTails();
      try {
        const worker = new Worker(settings.worker);
        worker.onmessage = ({ data }) => receive(data);
        worker.onerror = () => waiting && startOnPage();
        post = (given) => worker.postMessage(given);
      } catch {
        startOnPage();
      }
    },
    send(header, chunk) {
      unkept.set(header.batch_seq, { header, chunk });
      if (started && unkept.size > UNKEPT_BATCHES_MAX) unkept.delete(unkept.keys().next().value as number);
      order({ kind: 'batch', header, chunk });
    },
    flush: () =>
      new Promise((resolve) => {
        if (started) adoptTails();
        order({ kind: 'flush', id: flushes.push(resolve) - 1 });
      }),
    amend(amendment) {
      for (const { header } of unkept.values()) Object.assign(header, amendment);
    },
    stop() {
      if (started) order({ kind: 'stop' });
      else waiting = [];
      unkept.clear();
      for (const resolve of flushes) resolve();
    },
    finish() {
      if (!started) return;
      order({ kind: 'pause' });
      for (const [seq, { header, chunk }] of unkept) {
        const text = encodeBatch(encodeRest(header, chunk).rest, clientNow(), clock);
        navigator.sendBeacon(`${endpoint}/v1/events?key=${encodeURIComponent(key)}`, text);
        storage((stored) => stored.setItem(`${TAIL}${tabId}:${seq}`, text));
      }
    },
    counts: () => ({ acknowledged, dropped }),
  };
}
