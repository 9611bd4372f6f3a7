/**
 * Batches of tabs that are gone. Each tab that lives holds a lock of its name; whoever gets the lock of another tab delivers
 * what it left behind, and nobody else does. A held lock is not waited for: the next look is soon enough.
 */
import { ORPHAN_AGE_MS_MIN, ORPHANS_EVERY_MS, ORPHANS_FIRST_MS } from '../shared/limits.ts';
import type { Entry, Kept } from './entry.ts';
import type { Outbox } from './outbox.ts';
import { platform } from './platform.ts';

/** What is delivered settles when each of it is answered for good. */
export type Deliver<E = Entry> = (entries: E[]) => Promise<void>;

export class Orphans<E extends Kept = Entry> {
  /** Gives the own lock back; null while it is not held. */
  private disowned: (() => void) | null = null;
  /** Settles when it is given back. */
  private owned = Promise.resolve();
  /** Tabs that are gone, and whose locks are held here. */
  private claimed = new Set<string>();
  /** Tabs whose locks, once held here, are kept while this page lives. */
  private stays = new Set<string>();

  constructor(
    private tabId: string,
    private outbox: Outbox<E>,
    private deliver: Deliver<E>,
    private lockPrefix = 'ct-tab-',
  ) {}

  /** Tells other tabs that this tab's batches have an owner. */
  own(): void {
    if (this.disowned) return;
    this.owned = new Promise<void>((resolve) => {
      this.disowned = resolve;
    });
    locks()
      ?.request(this.lockPrefix + this.tabId, () => this.owned)
      .catch(() => {});
  }

  /** This page may never come back: others may deliver. */
  disown(): void {
    this.disowned?.();
    this.disowned = null;
  }

  /** Settles when what is left behind is on its way. What fails is tried the next time. */
  async look(): Promise<void> {
    try {
      const tabs = await this.outbox.tabs();
      tabs.delete(this.tabId);
      const ageMs = locks() ? 0 : ORPHAN_AGE_MS_MIN;
      for (const tab of tabs)
        await this.claim(tab, async () => {
          const left = await this.outbox.of(tab);
          return left.filter(({ created_at }) => Date.now() - created_at >= ageMs);
        });
    } catch {
      // The store is gone, or in the way of somebody else.
    }
  }

  /** Looks again, and again: more tabs may be gone by then. */
  keepLooking(): void {
    const again = () => {
      this.look();
      platform.later(again, ORPHANS_EVERY_MS);
    };
    platform.later(again, ORPHANS_FIRST_MS);
  }

  /**
   * Holds the tab's lock until what `find` gives is delivered. Settles when that is on its way; false: another tab is at it.
   * `stay`: until this page ends, since another one may have read what was found, and come to it when it is delivered.
   */
  async claim(tab: string, find: () => Promise<E[]>, stay = false): Promise<boolean> {
    if (stay) this.stays.add(tab);
    // The lock is given back when all is delivered, this too.
    if (this.claimed.has(tab)) {
      this.deliver(await find());
      return true;
    }
    return new Promise((settle) => {
      const work = async (lock: unknown) => {
        if (!lock) return settle(false);
        this.claimed.add(tab);
        const delivered = this.deliver(await find());
        settle(true);
        await delivered;
        // Whoever has the lock next must not find it.
        await this.outbox.removed;
        if (this.stays.has(tab)) await this.owned;
      };
      const manager = locks();
      const done = manager ? manager.request(this.lockPrefix + tab, { ifAvailable: true }, work) : work(true);
      // Not before the lock is free: what comes in between would be refused.
      done.catch(() => settle(false)).finally(() => this.claimed.delete(tab));
    });
  }
}

/** Pages of plain HTTP have none, and frames without an origin may not use them. */
function locks(): LockManager | undefined {
  return navigator.locks;
}
