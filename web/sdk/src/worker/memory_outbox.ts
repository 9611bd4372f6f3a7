/** Batches that are not answered yet, in the order in which they go, in memory. */
import { type Entry, type Kept, type Key, keyOf, type Limits } from './entry.ts';

const nameOf = ([tab, seq]: Key) => `${tab}:${seq}`;

export class MemoryOutbox<E extends Kept = Entry> {
  private entries = new Map<string, E>();
  private bytes = 0;

  constructor(
    private limits: Limits,
    private now: () => number,
  ) {}

  /** Takes it once, and returns what had to go for it: the oldest. */
  put(entry: E): E[] {
    const name = nameOf(keyOf(entry));
    this.bytes += entry.rest.length - (this.entries.get(name)?.rest.length ?? 0);
    this.entries.set(name, entry);
    return this.expire();
  }

  /** Removes and returns what is over a limit of size or age. */
  expire(): E[] {
    const gone: E[] = [];
    const oldest = this.now() - this.limits.ageMs;
    for (const entry of this.entries.values()) {
      const over = this.bytes > this.limits.bytes || this.entries.size > this.limits.batches;
      if (!over && entry.created_at >= oldest) continue;
      gone.push(entry);
      this.remove(keyOf(entry));
    }
    return gone;
  }

  /** Whether it was there. */
  remove(key: Key): boolean {
    this.bytes -= this.get(key)?.rest.length ?? 0;
    return this.entries.delete(nameOf(key));
  }

  get(key: Key): E | undefined {
    return this.entries.get(nameOf(key));
  }

  first(): E | undefined {
    return this.entries.values().next().value;
  }

  all(): E[] {
    return [...this.entries.values()];
  }

  keys(): Key[] {
    return this.all().map(keyOf);
  }

  clear(): void {
    this.entries.clear();
    this.bytes = 0;
  }
}
