// Recordings from files beside the page, as `warehouse replay` writes them: a page that was opened as a file may fetch nothing, but
// it may load scripts. Each says one thing by calling `replay(name, value)`.
import {
  type Answer,
  friction,
  type Mark,
  type Moments,
  moments,
  type PageView,
  type Piece,
  type Range,
  type Said,
  type Session,
  type Source,
} from './recording.ts';

type Told = Record<string, unknown>;

export class Files implements Source {
  readonly #told: Told = {};

  constructor() {
    Object.assign(globalThis, {
      replay: (name: string, value: unknown) => {
        this.#told[name] = value;
      },
    });
  }

  session(): Promise<Session> {
    return this.#read('session');
  }

  async moments(_: Session, { page_view_id }: PageView): Promise<Moments> {
    const read = (what: string) => this.#read<Answer>(`${page_view_id}.${what}`);
    return moments(await read('pointer'), await read('marks'));
  }

  async friction(_: Session, { page_view_id }: PageView): Promise<Mark[]> {
    return friction(await this.#read<Answer>(`${page_view_id}.friction`));
  }

  /** The whole page view at once: it is on this machine already. */
  async frames(_: Session, { page_view_id }: PageView, { after }: Range, take: (piece: Piece) => void): Promise<void> {
    const name = `${page_view_id}.frames`;
    const lines = (await this.#read<string[]>(name)) ?? [];
    if (after !== null) return take({ end: { after, next_at: null } });
    for (const line of lines) take(line.startsWith('{"type":') ? { lines: line } : (JSON.parse(line) as Said));
  }

  async #read<T>(name: string): Promise<T> {
    if (!(name in this.#told)) await load(`data/${name}.js`);
    if (!(name in this.#told)) throw new Error(`data/${name}.js is not what warehouse replay wrote`);
    return this.#told[name] as T;
  }
}

function load(path: string): Promise<void> {
  const script = document.createElement('script');
  script.src = path;
  return new Promise((done, failed) => {
    script.onload = () => done();
    script.onerror = () => failed(new Error(`${path} is missing; keep the files of a replay together`));
    document.head.append(script);
  });
}
