// What the server says of recordings. Times are milliseconds since 1970, by the server's clock.

export interface Chunk {
  seq: number;
  kind: 'snapshot' | 'mutations';
  first_at: number;
  last_at: number;
  whole: boolean;
  bytes: number;
}

export interface PageView {
  page_view_id: string;
  tab_id: string;
  page_url: string | null;
  page_title: string | null;
  /** `recorded`, or why it is not; null where nobody said it. */
  replay: string | null;
  started_at: number;
  ended_at: number;
  clock_error_ms: number | null;
  ledger: Books;
  /** Whether the recording is known to have ended. */
  ended: boolean;
  missing: [first: number, last: number][];
  chunks: Chunk[];
  assets: { named: number; stored: Record<string, string> };
  degraded: { at: number; what: string | null }[];
}

export interface Books {
  expected: number;
  received: number;
  lost: number;
}

export interface Session {
  session_id: string;
  site_id: string;
  visitor_id: string;
  ledger: Books;
  page_views: PageView[];
}

/** Something that happened on a page view. */
export interface Mark {
  kind: 'click' | 'friction' | 'error' | 'input' | 'other';
  what: string;
  at: number;
  detail: string;
  x: number | null;
  y: number | null;
}

/** What is drawn over a page and beside it, besides its frames. */
export interface Moments {
  viewport: [number, number];
  pointer: { at: Float64Array; x: Float32Array; y: Float32Array };
  marks: Mark[];
  boxes: { x: number; y: number; width: number; height: number; label: string }[];
}

/** A line of the frames that is no event. */
export type Said =
  | { chunk: { seq: number; kind: string; first_at: number; last_at: number; shift_ms: number | null } }
  | { gap: { seq: number; from: number; until: number; what: string; why: string } }
  | { end: { after: number | null; next_at: number | null } };

/** A piece of the frames: lines of events as they are, or something that is said of those behind it. */
export type Piece = { lines: string } | Said;

/** Where recordings come from: a server, or files beside the page. */
export interface Source {
  /** `first`: what is shown of it first, where that is known already. */
  session(id: string, first?: First): Promise<Session>;
  moments(session: Session, view: PageView): Promise<Moments>;
  /** Judged over more than the page view: it may come later than the rest. */
  friction(session: Session, view: PageView): Promise<Mark[]>;
  /** Hands out pieces in their order; from the last snapshot by `at`, those behind chunk `after`, until one begins later. */
  frames(session: Session, view: PageView, from: Range, take: (piece: Piece) => void): Promise<void>;
}

/** A page view, and milliseconds since its beginning. */
export interface First {
  page_view_id: string;
  at: number;
}

export interface Range {
  at: number;
  until: number;
  after: number | null;
}

export interface Answer {
  columns: { name: string }[];
  rows: unknown[][];
}

/** Trails and events, as the server answers them, in the shape in which they are drawn. */
export function moments(pointer: Answer, marks: Answer): Moments {
  const trails = objects(pointer) as { at_us: number; dt: number[]; x: number[]; y: number[] }[];
  const samples = trails.flatMap((trail) => {
    let at = trail.at_us / 1000;
    return (trail.dt ?? []).map((dt, index) => {
      at += dt ?? 0;
      return [at, trail.x[index] ?? 0, trail.y[index] ?? 0] as const;
    });
  });
  samples.sort(([a], [b]) => a - b);
  const rows = objects(marks) as Row[];
  const sized = rows.find((row) => row.viewport_width && row.viewport_height);
  return {
    viewport: [sized?.viewport_width ?? 1280, sized?.viewport_height ?? 720],
    pointer: {
      at: Float64Array.from(samples, ([at]) => at),
      x: Float32Array.from(samples, ([, x]) => x),
      y: Float32Array.from(samples, ([, , y]) => y),
    },
    marks: rows.filter(({ what }) => !['element_enter', 'scroll', 'resize', 'focus'].includes(what)).map(mark),
    boxes: boxes(rows),
  };
}

/** Signals of friction, as the server answers them. */
export function friction(answer: Answer): Mark[] {
  const rows = objects(answer) as { what: string; at_us: number; detail: string | null }[];
  return rows.map(({ what, at_us, detail }) => {
    return {
      kind: 'friction',
      what: what.replaceAll('_', ' '),
      at: at_us / 1000,
      detail: detail ?? '',
      x: null,
      y: null,
    };
  });
}

interface Row {
  what: string;
  at_us: number;
  x: number | null;
  y: number | null;
  element_tag: string | null;
  element_text: string | null;
  element_x: number | null;
  element_y: number | null;
  element_width: number | null;
  element_height: number | null;
  detail: string | null;
  request_status: number | null;
  viewport_width: number | null;
  viewport_height: number | null;
}

function objects({ columns, rows }: Answer): unknown[] {
  return rows.map((row) => Object.fromEntries(columns.map(({ name }, index) => [name, row[index]])));
}

function mark(row: Row): Mark {
  const { what, x, y } = row;
  const failed = what === 'request' && (row.request_status ?? 0) >= 400;
  const kinds: Record<string, Mark['kind']> = {
    click: 'click',
    double_click: 'click',
    context_menu: 'click',
    error: 'error',
  };
  const typed = ['input', 'change', 'submit'].includes(what) ? 'input' : 'other';
  const kind = failed ? 'error' : (kinds[what] ?? typed);
  const words = [row.element_text, row.detail, failed ? String(row.request_status) : null].filter(Boolean);
  return { kind, what: what.replaceAll('_', ' '), at: row.at_us / 1000, detail: words.join(' · '), x, y };
}

/** The elements that were met, each once at its place. */
function boxes(rows: Row[]): Moments['boxes'] {
  const found = new Map<string, Moments['boxes'][number]>();
  for (const row of rows) {
    const [x, y, width, height] = [row.element_x, row.element_y, row.element_width, row.element_height];
    if (x === null || y === null || !width || !height) continue;
    found.set(`${x} ${y} ${width} ${height}`, {
      x,
      y,
      width,
      height,
      label: row.element_text ?? row.element_tag ?? '',
    });
  }
  // The large ones first, so that what stands in them is seen.
  return [...found.values()].sort((a, b) => b.width * b.height - a.width * a.height);
}
