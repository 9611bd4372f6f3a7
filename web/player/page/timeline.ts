// The line of time: where something was recorded, what is missing, what happened, and where it is now.
import { clock } from '../src/gaps.ts';
import type { Lost } from './film.ts';
import { element, GLYPHS, length } from './lists.ts';
import type { Mark, Moments, PageView } from './recording.ts';

/** Without input and without a change of the page for so long, nothing is to be seen. */
export const IDLE_MS = 10_000;

/** What the recorder says when it leaves changes out. */
const LEFT_OUT: Record<string, string> = {
  'replay:too_large': 'the page was too large',
  'replay_dom:too_large': 'they were too large',
  'replay_dom:bytes': 'there were too many',
  'replay_dom:error': 'the recorder failed',
};

export interface Idle {
  from: number;
  until: number;
}

export class Timeline {
  readonly #track: HTMLElement;
  readonly #seek: HTMLInputElement;
  #view?: PageView;
  #lost: Lost[] = [];

  constructor(track: HTMLElement, seek: HTMLInputElement) {
    [this.#track, this.#seek] = [track, seek];
  }

  open(view: PageView): void {
    this.#view = view;
    this.#seek.max = String(Math.round(length(view)));
    this.#lost = [];
    this.#track.replaceChildren(...view.chunks.filter(({ whole }) => whole).map((chunk) => this.#bar('known', chunk)));
    for (const lost of losses(view)) this.lost(lost);
  }

  /** Hatched until the page is known again. */
  lost(lost: Lost): void {
    const view = this.#view;
    if (!view || this.#lost.some(({ from, until }) => from === lost.from && until === lost.until)) return;
    this.#lost.push(lost);
    const bar = this.#bar('lost', { first_at: lost.from, last_at: knownAgain(view, lost.until) });
    bar.title = said(lost, view);
    this.#track.append(bar);
  }

  get losses(): string[] {
    const view = this.#view;
    return view ? this.#lost.map((lost) => said(lost, view)) : [];
  }

  marks(marks: Mark[]): void {
    const shown = marks.filter(({ kind }) => kind === 'friction' || kind === 'error' || kind === 'click');
    for (const { kind, at, what } of shown) {
      const glyph = element('i', `tick ${kind}`, GLYPHS[kind]);
      glyph.style.left = `${this.#percent(at)}%`;
      glyph.title = `${what} at ${clock(at - (this.#view?.started_at ?? 0))}`;
      this.#track.append(glyph);
    }
  }

  #bar(name: string, { first_at, last_at }: { first_at: number; last_at: number }): HTMLElement {
    const bar = element('span', name);
    const [from, until] = [this.#percent(first_at), this.#percent(last_at)];
    bar.style.left = `${from}%`;
    bar.style.width = `${Math.max(0.2, until - from)}%`;
    return bar;
  }

  #percent(time: number): number {
    const view = this.#view;
    if (!view) return 0;
    return Math.max(0, Math.min(100, ((time - view.started_at) / Math.max(1, length(view))) * 100));
  }
}

/** `12 s of page changes lost at 0:41` */
export function said({ from, until, what }: Lost, view: PageView): string {
  const seconds = Math.max(1, Math.round((until - from) / 1000));
  return `${seconds} s of page changes ${what} at ${clock(from - view.started_at)}`;
}

/** What the index says is missing: from the chunk before to the one behind. And what may be, where the end is not known. */
export function losses({ chunks, missing, started_at, ended_at, ended, degraded }: PageView): Lost[] {
  const whole = chunks.filter(({ whole }) => whole);
  // Where nothing came at all there is nothing to be hatched: the page was not recorded, or all of it was lost.
  const known = missing.map(([first, last]) => ({
    from: whole.filter(({ seq }) => seq < first).at(-1)?.last_at ?? started_at,
    until: whole.find(({ seq }) => seq > last)?.first_at ?? ended_at,
    what: 'lost',
  }));
  const last = whole.at(-1);
  if (!last) return known;
  known.push(...leftOut({ chunks, ended_at, degraded }));
  // A browser that is killed says nothing any more, and neither does a page that is still open.
  if (ended) return known;
  return [...known, { from: last.last_at, until: Math.max(last.last_at, ended_at), what: 'may be missing' }];
}

/** What the recorder says it left out: from there to the next snapshot, or to the end. */
export function leftOut({ chunks, ended_at, degraded }: Pick<PageView, 'chunks' | 'ended_at' | 'degraded'>): Lost[] {
  const found: Lost[] = [];
  for (const { at, what } of [...degraded].sort((one, other) => one.at - other.at)) {
    const why = LEFT_OUT[what ?? ''];
    // Of what is left out already nothing more can be.
    if (!why || at < (found.at(-1)?.until ?? 0)) continue;
    const snapshot = chunks.find(({ kind, whole, first_at }) => kind === 'snapshot' && whole && first_at > at);
    found.push({ from: at, until: snapshot?.first_at ?? Math.max(at, ended_at), what: `left out: ${why}` });
  }
  return found;
}

function knownAgain({ chunks, ended_at }: PageView, time: number): number {
  const snapshot = chunks.find(({ kind, whole, first_at }) => kind === 'snapshot' && whole && first_at >= time);
  return snapshot?.first_at ?? ended_at;
}

/** Stretches in which nobody did anything and nothing changed. Times since the page view began. */
export function idle(view: PageView, moments: Moments | undefined): Idle[] {
  const times: [number, number][] = view.chunks.map(({ first_at, last_at }) => [first_at, last_at]);
  for (const at of moments?.pointer.at ?? []) times.push([at, at]);
  for (const { at } of moments?.marks ?? []) times.push([at, at]);
  times.sort(([a], [b]) => a - b);
  const found: Idle[] = [];
  let until = view.started_at;
  for (const [from, to] of [...times, [view.started_at + length(view), 0] as const]) {
    if (from - until >= IDLE_MS) found.push({ from: until - view.started_at, until: from - view.started_at });
    until = Math.max(until, to);
  }
  return found;
}
