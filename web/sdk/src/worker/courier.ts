import type { ClientHints } from '../shared/batch.ts';
import type { Chunk, Header, Written } from '../shared/chunk.ts';
import { writeBatch, writeEvents } from '../shared/encode.ts';
import { halves, type Part } from '../shared/halves.ts';
import { FORGET_CHANNEL, type Order, type Report, type Start } from '../shared/messages.ts';
import { allowQuery } from '../shared/urls.ts';
import { uuidV7 } from '../shared/uuid.ts';
import { askClientHints } from './client_hints.ts';
import { Clock } from './clock.ts';
import { countEvents } from './count.ts';
import { type Entry, keyOf } from './entry.ts';
import { filtered, loadHooks } from './hooks.ts';
import { Orphans } from './orphans.ts';
import { Outbox } from './outbox.ts';
import { platform } from './platform.ts';
import { ReplayDoor } from './replay_door.ts';
import { pauseMs, Sender } from './sender.ts';
import { mayTell } from './sensitive.ts';
import { entryOf } from './tails.ts';

export type Wait = (ms: number) => Promise<void>;

/**
 * Takes the page's notes, encodes batches, stores, sends and sends again. A plain class, so that it runs in a worker, in
 * idle moments of a page without workers, and in tests.
 *
 *              a batch of this page, or one left behind
 *       idle ─────────────────────────────────────────▶ sending ◀─────────────────────────┐
 *        ▲                                               │   │                            │ time is up,
 *        └─────── answered for good, and it was the last ┘   └─ not kept by the collector ▶ pausing   or online again
 *
 *       any ── forget ──▶ forgotten: holds, takes and sends nothing, and settles every flush
 */
export class Courier {
  private tabId = '';
  private clock = new Clock();
  private sender!: Sender;
  private orphans!: Orphans;
  private outbox: Outbox;
  /** Empty until the browser has answered, which no batch waits for. */
  private hints: ClientHints = {};
  /** Orders are carried out one after the other. */
  private work: Promise<void> = Promise.resolve();
  private sending = false;
  private forgotten = false;
  private failures = 0;
  private wake: () => void = () => {};
  /** What is written of the batch that is under way. */
  private open: Written[] = [];
  private flushes: number[] = [];
  /** Called when everything is answered. */
  private idle: (() => void)[] = [];
  /** Events that went unsent, and are not told yet. */
  private lost = 0;
  private channel?: BroadcastChannel;
  private replay: ReplayDoor | null = null;
  private begun: Start | null = null;

  constructor(
    private report: (report: Report) => void,
    private wait: Wait = (ms) => new Promise((resolve) => platform.later(resolve, ms)),
  ) {
    this.outbox = this.newOutbox(false);
  }

  /** Takes an order of the page. Settles when it is carried out, delivery not included. */
  receive(order: Order): Promise<void> {
    // It waits for nothing, least of all for a database.
    if (order.kind === 'forget') return this.forget(true);
    this.work = this.work.then(() => this.carryOut(order)).catch(() => {});
    return this.work;
  }

  /** The network is back: no need to wait any longer. */
  online(): void {
    this.failures = 0;
    this.wake();
    this.replay?.online();
  }

  private async carryOut(order: Exclude<Order, { kind: 'forget' }>): Promise<void> {
    if (this.forgotten) {
      if (order.kind === 'flush') this.report({ kind: 'flushed', id: order.id });
      return;
    }
    switch (order.kind) {
      case 'start':
        return this.start(order);
      case 'part':
        return this.report({ kind: 'written', written: this.write(order.chunk, order.base) });
      case 'batch':
        this.orphans.own();
        return this.flush(order.header, order.chunk);
      case 'adopt':
        return this.adopt(order.name, order.text);
      case 'flush':
        await this.orphans.look();
        this.flushes.push(order.id);
        return this.settleFlushes();
      case 'pause':
        return this.orphans.disown();
      case 'replay':
        if (this.begun) this.replay = new ReplayDoor({ ...this.begun, ...order }, this.clock);
        return;
      default:
        return order satisfies never;
    }
  }

  private async start(order: Start): Promise<void> {
    this.begun = order;
    this.tabId = order.tab_id;
    allowQuery(order.data ?? '');
    loadHooks(order.hooks);
    this.sender = new Sender(order.address, this.clock);
    this.outbox = this.newOutbox(order.memoryOnly);
    this.orphans = new Orphans(this.tabId, this.outbox, (entries) => this.deliverAll(entries));
    this.listen();
    askClientHints().then((hints) => {
      this.hints = hints;
    });
    this.orphans.own();
    await this.outbox.open();
    await this.orphans.look();
    this.orphans.keepLooking();
  }

  private newOutbox(memoryOnly: boolean): Outbox {
    const told = { kept: (entry: Entry) => this.kept(entry), dropped: (entries: Entry[]) => this.dropped(entries) };
    return memoryOnly ? new Outbox(told, null) : new Outbox(told);
  }

  /** Another tab may be told that consent is taken back. */
  private listen(): void {
    const channel = this.openChannel();
    if (channel) channel.onmessage = () => this.forget(false);
  }

  /** Undefined for a frame without an origin: it shares nothing with any tab. */
  private openChannel(): BroadcastChannel | undefined {
    try {
      this.channel ??= new BroadcastChannel(FORGET_CHANNEL);
    } catch {}
    return this.channel;
  }

  /** A part of the batch that is under way. */
  private write(chunk: Chunk, base: string): Written {
    let written = { text: '', events: countEvents(chunk) };
    try {
      written = writeEvents(chunk, base, mayTell, (events) => {
        this.replay?.saw(events);
        return filtered(events);
      });
    } catch {
      // Without a text it keeps its batch from being sent.
    }
    this.open.push(written);
    return written;
  }

  /** The rest of a batch: encoded, queued, stored. */
  async flush(header: Header, chunk: Chunk): Promise<void> {
    const { tab_id, batch_seq, page } = header;
    this.write(chunk, page.url);
    const parts = this.open.splice(0);
    const events = parts.reduce((sum, { events }) => sum + events, 0);
    const { rest } = writeBatch(header, parts, this.hints);
    const entry = { tab_id, batch_seq, created_at: Date.now(), events, rest };
    if (parts.some(({ text, events }) => events && !text)) return this.dropped([entry]);
    const stored = this.outbox.put(entry);
    this.send();
    await stored;
  }

  /** A batch that an earlier page of this site left in localStorage when it ended. */
  private async adopt(name: string, text: string): Promise<void> {
    const entry = entryOf(text);
    // Not one of ours goes all the same, or it would be tried for ever; one of this tab came by the usual way as well.
    if (!entry || entry.tab_id === this.tabId || (await this.claim(entry)))
      this.whenSafe(() => this.report({ kind: 'adopted', name }));
  }

  /** False: another tab is at it, and it stays where it is. */
  private claim(left: Entry): Promise<boolean> {
    const find = async () => {
      await this.outbox.put(left);
      return this.outbox.has(keyOf(left)) ? [left] : [];
    };
    return this.orphans.claim(left.tab_id, find, true);
  }

  /** Runs when what is held outlives the page, or is answered. */
  private whenSafe(run: () => void): void {
    if (this.outbox.durable || !this.sending) run();
    else this.idle.push(run);
  }

  private kept({ tab_id, batch_seq }: Entry): void {
    if (tab_id === this.tabId) this.report({ kind: 'kept', batch_seq });
  }

  private dropped(entries: Entry[]): void {
    for (const entry of entries) {
      this.lost += entry.events;
      this.settled(entry, 0, entry.events);
    }
  }

  /** Settles when everything that is held is answered for good. */
  private deliverAll(entries: Entry[]): Promise<void> {
    for (const entry of entries) this.outbox.hold(entry);
    if (!entries.length) return Promise.resolve();
    const done = new Promise<void>((resolve) => this.idle.push(resolve));
    this.send();
    return done;
  }

  /** Delivers one batch at a time, so that order is kept. Runs until none is left. */
  private async send(): Promise<void> {
    if (this.sending) return;
    this.sending = true;
    for (let entry = this.next(); entry; entry = this.next()) await this.deliver(entry);
    this.sending = false;
    for (const run of this.idle.splice(0)) run();
    this.settleFlushes();
  }

  private next(): Entry | undefined {
    return this.forgotten ? undefined : this.outbox.first();
  }

  /** Until it is answered for good, whole or in parts: what is stored stays the whole batch until all are. */
  private async deliver(entry: Entry): Promise<void> {
    const parts: Part[] = [{ text: entry.rest, events: entry.events }];
    let acknowledged = 0;
    for (let part = parts[0]; part; part = parts[0]) {
      const verdict = await this.sender.attempt(part.text);
      if (this.forgotten) return;
      if (verdict.kind === 'again') {
        await this.pauseAfterFailure(verdict.afterMs);
        // The oldest goes when there is no room, and when it is too old.
        this.next();
        if (!this.outbox.has(keyOf(entry))) return;
        continue;
      }
      this.failures = 0;
      parts.shift();
      if (verdict.kind === 'too_large' && part.events > 1) parts.unshift(...halves(part, uuidV7));
      else if (verdict.kind === 'delivered') acknowledged += Math.max(0, part.events - verdict.rejected);
    }
    if (this.outbox.remove(keyOf(entry))) this.settled(entry, acknowledged, entry.events - acknowledged);
    this.tellLost();
  }

  private async pauseAfterFailure(afterMs: number | null): Promise<void> {
    this.failures++;
    const woken = new Promise<void>((resolve) => {
      this.wake = resolve;
    });
    await Promise.race([this.wait(Math.max(afterMs ?? 0, pauseMs(this.failures))), woken]);
  }

  /** The page counts what is its own. */
  private settled({ tab_id, batch_seq }: Entry, acknowledged: number, dropped: number): void {
    if (tab_id !== this.tabId) return;
    this.report({ kind: 'settled', batch_seq, acknowledged, dropped, clock: this.clock.estimate() });
  }

  /** Once the collector takes batches again: one more before that would only be dropped as well. */
  private tellLost(): void {
    if (this.lost) this.report({ kind: 'lost', events: this.lost });
    this.lost = 0;
  }

  private settleFlushes(): void {
    if (this.next()) return;
    this.tellLost();
    for (const id of this.flushes.splice(0)) this.report({ kind: 'flushed', id });
  }

  /** `tell`: the other tabs as well. */
  private async forget(tell: boolean): Promise<void> {
    if (!this.forgotten) {
      this.forgotten = true;
      this.sender?.abort();
      this.lost = 0;
      if (tell) this.openChannel()?.postMessage(0);
      this.orphans?.disown();
      // The databases go last, when nobody writes to them any more.
      const gone = Promise.resolve(this.replay?.forget()).then(() => this.outbox.forget());
      this.wake();
      this.settleFlushes();
      await gone;
    }
    this.report({ kind: 'forgotten' });
  }
}
