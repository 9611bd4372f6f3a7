/** Batches that are not answered yet, of all tabs, in IndexedDB. Every method rejects where the database fails. */
import { FRAMES, OUTBOX } from '../shared/messages.ts';
import { type Entry, type Kept, type Key, keyOf, LIMITS, type Limits } from './entry.ts';

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

export class StoredOutbox<E extends Kept = Entry> {
  /** Called when the browser, another tab or the page takes the database away. */
  lost: () => void = () => {};

  private constructor(
    private database: IDBDatabase,
    private limits: Limits,
    private now: () => number,
  ) {
    database.onclose = () => this.lost();
    database.onversionchange = () => {
      database.close();
      this.lost();
    };
  }

  /** Rejects where IndexedDB is missing or forbidden. */
  static async open<E extends Kept = Entry>(
    name = OUTBOX,
    limits = LIMITS,
    now: () => number = Date.now,
  ): Promise<StoredOutbox<E>> {
    const request = indexedDB.open(name, 1);
    request.onupgradeneeded = () => {
      const batches = request.result.createObjectStore(BATCHES, { keyPath: ['tab_id', 'batch_seq'] });
      batches.createIndex('created_at', 'created_at');
      request.result.createObjectStore(BOOKS);
    };
    const database = await done(request);
    if (database.objectStoreNames.length) return new StoredOutbox<E>(database, limits, now);
    // Somebody looked for it before it was there, and so made an empty one.
    database.close();
    await done(indexedDB.deleteDatabase(name));
    return StoredOutbox.open(name, limits, now);
  }

  /** Deletes the databases, of batches and of recordings, with all that any tab has in them. */
  static async delete(): Promise<void> {
    await Promise.all([OUTBOX, FRAMES].map((name) => done(indexedDB.deleteDatabase(name))));
  }

  close(): void {
    this.database.close();
  }

  /** Stores, drops the oldest beyond the limits, and returns what it dropped. */
  async put(entry: E): Promise<E[]> {
    return this.change(async (batches, books) => {
      await this.take(batches, books, keyOf(entry));
      await done(batches.put(entry));
      books.batches++;
      books.bytes += entry.rest.length;
      const dropped: E[] = [];
      const oldestFirst = batches.index('created_at').openCursor();
      for (let cursor = await done(oldestFirst); cursor; cursor = await done(oldestFirst)) {
        const oldest = cursor.value as E;
        const over = books.bytes > this.limits.bytes || books.batches > this.limits.batches;
        if (!over && oldest.created_at >= this.now() - this.limits.ageMs) break;
        dropped.push(oldest);
        await this.take(batches, books, keyOf(oldest));
        cursor.continue();
      }
      return dropped;
    });
  }

  remove(key: Key): Promise<void> {
    return this.change((batches, books) => this.take(batches, books, key));
  }

  /** In the order of tab and batch. */
  async keys(): Promise<Key[]> {
    return (await done(this.database.transaction(BATCHES).objectStore(BATCHES).getAllKeys())) as Key[];
  }

  /** The batches of one tab, in order. */
  async of(tab: string): Promise<E[]> {
    const range = IDBKeyRange.bound([tab], [tab, []]);
    return (await done(this.database.transaction(BATCHES).objectStore(BATCHES).getAll(range))) as E[];
  }

  private async take(batches: IDBObjectStore, books: Books, key: Key): Promise<void> {
    const entry = (await done(batches.get(key))) as E | undefined;
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
    const batches = transaction.objectStore(BATCHES);
    const store = transaction.objectStore(BOOKS);
    const books = await balanced(batches, await done(store.get(BOOKS)));
    const result = await work(batches, books);
    await done(store.put(books, BOOKS));
    await completed;
    return result;
  }
}

/** The books, or new ones where they do not fit: the page may have cleared one store or the other. */
async function balanced(batches: IDBObjectStore, books: Books | undefined): Promise<Books> {
  const count = await done(batches.count());
  if (books?.batches === count) return books;
  const entries = (await done(batches.getAll())) as Kept[];
  return { batches: count, bytes: entries.reduce((sum, { rest }) => sum + rest.length, 0) };
}
