/**
 * Delivers frames of recordings: in order, several a request, kept and tried again as batches are (`courier.ts`), but beside them, so
 * that no event waits for a recording.
 */
import { clientNow } from '../../shared/batch.ts';
import { toJson } from '../../shared/json.ts';
import { ATTEMPT_TIMEOUT_MS, KEEPALIVE_BYTES_MAX } from '../../shared/limits.ts';
import { FRAMES } from '../../shared/messages.ts';
import type { Clock } from '../clock.ts';
import { keyOf, LIMITS } from '../entry.ts';
import { Orphans } from '../orphans.ts';
import { Outbox } from '../outbox.ts';
import { platform } from '../platform.ts';
import { pauseMs, type Verdict, verdictOf } from '../sender.ts';
import { StoredOutbox } from '../stored_outbox.ts';
import { bodyOf, type Frame, firstBody, sizeOf } from './frame.ts';
import { OUTBOX_FRAMES_BYTES_MAX, OUTBOX_FRAMES_MAX, TAIL_BYTES_MAX } from './limits.ts';

const SHARE = { ...LIMITS, bytes: OUTBOX_FRAMES_BYTES_MAX, batches: OUTBOX_FRAMES_MAX };

/** Where frames go, and whose they are. */
export interface Destination {
  /** With the key. */
  address: string;
  tab_id: string;
  memoryOnly: boolean;
}

export interface FramesTold {
  /** Frames were lost, or are refused: for an event `capture_degraded`. */
  degraded(reason: string): void;
  /** This collector takes no recordings, or none of this site. */
  refused(): void;
}

export type Wait = (ms: number) => Promise<void>;

export class FrameCourier {
  private outbox: Outbox<Frame>;
  private orphans: Orphans<Frame>;
  private sending = false;
  private forgotten = false;
  private failures = 0;
  private wake: () => void = () => {};
  /** On their way, and certain to outlive the page. */
  private alive: Frame[] = [];
  private flights = new Set<AbortController>();
  /** Called when everything is answered. */
  private idle: (() => void)[] = [];

  constructor(
    private to: Destination,
    private clock: Clock,
    private told: FramesTold,
    private wait: Wait = (ms) => new Promise((resolve) => platform.later(resolve, ms)),
  ) {
    const lost = { kept() {}, dropped: (frames: Frame[]) => told.degraded(`outbox:${frames.length}`) };
    const open = to.memoryOnly ? null : () => StoredOutbox.open<Frame>(FRAMES, SHARE);
    this.outbox = new Outbox<Frame>(lost, open, SHARE);
    this.orphans = new Orphans<Frame>(to.tab_id, this.outbox, (frames) => this.deliverAll(frames), 'ct-frames-');
  }

  /** Opens the outbox, and looks for what closed tabs left. */
  async start(): Promise<void> {
    this.own();
    this.orphans.keepLooking();
    await this.outbox.open();
    await this.orphans.look();
  }

  /** Settles when it is stored, or that has failed. */
  async put(frame: Frame): Promise<void> {
    if (this.forgotten) return;
    const stored = this.outbox.put(frame);
    this.send();
    await stored;
  }

  /** Which of these assets the collector does not have. Rejects where it does not answer. */
  async missing(sha256: string[]): Promise<string[]> {
    const response = await platform.fetch(this.to.address.replace('?', '/have?'), {
      method: 'POST',
      headers: { 'Content-Type': 'text/plain' },
      body: toJson({ sha256 }),
      credentials: 'omit',
      signal: AbortSignal.timeout(ATTEMPT_TIMEOUT_MS),
    });
    return this.forgotten ? [] : (await response.json()).missing;
  }

  /** The page lives: its frames are delivered here. */
  own(): void {
    if (!this.forgotten) this.orphans.own();
  }

  /** The page ends, perhaps: what is not on its way and has room is sent once more, now; the rest is the next page's to deliver. */
  sendTail(): void {
    const fits = (frame: Frame) => frame.tab_id === this.to.tab_id && sizeOf(frame) <= TAIL_BYTES_MAX;
    const left = this.outbox.all().filter((frame) => fits(frame) && !this.alive.includes(frame));
    const tail = firstBody(left, TAIL_BYTES_MAX);
    if (tail.length) this.post(tail, true).then((verdict) => verdict.kind === 'delivered' && this.remove(tail));
    this.orphans.disown();
  }

  /** The network is back. */
  online(): void {
    this.failures = 0;
    this.wake();
  }

  /** Everything of this device goes, of all tabs; nothing is taken any more. */
  async forget(): Promise<void> {
    this.forgotten = true;
    for (const flight of this.flights) flight.abort();
    this.orphans.disown();
    this.wake();
    await this.outbox.forget();
  }

  private deliverAll(frames: Frame[]): Promise<void> {
    for (const frame of frames) this.outbox.hold(frame);
    if (!frames.length) return Promise.resolve();
    const done = new Promise<void>((resolve) => this.idle.push(resolve));
    this.send();
    return done;
  }

  /** One body at a time, until nothing is left. */
  private async send(): Promise<void> {
    if (this.sending) return;
    this.sending = true;
    for (let body = this.next(); body.length; body = this.next()) await this.deliver(body);
    this.sending = false;
    for (const run of this.idle.splice(0)) run();
  }

  private next(): Frame[] {
    return this.forgotten || !this.outbox.first() ? [] : firstBody(this.outbox.all());
  }

  private async deliver(body: Frame[]): Promise<void> {
    const verdict = await this.post(body, false);
    if (this.forgotten) return;
    if (verdict.kind === 'again') return this.pause(verdict.afterMs);
    this.failures = 0;
    if (verdict.kind === 'too_large') {
      // Which of them it was, nobody says.
      if (body.length === 1) this.giveUp(body[0] as Frame);
      else for (const frame of body) if (this.outbox.has(keyOf(frame))) await this.deliver([frame]);
      return;
    }
    this.remove(body);
    if (verdict.kind === 'refused') {
      this.told.degraded('refused');
      this.told.refused();
    } else if (verdict.rejected) this.told.degraded(`rejected:${verdict.rejected}`);
  }

  /** A chunk of which a part cannot be sent is worth nothing. */
  private giveUp({ chunk, ...frame }: Frame): void {
    const all = this.outbox.all().filter((other) => other.chunk === chunk && chunk);
    for (const { tab_id, batch_seq } of [...all, frame]) this.outbox.remove([tab_id, batch_seq]);
    this.told.degraded('too_large');
  }

  private remove(frames: Frame[]): void {
    for (const frame of frames) this.outbox.remove(keyOf(frame));
  }

  private async pause(afterMs: number | null): Promise<void> {
    this.failures++;
    const woken = new Promise<void>((resolve) => {
      this.wake = resolve;
    });
    await Promise.race([this.wait(Math.max(afterMs ?? 0, pauseMs(this.failures))), woken]);
  }

  /** Never rejects: trouble is a verdict. `tail`: whatever its size, it is to outlive the page. */
  private async post(frames: Frame[], tail: boolean): Promise<Verdict> {
    const drift = Date.now() - clientNow();
    const body = bodyOf(frames, this.clock.estimate(drift));
    const keepalive = tail || body.size <= KEEPALIVE_BYTES_MAX;
    const flight = new AbortController();
    const timer = platform.later(() => flight.abort(), ATTEMPT_TIMEOUT_MS);
    this.flights.add(flight);
    if (keepalive) this.alive.push(...frames);
    try {
      // As a request that needs no preflight.
      const response = await platform.fetch(this.to.address, {
        method: 'POST',
        headers: { 'Content-Type': 'text/plain' },
        body,
        keepalive,
        credentials: 'omit',
        signal: flight.signal,
      });
      const answer = response.ok ? await response.json().catch(() => ({})) : {};
      return verdictOf(response.status, response.headers.get('Retry-After'), answer.rejected?.length ?? 0);
    } catch {
      return { kind: 'again', afterMs: null };
    } finally {
      platform.notLater(timer);
      this.flights.delete(flight);
      this.alive = this.alive.filter((frame) => !frames.includes(frame));
    }
  }
}
