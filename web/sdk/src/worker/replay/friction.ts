/** What goes wrong for the visitor, as the events tell: an error, a failed request, a rage click. */
import type { TelemetryEvent } from '../../shared/batch.ts';

/** As the view `friction` of the warehouse has them: clicks that follow each other this soon, this near, on one element. */
const RAGE_CLICKS = 3;
const RAGE_GAP_MS_MAX = 1_000;
const RAGE_DISTANCE_PX_MAX = 30;
const FAILED_STATUS_MIN = 500;

type Click = TelemetryEvent & { x: number; y: number };

export class Friction {
  /** Clicks of the present run, the newest last. */
  private run: Click[] = [];

  /** Whether these events, after those before, tell of something. Status 0 is a request that got no answer. */
  sees(events: readonly TelemetryEvent[]): boolean {
    let seen = false;
    for (const event of events) {
      const { type } = event;
      if (type === 'error' || (type === 'request' && failed(event)) || (type === 'click' && this.rages(event as Click)))
        seen = true;
    }
    return seen;
  }

  private rages(click: Click): boolean {
    const last = this.run.at(-1);
    const goesOn =
      last &&
      click.at - last.at <= RAGE_GAP_MS_MAX &&
      Math.hypot(click.x - last.x, click.y - last.y) <= RAGE_DISTANCE_PX_MAX &&
      click.element?.path === last.element?.path;
    this.run = goesOn ? [...this.run, click] : [click];
    return this.run.length >= RAGE_CLICKS;
  }
}

function failed({ request }: TelemetryEvent): boolean {
  const { status } = (request ?? {}) as { status?: number | null };
  return status === 0 || (status ?? 0) >= FAILED_STATUS_MIN;
}
