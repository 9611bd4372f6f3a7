// What a person chooses from: the page views of the session, and what happened on the one that is shown.
import { clock } from '../src/gaps.ts';
import type { Mark, PageView } from './recording.ts';

/** An element with text in it: whatever a visitor wrote reaches the page as text. */
export function element<T extends keyof HTMLElementTagNameMap>(
  tag: T,
  className: string,
  ...inside: (Node | string)[]
): HTMLElementTagNameMap[T] {
  const made = document.createElement(tag);
  made.className = className;
  made.append(...inside);
  return made;
}

/** Only the path: the host is the same on each, and queries are long. */
export function name(view: PageView): string {
  try {
    const { pathname } = new URL(view.page_url ?? '');
    return pathname;
  } catch {
    return view.page_url ?? 'a page';
  }
}

export function length({ started_at, ended_at, chunks }: PageView): number {
  return Math.max(0, Math.max(ended_at, chunks.at(-1)?.last_at ?? 0) - started_at);
}

/** As the recorder says them (web/README.md). */
const REASONS: Record<string, string> = {
  off: 'recording is switched off',
  gpc: 'the visitor asks for privacy (Global Privacy Control)',
  consent: 'there was no consent',
  sampled_out: 'the visitor is not in the sample',
  too_large: 'the page is too large',
  unsupported: 'the browser or the page does not allow it',
  error: 'the recorder failed',
};

/** Of a page view without a recording. */
export function nothing({ replay }: PageView): string {
  const why = replay ? ` (${REASONS[replay] ?? replay})` : '';
  return `Nothing was recorded of this page${why}: pointer and clicks come from the events.`;
}

/** Buttons of all page views; `tabs` is how many tabs there are, of which each has its number. */
export function pageViews(views: PageView[], chosen: PageView, choose: (view: PageView) => void): Node[] {
  const tabs = [...new Set(views.map(({ tab_id }) => tab_id))];
  return views.map((view) => {
    const { lost } = view.ledger;
    const told = view.chunks.length ? (lost ? `${lost} lost` : 'recorded') : 'pointer only';
    const when = new Date(view.started_at).toLocaleTimeString([], { hour12: false });
    const tab = tabs.length > 1 ? `tab ${tabs.indexOf(view.tab_id) + 1} · ` : '';
    const button = element(
      'button',
      'view',
      element('b', '', view.page_title || name(view)),
      element('span', 'path', name(view)),
      element('span', 'when', `${tab}${when} · ${clock(length(view))}`),
      element('span', `badge ${lost ? 'lost' : view.chunks.length ? 'good' : ''}`, told),
    );
    button.type = 'button';
    button.setAttribute('aria-current', String(view === chosen));
    button.addEventListener('click', () => choose(view));
    return button;
  });
}

/** Shapes and colours together: eight men in a hundred do not tell the colours apart. */
export const GLYPHS: Record<Mark['kind'], string> = { friction: '▲', error: '✕', click: '●', input: '■', other: '·' };

const ROWS_MAX = 500;

export class Happenings {
  readonly #list: HTMLElement;
  #rows: { mark: Mark; row: HTMLElement }[] = [];
  #current?: HTMLElement;

  constructor(list: HTMLElement) {
    this.#list = list;
  }

  show(marks: Mark[], start: number, seek: (at: number) => void): void {
    this.#rows = marks.slice(0, ROWS_MAX).map((mark) => {
      const at = Math.max(0, mark.at - start);
      const glyph = element('i', mark.kind, GLYPHS[mark.kind]);
      glyph.ariaHidden = 'true';
      const row = element(
        'button',
        'mark',
        element('time', '', clock(at)),
        glyph,
        element('span', 'what', mark.what),
        element('span', 'detail', mark.detail),
      );
      row.type = 'button';
      row.title = mark.detail;
      // A little before, so that what led to it is seen.
      row.addEventListener('click', () => seek(Math.max(0, at - 1000)));
      return { mark, row };
    });
    this.#list.replaceChildren(...this.#rows.map(({ row }) => row));
    if (!marks.length) this.#list.append(element('p', 'nothing', 'No click, input or request on this page.'));
    if (marks.length > ROWS_MAX) this.#list.append(element('p', 'nothing', `and ${marks.length - ROWS_MAX} more`));
  }

  /** Marks the last one by then, and keeps it in sight. */
  follow(time: number): void {
    const row = this.#rows.filter(({ mark }) => mark.at <= time).at(-1)?.row;
    if (row === this.#current) return;
    this.#current?.removeAttribute('aria-current');
    row?.setAttribute('aria-current', 'true');
    this.#current = row;
    if (row) this.#list.scrollTop = row.offsetTop - this.#list.offsetTop - this.#list.clientHeight / 2;
  }
}
