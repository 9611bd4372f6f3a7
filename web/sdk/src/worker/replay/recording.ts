/**
 * The recordings of a page's life: from what the recorder saw to frames.
 *
 *   rows ▸ encoder ▸ budget ▸ cutter ▸ gzip ▸ (mode friction: generations) ▸ number ▸ frames ▸ frame_courier
 *
 * A plain class, so that it is tested without a worker.
 */
import type { TelemetryEvent } from '../../shared/batch.ts';
import { type FromReplay, type Rows, rowsOfTurns, type ToReplay, type Viewed } from '../../shared/replay_messages.ts';
import type { Asset } from './asset_source.ts';
import { Assets, type AssetsTold } from './assets.ts';
import { Budget } from './budget.ts';
import { Cutter, type Stretch } from './cutter.ts';
import type { Around, Encoder } from './encode/encoder.ts';
import { assetHead, type Frame, partsOf } from './frame.ts';
import { Friction } from './friction.ts';
import { Generations, type Waiting } from './generations.ts';
import { gzip, stored } from './gzip.ts';
import {
  CHECKOUT_EVERY_MS,
  CHUNKS_MAX,
  GENERATION_MS_MIN,
  PAGE_VIEW_BYTES_MAX,
  RAW_BYTES_MAX,
  TAIL_BYTES_MAX,
} from './limits.ts';
import type { Recorded, Take } from './recorded.ts';

export interface Parts {
  post(message: FromReplay): void;
  /** From what the recorder saw to rrweb's events, of one page view. */
  encoder(viewed: Viewed, take: Take, around: Around): Pick<Encoder, 'encode' | 'hurry' | 'waits'>;
  /** The text of a style sheet; null: it cannot be had. */
  sheet: Around['sheet'];
  /** Which of these the collector does not have. */
  missing(hashes: string[]): Promise<string[]>;
  /** A file that the page looks by; null: it cannot be had, or is not to be kept. */
  read(address: string): Promise<Asset | null>;
  /** Takes frames that are to be delivered. */
  put(frame: Frame): void;
  /** The page ends: what can still be sent is. */
  sendTail(): void;
  own(): void;
}

/** A page view, and what of it was numbered. */
interface View extends Viewed {
  chunks: number;
  bytes: number;
}

/** A stretch on its way to frames. */
interface Chunk extends Waiting {
  view: View;
  stretch: Stretch;
  /** −1: it gets one when it is sent. */
  seq: number;
  final: boolean;
  raw_bytes: number;
  payload: Uint8Array;
}

const NOTHING = new Uint8Array();
/** rrweb's `EventType`. */
const CUSTOM = 5;

const encoder = new TextEncoder();

export class Recording {
  private view: View | null = null;
  private encoder: ReturnType<Parts['encoder']> | null = null;
  private assets: Assets | null = null;
  private cutter = new Cutter((stretch) => this.cut(stretch));
  private budget = this.newBudget();
  private friction = new Friction();
  /** Null: everything is sent. */
  private generations: Generations<Chunk> | null;
  /** Cut, and not yet compressed. */
  private packing: Chunk[] = [];
  private work: Promise<void> = Promise.resolve();
  /** Messages of rows of this page view, and the last one. */
  private rows = 0;
  private last: Pick<Rows, 'at' | 'q'> | null = null;
  /** What the page knows of it. */
  private told = { chunks: -1, rows: 0 };
  /** A message of rows is being read: what of it stays open is known after it. */
  private reading = false;
  private ending = false;
  private frames = 0;
  private over = false;

  constructor(
    private parts: Parts,
    mode: string | undefined,
  ) {
    this.generations = mode === 'friction' ? new Generations() : null;
  }

  receive(message: ToReplay) {
    if (this.over) return;
    switch (message.replay) {
      case 'page_view':
        this.begin(message);
        break;
      case 'rows':
        this.rows++;
        this.reading = true;
        for (const turn of rowsOfTurns(message)) {
          this.last = turn;
          this.encoder?.encode(turn);
        }
        this.reading = false;
        this.tellChunks();
        break;
      case 'hidden':
        this.encoder?.hurry();
        this.cutter.end();
        this.tellChunks();
        break;
      case 'left':
        this.encoder?.hurry();
        this.keepWord(message.chunks);
        this.leave(message.ends);
        break;
      case 'stopped':
        this.leave(false);
        break;
      case 'keep':
        this.keep();
        break;
      default:
        message satisfies never;
    }
  }

  /** The page's events as they are written: something may have gone wrong for the visitor. */
  saw(events: readonly TelemetryEvent[]): void {
    if (this.generations && this.friction.sees(events)) this.keep();
  }

  /** Nothing is taken or kept any more. */
  stop(): void {
    if (!this.over) this.parts.post({ replay: 'stop' });
    this.over = true;
    this.cutter.drop();
    this.budget.end();
    this.assets?.end();
    this.packing = [];
    this.generations?.release();
  }

  /** When all that was cut so far is with the outbox. */
  packed(): Promise<void> {
    return this.work;
  }

  private begin({ visitor_id, tab_id, page_view_id, url, viewport }: Viewed): void {
    if (this.view) this.leave(false);
    const view = { visitor_id, tab_id, page_view_id, url, viewport, chunks: 0, bytes: 0 };
    this.view = view;
    this.rows = 0;
    this.last = null;
    this.told = { chunks: -1, rows: 0 };
    this.budget = this.newBudget();
    const assets = this.newAssets(view);
    this.assets = assets;
    this.encoder = this.parts.encoder(
      view,
      (events) => {
        // A late one, of a page view that is over, has no place any more.
        if (this.view === view) for (const event of events) this.take(event);
      },
      {
        found: (address, shown) => assets.find(address, shown),
        sheet: this.parts.sheet,
        rules: (of) => this.parts.post({ replay: 'rules', of }),
        caughtUp: () => this.tellChunks(),
        failed: () => this.fail(),
      },
    );
    this.parts.own();
    this.tellChunks();
  }

  private newBudget(): Budget {
    return new Budget(
      {
        snapshot: () => this.parts.post({ replay: 'snapshot' }),
        skipping: () => {
          this.cutter.end();
          this.degraded('mutations');
        },
      },
      this.generations ? GENERATION_MS_MIN : CHECKOUT_EVERY_MS,
    );
  }

  private take(event: Recorded): void {
    if (!this.over && this.budget.takes(event)) this.cutter.take(event);
  }

  /** The last rows made no event, which the page could not know when it said how many chunks there are: then the end is one. */
  private keepWord(chunks: number): void {
    const { view, last, cutter } = this;
    if (!view || !last || this.generations || this.budget.skips || cutter.isOpen || chunks <= view.chunks) return;
    cutter.take(this.said('end', {}));
  }

  /** The page view ends: its last chunk says so. */
  private leave(ends: boolean): void {
    this.ending = true;
    this.cutter.end();
    this.ending = false;
    this.budget.end();
    this.assets?.end();
    this.view = this.encoder = null;
    if (!ends) return;
    this.packNow();
    this.parts.sendTail();
  }

  private cut(stretch: Stretch): void {
    const { view } = this;
    if (!view || this.over) return;
    const seq = this.generations ? -1 : view.chunks++;
    const { kind, first_at } = stretch;
    const chunk = { view, stretch, seq, final: this.ending, kind, first_at, bytes: 0, raw_bytes: 0, payload: NOTHING };
    this.packing.push(chunk);
    this.work = this.work.then(() => this.pack(chunk)).catch(() => this.fail());
    this.tellChunks();
  }

  private async pack(chunk: Chunk): Promise<void> {
    const raw = rawOf(chunk.stretch);
    const payload = raw.length > RAW_BYTES_MAX ? null : await gzip(raw);
    // The page may have ended, or everything may be forgotten, meanwhile.
    if (this.packing[0] !== chunk) return;
    this.packing.shift();
    this.finish(chunk, raw.length, payload);
  }

  /** Without waiting for a stream: the page ends. What is larger goes in its turn, if the worker lives that long. */
  private packNow(): void {
    let room = TAIL_BYTES_MAX;
    while (this.packing[0] && this.packing[0].stretch.text.length <= room) {
      const chunk = this.packing.shift() as Chunk;
      const raw = rawOf(chunk.stretch);
      room -= raw.length;
      this.finish(chunk, raw.length, stored(raw));
    }
  }

  /** Null: it is larger than anybody may inflate. */
  private finish(chunk: Chunk, rawBytes: number, payload: Uint8Array | null) {
    if (!payload) return this.lose(chunk);
    Object.assign(chunk, { raw_bytes: rawBytes, payload, bytes: payload.length });
    // It may be kept for long.
    chunk.stretch.text = '';
    if (!this.generations) this.send(chunk);
    else if (!this.generations.keep(chunk)) this.budget.skip();
  }

  /** Numbered, and with the outbox. */
  private send(chunk: Chunk) {
    const { view, stretch, final, raw_bytes, payload } = chunk;
    const chunk_seq = chunk.seq < 0 ? view.chunks++ : chunk.seq;
    view.bytes += chunk.bytes;
    if (view.bytes > PAGE_VIEW_BYTES_MAX || chunk_seq >= CHUNKS_MAX) return this.fill();
    const parts = partsOf(view, stretch, { chunk_seq, raw_bytes, final }, payload);
    if (!parts) return this.lose(chunk);
    for (const part of parts) this.put(view, `${view.page_view_id}:${chunk_seq}`, part);
    this.tellChunks();
  }

  private put({ tab_id, visitor_id }: Viewed, chunk: string, part: Pick<Frame, 'head' | 'rest'>): void {
    const batch_seq = this.frames++;
    this.parts.put({ tab_id, batch_seq, created_at: Date.now(), visitor_id, chunk, ...part });
  }

  private newAssets(view: View): Assets {
    const told: AssetsTold = {
      read: this.parts.read,
      missing: this.parts.missing,
      send: (asset, shown) => this.put(view, '', { head: assetHead(view, asset, shown), rest: asset.payload }),
      named: (files) => {
        if (this.view !== view || this.over || this.budget.skips || !this.last) return;
        this.cutter.take({ ...this.said('assets', files), assets: [...new Set(Object.values(files))] });
        this.tellChunks();
      },
    };
    return new Assets(told, !!this.generations);
  }

  /** An event of our own, which whoever shows a recording takes out. */
  private said(tag: string, payload: object): Recorded {
    const { at, q } = this.last ?? { at: 0, q: 0 };
    return {
      kind: 'mutations',
      line: JSON.stringify({ type: CUSTOM, timestamp: at, q, data: { tag, payload } }),
      at,
      q,
    };
  }

  /** Something goes wrong for the visitor: what is kept is sent, and all that follows. */
  private keep(): void {
    const { generations } = this;
    if (!generations) return;
    this.generations = null;
    this.budget.everyMs = CHECKOUT_EVERY_MS;
    this.assets?.release();
    for (const chunk of generations.release()) this.send(chunk);
    this.tellChunks();
  }

  private lose({ kind }: Chunk): void {
    this.degraded('too_large');
    // A page that is too large stays so; of changes the next ones may be fewer.
    if (kind === 'snapshot') this.stop();
    else this.budget.skip();
  }

  private fill(): void {
    this.degraded('bytes');
    this.stop();
  }

  private fail(): void {
    this.degraded('error');
    this.stop();
  }

  private degraded(reason: string): void {
    if (!this.over) this.parts.post({ replay: 'degraded', what: `replay_dom:${reason}` });
  }

  /** The page tells at its end how many chunks there are; it knows by this whether one more is to be expected. */
  private tellChunks(): void {
    const { view, told, cutter } = this;
    if (!view || this.reading || this.encoder?.waits) return;
    const { chunks } = view;
    // What is only kept, or left out, makes no chunk that anybody could expect.
    const none = this.generations || this.budget.skips;
    const rows = none ? Number.POSITIVE_INFINITY : cutter.isOpen ? this.rows - 1 : this.rows;
    const sameKind = Number.isFinite(rows) === Number.isFinite(told.rows);
    const known = sameKind && (cutter.isOpen ? told.rows <= rows : told.rows === rows);
    if (chunks === told.chunks && known) return;
    this.told = { chunks, rows };
    this.parts.post({ replay: 'chunks', chunks, rows });
  }
}

const rawOf = ({ text }: Stretch) => encoder.encode(text);
