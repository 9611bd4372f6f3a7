/** How many changes of a page are taken, and when there is to be a new snapshot: see `limits.ts`. */
import { platform } from '../platform.ts';
import {
  CHANGES_AT_ONCE_UNITS_MAX,
  CHANGES_UNITS_PER_S,
  CHECKOUT_AFTER_UNITS,
  CHECKOUT_COST_MS_MAX,
  CHECKOUT_EVERY_MS,
  QUIET_MS,
  QUIET_WITHIN_MS,
} from './limits.ts';
import type { Recorded } from './recorded.ts';

export interface Asked {
  /** A new snapshot is to be taken. */
  snapshot(): void;
  /** Changes are left out from here on, until there is one. */
  skipping(): void;
}

export class Budget {
  private room = CHANGES_AT_ONCE_UNITS_MAX;
  /** While changes are left out: when that began, or before. */
  private filledAt: number;
  /** Since the last snapshot. */
  private changed = 0;
  private snapshotAt: number;
  private cost = 0;
  private asked = false;
  /** What comes cannot be shown: something before it was left out. */
  skips = false;
  private quiet = 0;

  /** `everyMs`: how often there is to be a snapshot of a page that changes. */
  constructor(
    private tell: Asked,
    public everyMs = CHECKOUT_EVERY_MS,
    private now: () => number = () => performance.now(),
  ) {
    this.filledAt = this.snapshotAt = now();
  }

  /** Whether this event is taken. */
  takes({ kind, line, cost_ms }: Recorded): boolean {
    if (kind === 'snapshot') {
      this.begin(cost_ms);
      return true;
    }
    if (this.skips) {
      if (this.now() - this.filledAt < QUIET_WITHIN_MS) this.waitForQuiet();
    } else if (!this.spend(line.length)) {
      this.skip();
      this.tell.skipping();
    } else this.checkout();
    return !this.skips;
  }

  /** What was recorded so far is gone or cannot be sent: nothing is taken until there is a snapshot. */
  skip(): void {
    this.skips = true;
    this.waitForQuiet();
  }

  /** The page view is over. */
  end(): void {
    platform.notLater(this.quiet);
  }

  private begin(cost = 0): void {
    this.end();
    this.skips = this.asked = false;
    this.changed = 0;
    this.snapshotAt = this.now();
    this.cost = cost;
  }

  private spend(units: number): boolean {
    const now = this.now();
    const filled = this.room + ((now - this.filledAt) / 1000) * CHANGES_UNITS_PER_S;
    this.filledAt = now;
    this.room = Math.min(filled, CHANGES_AT_ONCE_UNITS_MAX);
    if (units > this.room) return false;
    this.room -= units;
    this.changed += units;
    return true;
  }

  private checkout(): void {
    if (this.asked || this.cost > CHECKOUT_COST_MS_MAX) return;
    if (this.changed < CHECKOUT_AFTER_UNITS && this.now() - this.snapshotAt < this.everyMs) return;
    this.asked = true;
    this.tell.snapshot();
  }

  private waitForQuiet(): void {
    platform.notLater(this.quiet);
    this.quiet = platform.later(() => this.tell.snapshot(), QUIET_MS);
  }
}
