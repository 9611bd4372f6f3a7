// Recordings from the server, in a worker. The token is in this page's memory and nowhere else.
import { json, Refused } from './ask.ts';
import type { Mark, Moments, PageView, Piece, Range, Session, Source } from './recording.ts';
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
  session(id: string): Promise<Session> {
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

  frames(session: Session, view: PageView, { at, until, after }: Range, take: (piece: Piece) => void): Promise<void> {
    const query = new URLSearchParams({
      from: 'snapshot',
      at: String(at),
      until: String(until),
      site_id: session.site_id,
      visitor_id: session.visitor_id,
    });
    if (after !== null) query.set('after', String(after));
    return this.#ask({ ask: 'frames', path: `/api/v1/replay/${encodeURIComponent(view.page_view_id)}?${query}` }, take);
  }

  #ask<T>(ask: Ask, take?: (piece: Piece) => void): Promise<T> {
    const id = this.#next++;
    return new Promise<T>((done, failed) => {
      this.#open.set(id, { ...(take && { take }), done: done as (value: unknown) => void, failed });
      this.#worker.postMessage({ ...ask, id, token: this.token });
    });
  }
}
