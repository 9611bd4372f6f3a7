/** How far the server's clock is from this one, from the answers themselves (as NTP does). */

import type { ClockEstimate } from '../shared/batch.ts';
import { CLOCK_JUMP_MS } from '../shared/limits.ts';

export class Clock {
  private best: ClockEstimate | null = null;
  private bestDrift = 0;

  /**
   * Learns from one answer; all times in epoch milliseconds. The answer with the smallest round trip wins, since
   * the error of an offset is at most half of it. `drift` is wall clock minus client clock: when it has jumped
   * (the machine slept, the clock was set), older offsets are void.
   */
  observe(sentAt: number, answeredAt: number, serverReceivedAt: number, serverSentAt: number, drift = 0): void {
    const times = [sentAt, answeredAt, serverReceivedAt, serverSentAt];
    if (!times.every(Number.isFinite)) return;
    const roundTrip = Math.max(0, answeredAt - sentAt - (serverSentAt - serverReceivedAt));
    const jumped = Math.abs(drift - this.bestDrift) > CLOCK_JUMP_MS;
    if (this.best && !jumped && roundTrip / 2 >= this.best.error_ms) return;
    const offset = (serverReceivedAt - sentAt + serverSentAt - answeredAt) / 2;
    this.best = { offset_ms: Math.round(offset * 1000) / 1000, error_ms: Math.round(roundTrip * 500) / 1000 };
    this.bestDrift = drift;
  }

  /** Null before the first answer, and after a jump of the clock until the next one. */
  estimate(drift = 0): ClockEstimate | null {
    return this.best && Math.abs(drift - this.bestDrift) <= CLOCK_JUMP_MS ? this.best : null;
  }
}
