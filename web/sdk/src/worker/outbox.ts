/** Batches that are not answered yet: in IndexedDB, so that they outlive the page, or in memory. */
import { OUTBOX_AGE_MS_MAX, OUTBOX_BATCHES_MAX, OUTBOX_BYTES_MAX } from '../shared/limits.ts';

/** [tab_id, batch_seq]: storing a batch twice is storing it once. */
export type Key = [tab_id: string, batch_seq: number];

export interface Entry {
  tab_id: string;
  batch_seq: number;
  created_at: number;
  events: number;
  /** JSON of the batch without `sent_at` and `clock`, which describe the attempt. */
  rest: string;
}

export interface Outbox {
  /** Whether it outlives the page. */
  readonly durable: boolean;
  /** Stores, drops the oldest beyond the limits, and returns what it dropped. */
  put(entry: Entry): Promise<Entry[]>;
  get(key: Key): Promise<Entry | undefined>;
  remove(key: Key): Promise<void>;
  /** In the order of tab and batch. */
  keys(): Promise<Key[]>;
}

export interface Limits {
  bytes: number;
  batches: number;
  ageMs: number;
}

const LIMITS: Limits = { bytes: OUTBOX_BYTES_MAX, batches: OUTBOX_BATCHES_MAX, ageMs: OUTBOX_AGE_MS_MAX };

export class MemoryOutbox implements Outbox {
  readonly durable = false;
  private entries = new Map<string, Entry>();
  private bytes = 0;

  constructor(
    private limits: Limits = LIMITS,
    private now: () => number = Date.now,
  ) {}

  async put(entry: Entry): Promise<Entry[]> {
    const dropped: Entry[] = [];
    await this.remove([entry.tab_id, entry.batch_seq]);
    this.entries.set(`${entry.tab_id}:${entry.batch_seq}`, entry);
    this.bytes += entry.rest.length;
    for (const oldest of this.entries.values()) {
      const over = this.bytes > this.limits.bytes || this.entries.size > this.limits.batches;
      if (!over && oldest.created_at >= this.now() - this.limits.ageMs) break;
      dropped.push(oldest);
      await this.remove([oldest.tab_id, oldest.batch_seq]);
    }
    return dropped;
  }

  async get([tab, seq]: Key): Promise<Entry | undefined> {
    return this.entries.get(`${tab}:${seq}`);
  }

  async remove([tab, seq]: Key): Promise<void> {
    this.bytes -= this.entries.get(`${tab}:${seq}`)?.rest.length ?? 0;
    this.entries.delete(`${tab}:${seq}`);
  }

  async keys(): Promise<Key[]> {
    return [...this.entries.values()].map(({ tab_id, batch_seq }) => [tab_id, batch_seq]);
  }
}

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

const BATCHES = 'batches';
/** One record: how many batches and bytes there are, kept in the same transactions, so that no put reads them all. */
const BOOKS = 'books';

interface Books {
  batches: number;
  bytes: number;
}

export class StoredOutbox implements Outbox {
  readonly durable = true;

  private constructor(
    private database: IDBDatabase,
    private limits: Limits,
    private now: () => number,
  ) {}

  /** Rejects where IndexedDB is missing or forbidden. */
  static async open(name = 'ct-outbox', limits = LIMITS, now: () => number = Date.now): Promise<StoredOutbox> {
    const request = indexedDB.open(name, 1);
    request.onupgradeneeded = () => {
      const batches = request.result.createObjectStore(BATCHES, { keyPath: ['tab_id', 'batch_seq'] });
      batches.createIndex('created_at', 'created_at');
      request.result.createObjectStore(BOOKS);
    };
    const database = await done(request);
    database.onversionchange = () => database.close();
    return new StoredOutbox(database, limits, now);
  }

  async put(entry: Entry): Promise<Entry[]> {
    return this.change(async (batches, books) => {
      await this.take(batches, books, [entry.tab_id, entry.batch_seq]);
      await done(batches.put(entry));
      books.batches++;
      books.bytes += entry.rest.length;
      const dropped: Entry[] = [];
      const oldestFirst = batches.index('created_at').openCursor();
      for (let cursor = await done(oldestFirst); cursor; cursor = await done(oldestFirst)) {
        const oldest = cursor.value as Entry;
        const over = books.bytes > this.limits.bytes || books.batches > this.limits.batches;
        if (!over && oldest.created_at >= this.now() - this.limits.ageMs) break;
        dropped.push(oldest);
        await this.take(batches, books, [oldest.tab_id, oldest.batch_seq]);
        cursor.continue();
      }
      return dropped;
    });
  }

  get(key: Key): Promise<Entry | undefined> {
    return done(this.database.transaction(BATCHES).objectStore(BATCHES).get(key));
  }

  remove(key: Key): Promise<void> {
    return this.change((batches, books) => this.take(batches, books, key));
  }

  async keys(): Promise<Key[]> {
    return (await done(this.database.transaction(BATCHES).objectStore(BATCHES).getAllKeys())) as Key[];
  }

  private async take(batches: IDBObjectStore, books: Books, key: Key): Promise<void> {
    const entry = (await done(batches.get(key))) as Entry | undefined;
    if (!entry) return;
    await done(batches.delete(key));
    books.batches--;
    books.bytes -= entry.rest.length;
  }

  /** One transaction over batches and books. Relaxed durability survives a crash of the browser, not of the machine. */
  private async change<T>(work: (batches: IDBObjectStore, books: Books) => Promise<T>): Promise<T> {
    const transaction = this.database.transaction([BATCHES, BOOKS], 'readwrite', { durability: 'relaxed' });
    const completed = new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error);
    });
    completed.catch(() => {});
    const store = transaction.objectStore(BOOKS);
    const books: Books = (await done(store.get(BOOKS))) ?? { batches: 0, bytes: 0 };
    const result = await work(transaction.objectStore(BATCHES), books);
    await done(store.put(books, BOOKS));
    await completed;
    return result;
  }
}
