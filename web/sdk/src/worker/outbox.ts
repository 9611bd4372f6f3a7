/**
 * Batches that are not answered yet. All that this worker is to deliver is in memory; the database holds it as well, so that
 * it outlives the page. A database may be slow, full, cleared or gone at any moment: then memory carries on, and what it
 * holds is stored anew as soon as there is a database again.
 */
import { STORAGE_AGAIN_MS, STORAGE_WITHIN_MS } from '../shared/limits.ts';
import { type Entry, type Kept, type Key, keyOf, LIMITS, type Limits } from './entry.ts';
import { MemoryOutbox } from './memory_outbox.ts';
import { platform } from './platform.ts';
import { StoredOutbox } from './stored_outbox.ts';

/** What the outbox tells its owner. */
export interface Told<E = Entry> {
  /** The batch outlives the page now. */
  kept(entry: E): void;
  /** These went unsent: beyond a limit of size or age. */
  dropped(entries: E[]): void;
}

export class Outbox<E extends Kept = Entry> {
  private memory: MemoryOutbox<E>;
  private stored: StoredOutbox<E> | null = null;
  private opening = false;
  private failedAt = Number.NEGATIVE_INFINITY;
  private closed = false;
  /** Settles when the database has lost all that was removed (its transactions end in their order), or has failed. */
  removed: Promise<void> | undefined;

  constructor(
    private told: Told<E>,
    private openDatabase: (() => Promise<StoredOutbox<E>>) | null = StoredOutbox.open,
    limits: Limits = LIMITS,
    private now: () => number = Date.now,
  ) {
    this.memory = new MemoryOutbox(limits, now);
  }

  /** Whether what is put outlives the page. */
  get durable(): boolean {
    return !!this.stored;
  }

  /** Looks for a database; settles when there is one, or when it has not answered in time: it may still come. */
  async open(): Promise<void> {
    if (this.opening || this.stored || this.closed || !this.openDatabase) return;
    this.opening = true;
    const opened = this.openDatabase().then(
      (stored) => this.use(stored),
      () => {
        this.failedAt = this.now();
      },
    );
    const ended = opened.finally(() => {
      this.opening = false;
    });
    await inTime(ended).catch(() => {});
  }

  /** In memory at once. Settles when it is stored, or when that has failed. */
  async put(entry: E): Promise<void> {
    this.hold(entry);
    if (!this.stored && this.now() - this.failedAt >= STORAGE_AGAIN_MS) await this.open();
    else await this.store(entry);
  }

  /** Takes what the database has already, or what is to be in memory only. */
  hold(entry: E): void {
    if (!this.closed) this.drop(this.memory.put(entry));
  }

  /** The batch that goes next; what has become too old meanwhile is dropped. */
  first(): E | undefined {
    this.drop(this.memory.expire());
    return this.memory.first();
  }

  /** All that is to be delivered, in that order. */
  all(): E[] {
    return this.memory.all();
  }

  has(key: Key): boolean {
    return !!this.memory.get(key);
  }

  /** Whether it was there: an answer may come for what has been dropped since. */
  remove(key: Key): boolean {
    const there = this.memory.remove(key);
    this.removed = this.ask((stored) => stored.remove(key));
    return there;
  }

  /** Tabs of which the database has batches. */
  async tabs(): Promise<Set<string>> {
    return new Set((await this.ask((stored) => stored.keys()))?.map(([tab]) => tab));
  }

  async of(tab: string): Promise<E[]> {
    return (await this.ask((stored) => stored.of(tab))) ?? [];
  }

  /** Deletes everything, of all tabs; takes nothing any more. */
  async forget(): Promise<void> {
    this.closed = true;
    this.memory.clear();
    this.stored?.close();
    this.stored = null;
    await inTime(StoredOutbox.delete()).catch(() => {});
  }

  private async use(stored: StoredOutbox<E>): Promise<void> {
    if (this.closed) return stored.close();
    this.stored = stored;
    stored.lost = () => {
      if (this.stored !== stored) return;
      this.stored = null;
      this.open();
    };
    for (const entry of this.memory.all()) await this.store(entry);
  }

  private async store(entry: E): Promise<void> {
    // It may have been answered meanwhile.
    if (!this.has(keyOf(entry))) return;
    const dropped = await this.ask((stored) => stored.put(entry));
    if (!dropped) return;
    // What is in memory is not lost with its copy.
    this.drop(dropped.filter((other) => !this.has(keyOf(other))));
    this.told.kept(entry);
  }

  private drop(entries: E[]): void {
    if (!entries.length) return;
    for (const entry of entries) this.ask((stored) => stored.remove(keyOf(entry)));
    this.told.dropped(entries);
  }

  /** Undefined where there is no database, or it fails or is silent: then it is given up, for a while. */
  private async ask<T>(question: (stored: StoredOutbox<E>) => Promise<T>): Promise<T | undefined> {
    const { stored } = this;
    if (!stored) return undefined;
    try {
      return await inTime(question(stored));
    } catch {
      if (this.stored === stored) {
        this.stored = null;
        this.failedAt = this.now();
        stored.close();
      }
      return undefined;
    }
  }
}

/** Rejects when the work is not done in `STORAGE_WITHIN_MS`. */
function inTime<T>(work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = platform.later(reject, STORAGE_WITHIN_MS);
    work.then(resolve, reject).finally(() => platform.notLater(timer));
  });
}
