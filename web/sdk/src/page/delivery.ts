/** The page's side of the worker: hands over, remembers what is not safe yet, and beacons it when the page ends. */
import { type ClockEstimate, clientNow } from '../shared/batch.ts';
import type { Chunk, Header, Written } from '../shared/chunk.ts';
import { BEACON_BYTES_MAX, FORGET_WITHIN_MS, UNKEPT_BATCHES_MAX } from '../shared/limits.ts';
import { type Order, type Report, TAIL } from '../shared/messages.ts';
import type { Post } from './attempt.ts';
import { erase } from './erase.ts';
import { guarded, quietly } from './guard.ts';
import { later } from './natives.ts';
import type { Settings } from './settings.ts';
import { takeOut } from './take_out.ts';
import { tools } from './tools.ts';
import { findWay } from './ways.ts';

export interface Delivery {
  /** Has somebody carry it out, as soon as there is consent and somebody. */
  instruct(given: Order): void;
  /** Loads the worker. Before, everything waits in memory. */
  start(): void;
  /** Hands over what is known whole of the batch that is under way. `base`: the page's address. */
  part(chunk: Chunk, base: string): void;
  /** Hands over the rest of a batch. */
  sendBatch(header: Header, chunk: Chunk): void;
  /** `done`: when everything handed over so far, and what earlier pages left, is answered for good. */
  flush(done: () => void): void;
  /** Batches that were cut while consent was pending take the identity that it brought. */
  amend(amendment: Partial<Header>): void;
  /** Deletes what is unsent on this device, of all tabs and pages; `done`: when it is gone. Nothing is taken any more. */
  forget(done: () => void): void;
  /**
   * The page ends, perhaps: sends what the worker has not stored, and leaves it in localStorage as well, since
   * nobody learns whether a beacon was answered. The next page of the site sends that again: the pipeline
   * recognises (tab_id, seq), so a repeat costs little, and a gap could not be mended.
   */
  saveTails(): void;
  /** The page does not come back, and its worker goes with it: nothing is handed over any more. */
  letWorkerGo(): void;
  /** Events of this document that were answered 200, and that were dropped for good. */
  counts(): { acknowledged: number; dropped: number };
}

interface Unkept {
  header: Header;
  /** All of it, in pieces. */
  parts: Part[];
  /** It is in localStorage; 2: and was beaconed. */
  left?: 1 | 2;
}

/** As it was noted, until the worker has written it. */
interface Part {
  is: Chunk | Written;
}

/** `degraded`: something is captured or delivered worse than it should be. `refused`: another tab lost its consent. */
export function createDelivery(
  settings: Settings,
  tabId: string,
  degraded: (what: string) => void,
  refused: () => void,
): Delivery {
  const { memoryOnly, hooks } = settings;
  const address = `${settings.ingest}?key=${encodeURIComponent(settings.key)}`;
  /** Cut, and not yet known to be stored or answered. */
  let unkept: Unkept[] = [];
  /** Of the batch that is under way, and of any: what the worker has not written yet, in order. */
  let open: Part[] = [];
  let unwritten: Part[] = [];
  const flushes: (() => void)[] = [];
  /** Orders that wait for somebody who carries them out. */
  let waiting: Order[] = [];
  let post: Post | undefined;
  let forgotten: (() => void) | undefined;
  let clock: ClockEstimate | null = null;
  let timezone: string | undefined;
  let acknowledged = 0;
  let dropped = 0;
  let started = false;
  /** Bytes that the page's end may still beacon. */
  let room = BEACON_BYTES_MAX;

  const order = (given: Order) => {
    if (post) post(given);
    else waiting.push(given);
  };
  const tailOf = (seq: number) => `${TAIL}${tabId}:${seq}`;
  /** Full, or forbidden: then the beacon alone has to do. */
  const store = (use: () => void) => {
    if (!memoryOnly) quietly(use);
  };
  const receive = (report: Report) => {
    // Somebody answers, so the page lives, and its beacons of before are gone.
    room = BEACON_BYTES_MAX;
    switch (report.kind) {
      case 'ready':
        timezone = report.timezone;
        return;
      case 'written': {
        const part = unwritten.shift();
        // What the site's filter has changed is not for it to change again.
        if (part && !hooks) part.is = report.written;
        return;
      }
      case 'adopted':
        return store(() => localStorage.removeItem(report.name));
      case 'flushed':
        return flushes[report.id]?.();
      case 'lost':
        return degraded(`outbox:${report.events}`);
      case 'forgotten':
        forgotten?.();
        return refused();
      case 'settled':
        acknowledged += report.acknowledged;
        dropped += report.dropped;
        clock = report.clock;
    }
    const place = unkept.findIndex(({ header }) => header.batch_seq === report.batch_seq);
    if (takeOut(unkept, place)?.left) store(() => localStorage.removeItem(tailOf(report.batch_seq)));
  };

  /** In a task of its own: a page that loads has enough to do, and each of these waits for another process. */
  const soon = (run: () => void) => later(() => forgotten || run(), 0);
  const tails = () => Object.keys(localStorage).filter((name) => name.startsWith(TAIL));
  /** What earlier pages left: their last write may become visible only after this page began. */
  const adoptTails = () =>
    store(() => {
      for (const name of tails()) order({ kind: 'adopt', name, text: localStorage[name] });
    });
  const leave = (batch: Unkept) => {
    const late = tools();
    if (batch.left === 2) return;
    batch.left = late ? 2 : 1;
    const parts = batch.parts.map(({ is }) => is);
    const header = { ...batch.header, page: { ...batch.header.page, timezone } };
    const sentAt = clientNow();
    // What cannot be written yet is left as it is, in one piece, for the next page's worker: it does not leave the device.
    let text: string;
    if (!late) {
      const chunk = parts[0] as Chunk;
      text = JSON.stringify({ sent_at: sentAt, header, chunk: { ...chunk, rows: Array.from(chunk.rows) } });
    }
    // Nothing leaves past the site's own filter, which the next page's worker has. What does not fit stays in localStorage alone.
    else {
      const told = late.lastWords(address, header, parts, sentAt, clock, hooks ? 0 : room);
      text = told.text;
      if (!hooks) room = told.room;
    }
    store(() => localStorage.setItem(tailOf(header.batch_seq), text));
  };

  return {
    instruct: order,
    start() {
      if (started) return;
      started = true;
      waiting.unshift({ ...settings, data: settings.data.ctAllowQuery, kind: 'start', address, tab_id: tabId });
      soon(() =>
        findWay(settings, address, receive, degraded, (found) => {
          post = found;
          for (const order of waiting) found(order);
          waiting = [];
        }),
      );
      soon(adoptTails);
    },
    part(chunk, base) {
      const part = { is: chunk };
      open.push(part);
      unwritten.push(part);
      order({ kind: 'part', chunk, base });
    },
    sendBatch(header, chunk) {
      unkept.push({ header, parts: [...open, { is: chunk }] });
      open = [];
      if (started && unkept.length > UNKEPT_BATCHES_MAX) unkept.shift();
      order({ kind: 'batch', header, chunk });
    },
    flush(done) {
      if (started) adoptTails();
      order({ kind: 'flush', id: flushes.push(done) - 1 });
    },
    amend(amendment) {
      for (const { header } of unkept) Object.assign(header, amendment);
    },
    forget(done) {
      forgotten = done;
      later(done, FORGET_WITHIN_MS);
      waiting = [];
      open = [];
      unwritten = [];
      unkept = [];
      for (const settle of flushes) settle();
      quietly(() => {
        for (const name of tails()) localStorage.removeItem(name);
      });
      if (post) post({ kind: 'forget' });
      else erase(done);
    },
    saveTails() {
      if (!started) return;
      order({ kind: 'pause' });
      for (const batch of unkept) guarded(() => leave(batch));
    },
    letWorkerGo() {
      // The site's filter is the worker's alone: it may still be quick enough.
      if (!hooks) post = undefined;
    },
    counts: () => ({ acknowledged, dropped }),
  };
}
