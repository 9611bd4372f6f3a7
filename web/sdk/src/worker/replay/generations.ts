/** Mode `friction`: what was recorded is kept, the last snapshots with what followed, until something goes wrong for the visitor. */
import { GENERATION_MS_MIN, GENERATIONS_KEPT, OUTBOX_FRAMES_BYTES_MAX } from './limits.ts';

/** A chunk that waits, as far as this has to know it. */
export interface Waiting {
  kind: 'snapshot' | 'mutations';
  first_at: number;
  /** What it takes in memory. */
  bytes: number;
}

export class Generations<T extends Waiting> {
  /** Each begins with a snapshot; oldest first. */
  private kept: T[][] = [];

  /** False: there is no room for it, and so all is gone, and what comes cannot be shown until there is a snapshot. */
  keep(chunk: T): boolean {
    if (chunk.kind === 'snapshot') this.begin();
    const last = this.kept.at(-1);
    if (!last && chunk.kind !== 'snapshot') return false;
    if (chunk.kind === 'snapshot') this.kept.push([chunk]);
    else last?.push(chunk);
    while (this.bytes() > OUTBOX_FRAMES_BYTES_MAX && this.kept.length > 1) this.kept.shift();
    if (this.bytes() <= OUTBOX_FRAMES_BYTES_MAX) return true;
    this.kept = [];
    return false;
  }

  /** All of it, oldest first; nothing is kept any more. */
  release(): T[] {
    return this.kept.splice(0).flat();
  }

  /** A snapshot comes: what it makes needless goes. The one before it has to be old enough to be worth more than itself. */
  private begin(): void {
    while (this.kept.length >= GENERATIONS_KEPT) {
      const [, next] = this.kept;
      const newest = this.kept.at(-1)?.at(-1);
      if (!next?.[0] || !newest || newest.first_at - next[0].first_at < GENERATION_MS_MIN) break;
      this.kept.shift();
    }
  }

  private bytes(): number {
    return this.kept.flat().reduce((sum, { bytes }) => sum + bytes, 0);
  }
}
