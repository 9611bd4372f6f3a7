/**
 * The worker: takes the page's events, encodes batches, stores, sends and sends again. `Courier` is a plain class,
 * so that it runs in a worker, in idle moments of a page without workers, and in tests; the shell is at the end.
 */
import type { ClientHints } from '../shared/batch.ts';
import type { Chunk, Header } from '../shared/chunk.ts';
import { encodeRest } from '../shared/encode.ts';
import { ORPHAN_AGE_MS_MIN, ORPHANS_EVERY_MS, ORPHANS_FIRST_MS } from '../shared/limits.ts';
import type { Order, Report } from '../shared/messages.ts';
import { allowQuery } from '../shared/urls.ts';
import { uuidV7 } from '../shared/uuid.ts';
import { askClientHints } from './client_hints.ts';
import { Clock } from './clock.ts';
import { type Entry, type Key, MemoryOutbox, type Outbox, StoredOutbox } from './outbox.ts';
import { pauseMs, Sender } from './sender.ts';

export type Wait = (ms: number) => Promise<void>;

const sameKey = (a: Key, b: Key) => a[0] === b[0] && a[1] === b[1];

export class Courier {
  private tabId = '';
  private clock = new Clock();
  private sender!: Sender;
  private outbox: Outbox = new MemoryOutbox();
  /** Empty until the browser has answered, which no batch waits for. */
  private hints: ClientHints = {};
  /** What this worker is to deliver, in order. */
  private queue: Key[] = [];
  /** Orders are carried out one after the other. */
  private work: Promise<void> = Promise.resolve();
  private sending = false;
  private failures = 0;
  private stopped = false;
  private wake: () => void = () => {};
  private flushes: number[] = [];
  private idle: (() => void)[] = [];
  /** Gives the lock back; null while it is not held. */
  private disown: (() => void) | null = null;
  /** Events of own batches that are not settled, by batch number. */
  private unsettled = new Map<number, number>();

  constructor(
    private report: (report: Report) => void,
    private wait: Wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  ) {}

  /** Takes an order of the page. Settles when it is carried out, delivery not included. */
  receive(order: Order): Promise<void> {
    this.work = this.work.then(() => this.carryOut(order)).catch(() => {});
    return this.work;
  }

  /** The network is back: no need to wait any longer. */
  online(): void {
    this.failures = 0;
    this.wake();
  }

  private async carryOut(order: Order): Promise<void> {
    if (this.stopped) {
      if (order.kind === 'flush') this.report({ kind: 'flushed', id: order.id });
    } else if (order.kind === 'start') await this.start(order);
    else if (order.kind === 'batch') {
      if (this.outbox.durable) this.own();
      await this.flush(order.header, order.chunk);
    } else if (order.kind === 'adopt') await this.adopt(order.name, order.text);
    else if (order.kind === 'flush') {
      if (this.outbox.durable) await this.watchOrphans();
      this.flushes.push(order.id);
      this.settleFlushes();
    } else await this.stop();
  }

  private async start(order: Order & { kind: 'start' }): Promise<void> {
    this.tabId = order.tab_id;
    allowQuery(order.allow_query);
    this.sender = new Sender(order.endpoint, order.key, this.clock);
    askClientHints().then((hints) => {
      this.hints = hints;
    });
    if (!order.memory_only) {
      this.own();
      this.outbox = await StoredOutbox.open().catch(() => new MemoryOutbox());
    }
    if (this.outbox.durable) {
      const watch = () => this.watchOrphans().catch(() => {});
      await watch();
      setTimeout(watch, ORPHANS_FIRST_MS);
      setInterval(watch, ORPHANS_EVERY_MS);
    }
  }

  /** Takes the lock that tells other tabs that this tab's batches have an owner. */
  private own(): void {
    if (this.disown) return;
    locks()?.request(
      lockName(this.tabId),
      () =>
        new Promise<void>((resolve) => {
          this.disown = () => {
            this.disown = null;
            resolve();
          };
        }),
    );
  }

  /** A batch of the page: encoded, stored, queued. */
  async flush(header: Header, chunk: Chunk): Promise<void> {
    const { tab_id, batch_seq } = header;
    const { rest, events } = encodeRest(header, chunk, this.hints);
    this.unsettled.set(batch_seq, events);
    await this.store({ tab_id, batch_seq, created_at: Date.now(), events, rest });
    if (this.outbox.durable) this.report({ kind: 'kept', batch_seq });
    this.enqueue([[tab_id, batch_seq]]);
  }

  /** A batch that an earlier page of this site left in localStorage when it ended. */
  private async adopt(name: string, text: string): Promise<void> {
    try {
      const { sent_at, clock: _, ...batch } = JSON.parse(text);
      const { tab_id, batch_seq, events } = batch;
      const rest = JSON.stringify(batch);
      await this.store({ tab_id, batch_seq, created_at: sent_at, events: events.length, rest });
      this.enqueue([[tab_id, batch_seq]]);
    } catch {
      // Not one of ours: it goes all the same, or it would be tried for ever.
    }
    this.report({ kind: 'adopted', name });
  }

  private async store(entry: Entry): Promise<void> {
    let dropped: Entry[];
    try {
      dropped = await this.outbox.put(entry);
    } catch {
      // The disk is full, or the browser took the database away: go on in memory with what comes.
      this.outbox = new MemoryOutbox();
      dropped = await this.outbox.put(entry);
    }
    for (const { tab_id, batch_seq, events } of dropped) this.settle([tab_id, batch_seq], 0, events);
  }

  private enqueue(keys: Key[]): void {
    for (const key of keys) if (!this.queue.some((queued) => sameKey(queued, key))) this.queue.push(key);
    if (!this.sending) this.send();
  }

  /** Delivers the queue, one batch at a time, so that order is kept. Runs until the queue is empty. */
  private async send(): Promise<void> {
    this.sending = true;
    for (let key = this.queue[0]; key && !this.stopped; key = this.queue[0]) {
      const entry = await this.outbox.get(key).catch(() => undefined);
      if (entry) await this.deliver(key, entry);
      // Another tab took it while this page was in the back/forward cache.
      else this.settle(key, this.unsettled.get(key[1]) ?? 0, 0);
    }
    this.sending = false;
    for (const resolve of this.idle.splice(0)) resolve();
    this.settleFlushes();
  }

  private async deliver(key: Key, entry: Entry): Promise<void> {
    const verdict = await this.sender.attempt(entry.rest);
    if (this.stopped) return;
    if (verdict.kind === 'again') {
      await this.pauseAfterFailure(verdict.afterMs);
      return;
    }
    this.failures = 0;
    if (verdict.kind === 'too_large' && entry.events > 1) return this.halve(entry);
    await this.outbox.remove(key).catch(() => {});
    const lost = verdict.kind === 'delivered' ? Math.min(verdict.rejected, entry.events) : entry.events;
    this.settle(key, entry.events - lost, lost);
  }

  /**
   * Sends a batch in parts. They keep its number, since only the page hands numbers out: for the ledger the number
   * is there, and events are told apart by their own. What is stored stays the whole batch until all is settled.
   */
  private async halve(entry: Entry): Promise<void> {
    let acknowledged = 0;
    let dropped = 0;
    const parts = halves(JSON.parse(entry.rest));
    while (parts.length && !this.stopped) {
      const part = parts[0] as Part;
      const count = part.events.length;
      const verdict = await this.sender.attempt(JSON.stringify(part));
      if (verdict.kind === 'again') {
        await this.pauseAfterFailure(verdict.afterMs);
        continue;
      }
      parts.shift();
      if (verdict.kind === 'too_large' && count > 1) parts.unshift(...halves(part));
      else if (verdict.kind === 'delivered') {
        acknowledged += count - verdict.rejected;
        dropped += verdict.rejected;
      } else dropped += count;
    }
    if (this.stopped) return;
    const key: Key = [entry.tab_id, entry.batch_seq];
    await this.outbox.remove(key).catch(() => {});
    this.settle(key, acknowledged, dropped);
  }

  private async pauseAfterFailure(afterMs: number | null): Promise<void> {
    this.failures++;
    const woken = new Promise<void>((resolve) => {
      this.wake = resolve;
    });
    await Promise.race([this.wait(Math.max(afterMs ?? 0, pauseMs(this.failures))), woken]);
  }

  private settle(key: Key, acknowledged: number, dropped: number): void {
    this.queue = this.queue.filter((queued) => !sameKey(queued, key));
    if (key[0] !== this.tabId) return;
    this.unsettled.delete(key[1]);
    const clock = this.clock.estimate();
    this.report({ kind: 'settled', batch_seq: key[1], acknowledged, dropped, clock });
  }

  private settleFlushes(): void {
    if (this.queue.length) return;
    for (const id of this.flushes.splice(0)) this.report({ kind: 'flushed', id });
  }

  /**
   * Batches of tabs that are gone: whoever gets the lock of such a tab delivers them; nobody else does. A held lock is
   * not waited for: the next look is soon enough.
   */
  private async watchOrphans(): Promise<void> {
    const manager = locks();
    const tabs = new Set((await this.outbox.keys()).map(([tab]) => tab));
    tabs.delete(this.tabId);
    for (const tab of tabs)
      if (manager) await this.deliverOwned(manager, tab);
      else await this.deliverOrphans(tab, ORPHAN_AGE_MS_MIN);
  }

  /** Settles when the tab's batches are queued; its lock is held until they are delivered. */
  private deliverOwned(manager: LockManager, tab: string): Promise<void> {
    return new Promise((queued) => {
      manager
        .request(lockName(tab), { ifAvailable: true }, async (lock) => {
          const delivered = lock && (await this.deliverOrphans(tab, 0));
          queued();
          await delivered?.whenIdle;
        })
        .catch(() => queued());
    });
  }

  /** Queues a tab's batches of at least that age. */
  private async deliverOrphans(tab: string, ageMs: number): Promise<{ whenIdle: Promise<void> } | null> {
    const old: Key[] = [];
    for (const key of await this.outbox.keys()) {
      const entry = key[0] === tab ? await this.outbox.get(key) : undefined;
      if (entry && Date.now() - entry.created_at >= ageMs) old.push(key);
    }
    if (!old.length) return null;
    const whenIdle = new Promise<void>((resolve) => this.idle.push(resolve));
    this.enqueue(old);
    return { whenIdle };
  }

  private async stop(): Promise<void> {
    this.stopped = true;
    this.wake();
    for (const key of await this.outbox.keys())
      if (key[0] === this.tabId || !this.outbox.durable) await this.outbox.remove(key);
    this.queue = [];
    this.settleFlushes();
  }
}

type Part = { batch_id: string; events: unknown[] };

function halves(part: Part): Part[] {
  const middle = Math.ceil(part.events.length / 2);
  return [part.events.slice(0, middle), part.events.slice(middle)].map((events) => {
    return { ...part, batch_id: uuidV7(), events };
  });
}

function locks(): LockManager | undefined {
  return navigator.locks;
}

function lockName(tab: string): string {
  return `ct-tab-${tab}`;
}

/** What is there when this file runs as a plain script of a page. */
interface Page {
  telemetryCourier?: (report: (report: Report) => void) => (order: Order) => void;
  requestIdleCallback?: (run: () => void, options: { timeout: number }) => void;
}

/** The message shell: in a worker, messages; on a page, a function that carries orders out when the page is idle. */
function shell(): void {
  if (typeof WorkerGlobalScope !== 'undefined' && self instanceof WorkerGlobalScope) {
    const scope = self as unknown as DedicatedWorkerGlobalScope;
    const courier = new Courier((report) => scope.postMessage(report));
    scope.onmessage = ({ data }) => courier.receive(data);
    scope.addEventListener('online', () => courier.online());
    scope.postMessage({ kind: 'ready' });
    return;
  }
  const page = globalThis as Page;
  page.telemetryCourier = (report) => {
    const courier = new Courier(report);
    const idle = page.requestIdleCallback ?? ((run: () => void) => setTimeout(run, 1));
    return (order) => idle(() => courier.receive(order), { timeout: 1000 });
  };
}

shell();
