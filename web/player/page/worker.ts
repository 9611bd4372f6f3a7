// Asks the server, and takes answers apart: inflating, JSON and the split into lines are no matter of the thread that draws.
import { call, json } from './ask.ts';
import { friction, moments, type Piece, type Said } from './recording.ts';

export type Request = { id: number; token: string } & (
  | { ask: 'friction'; path: string }
  | { ask: 'moments'; pointer: string; marks: string }
  | { ask: 'frames'; path: string }
);

export type Reply = { id: number } & ({ piece: Piece } | { done: unknown } | { status: number; message: string });

/** Lines are handed on together, as long as they are so few. */
const LINES_MAX = 256 * 1024;

const say = (reply: Reply, transfer: Transferable[] = []) => postMessage(reply, { transfer });

addEventListener('message', async ({ data }: MessageEvent<Request>) => {
  try {
    await answer(data);
  } catch (error) {
    const { status = 0, message } = error as { status?: number; message: string };
    say({ id: data.id, status, message });
  }
});

async function answer(request: Request): Promise<void> {
  const { id, token } = request;
  if (request.ask === 'friction') return say({ id, done: friction(await json(request.path, token)) });
  if (request.ask === 'frames') {
    await frames(request.path, token, (piece) => say({ id, piece }));
    return say({ id, done: undefined });
  }
  const [pointer, marks] = await Promise.all([json(request.pointer, token), json(request.marks, token)]);
  const done = moments(pointer, marks);
  const { at, x, y } = done.pointer;
  say({ id, done }, [at.buffer, x.buffer, y.buffer]);
}

async function frames(path: string, token: string, take: (piece: Piece) => void): Promise<void> {
  const { body } = await call(path, token);
  if (!body) return;
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  const split = new Lines(take);
  let ended = false;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    ended = split.add(value) || ended;
  }
  split.flush();
  if (!ended) throw new Error('the recording broke off; try again');
}

/** Text to whole lines: those of events together, others taken apart. */
class Lines {
  readonly #take: (piece: Piece) => void;
  #rest = '';
  #events: string[] = [];
  #size = 0;

  constructor(take: (piece: Piece) => void) {
    this.#take = take;
  }

  /** True when it is the end. */
  add(text: string): boolean {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    let ended = false;
    for (const line of lines) {
      if (line.startsWith('{"type":')) {
        this.#events.push(line);
        this.#size += line.length;
        if (this.#size > LINES_MAX) this.flush();
        continue;
      }
      this.flush();
      const said = JSON.parse(line) as Said;
      ended = 'end' in said;
      this.#take(said);
    }
    return ended;
  }

  flush(): void {
    if (this.#events.length) this.#take({ lines: this.#events.join('\n') });
    [this.#events, this.#size] = [[], 0];
  }
}
