// What is missing of a recording, and until when what is shown is therefore not what the visitor saw.

export interface Gap {
  from: number;
  until: number;
  what: string;
}

/** A gap lasts until the page is known again: until the next snapshot after it. Times as they come, in milliseconds. */
export class Gaps {
  readonly all: Gap[] = [];
  readonly #snapshots: number[] = [];

  add(gap: Gap): void {
    this.all.push(gap);
  }

  snapshot(at: number): void {
    this.#snapshots.push(at);
  }

  endOf(gap: Gap): number {
    return Math.min(Number.POSITIVE_INFINITY, ...this.#snapshots.filter((at) => at >= gap.until));
  }

  /** The gap that spoils what is shown at this time. */
  at(time: number): Gap | undefined {
    return this.all.filter((gap) => gap.from <= time && time < this.endOf(gap)).at(-1);
  }
}

/** `12 s of page changes lost at 0:41` */
export function words(gap: Gap, start: number): string {
  const seconds = Math.max(1, Math.round((gap.until - gap.from) / 1000));
  return `${seconds} s of page changes ${gap.what} at ${clock(gap.from - start)}`;
}

/** `1:02:03`, `2:03` */
export function clock(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const two = (number: number) => String(number).padStart(2, '0');
  return `${hours ? `${hours}:${two(minutes)}` : minutes}:${two(seconds % 60)}`;
}
