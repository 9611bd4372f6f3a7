// Recordings from the server, in a worker. The token is in this page's memory and nowhere else.
import { json, Refused } from './ask.ts';
import { AHEAD_MS } from './film.ts';
import type { First, Mark, Moments, PageView, Piece, Range, Session, Source } from './recording.ts';
import type { Reply, Request } from './worker.ts';

type Ask = Request extends infer Each ? (Each extends Request ? Omit<Each, 'id' | 'token'> : never) : never;

export class Server implements Source {
  token = '';
  readonly #worker = new Worker('replay/worker.js');
  readonly #open = new Map<
    number,
    { take?: (piece: Piece) => void; done(value: unknown): void; failed(why: Error): void }
  >();
  #next = 0;
  /** Frames that were asked for before anything was known of their page view but its id. */
  #early?: { page_view_id: string; pieces: ReadableStream<Piece> };

  constructor() {
    this.#worker.onmessage = ({ data }: MessageEvent<Reply>) => {
      const open = this.#open.get(data.id);
      if ('piece' in data) return open?.take?.(data.piece);
      this.#open.delete(data.id);
      if ('done' in data) open?.done(data.done);
      else open?.failed(new Refused(data.status, data.message));
    };
    this.#worker.onerror = () => {
      for (const { failed } of this.#open.values()) failed(new Error('the page cannot start its worker'));
      this.#open.clear();
    };
  }

  /** Asked here: it is small, the first of all, and would wait for the worker to start. */
  session(id: string, first?: First): Promise<Session> {
    if (first) this.#ahead(first);
    return json(`/api/v1/sessions/${encodeURIComponent(id)}/replay`, this.token);
  }

  moments({ session_id }: Session, { page_view_id }: PageView): Promise<Moments> {
    const path = `/api/v1/sessions/${session_id}/${encodeURIComponent(page_view_id)}`;
    return this.#ask({ ask: 'moments', pointer: `${path}/pointer`, marks: `${path}/marks` });
  }

  friction({ session_id }: Session, { page_view_id }: PageView): Promise<Mark[]> {
    const path = `/api/v1/sessions/${session_id}/${encodeURIComponent(page_view_id)}/friction`;
    return this.#ask({ ask: 'friction', path });
  }

  async frames(session: Session, view: PageView, range: Range, take: (piece: Piece) => void): Promise<void> {
    const early = this.#early;
    this.#early = undefined;
    if (early?.page_view_id === view.page_view_id && range.after === null) {
      const pieces = early.pieces.getReader();
      let { value } = await pieces.read().catch(() => ({ value: undefined }));
      // Else it says that nothing begins so early: by the page's own clock, which may be wrong.
      if (value && 'chunk' in value) {
        for (; value; { value } = await pieces.read()) take(value);
        return;
      }
    }
    const { at, until, after } = range;
    const { site_id, visitor_id } = session;
    const more = { site_id, visitor_id, ...(after !== null && { after: String(after) }) };
    return this.#frames(view.page_view_id, at, until, more, take);
  }

  /** Asks for the first frames while the session is looked for: an id tells when its page view began. */
  #ahead({ page_view_id, at }: First): void {
    const from = beganAt(page_view_id) + at;
    const pieces = new ReadableStream<Piece>({
      start: (stream) => {
        const taken = this.#frames(page_view_id, from, from + AHEAD_MS, {}, (piece) => stream.enqueue(piece));
        taken.then(() => stream.close()).catch((error) => stream.error(error));
      },
    });
    this.#early = { page_view_id, pieces };
  }

  #frames(id: string, at: number, until: number, more: object, take: (piece: Piece) => void): Promise<void> {
    const query = new URLSearchParams({ from: 'snapshot', at: String(at), until: String(until), ...more });
    return this.#ask({ ask: 'frames', path: `/api/v1/replay/${encodeURIComponent(id)}?${query}` }, take);
  }

  #ask<T>(ask: Ask, take?: (piece: Piece) => void): Promise<T> {
    const id = this.#next++;
    return new Promise<T>((done, failed) => {
      this.#open.set(id, { ...(take && { take }), done: done as (value: unknown) => void, failed });
      this.#worker.postMessage({ ...ask, id, token: this.token });
    });
  }
}

/** Milliseconds since 1970, by the clock of the device that made a UUIDv7: its first 48 bits (RFC 9562, 5.7). */
function beganAt(id: string): number {
  return Number.parseInt(id.replace('-', '').slice(0, 12), 16) || 0;
}
