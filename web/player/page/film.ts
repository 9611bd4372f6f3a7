// One page view in the player: hands it frames a minute ahead, and starts anew from another snapshot where somebody goes far.
import { type Order, PORT, READY, type Report } from '../src/protocol.ts';
import type { Chunk, Mark, Moments, PageView, Piece, Session, Source } from './recording.ts';
import { leftOut } from './timeline.ts';

/** Frames are there so long before they are shown … */
export const AHEAD_MS = 60_000;
/** … and the next are asked for when less than this is left. */
const LOW_MS = 20_000;
/** A device asks for no more at once than the server gives; so many answers in a row are one recording, not a loop. */
const ANSWERS_MAX = 64;

const NOTHING_YET: Moments = {
  viewport: [1280, 720],
  pointer: { at: new Float64Array(), x: new Float32Array(), y: new Float32Array() },
  marks: [],
  boxes: [],
};

export type State = Report & { say: 'state' };

export interface Lost {
  from: number;
  until: number;
  what: string;
}

interface Heard {
  state(state: State): void;
  lost(lost: Lost): void;
  failed(why: string): void;
}

/** Opens the player in a frame, and the port to it. */
export function connect(frame: HTMLIFrameElement): Promise<MessagePort> {
  const ofFiles = location.protocol === 'file:';
  return new Promise((done) => {
    addEventListener('message', function hear({ data, source }) {
      if (data !== READY || source !== frame.contentWindow) return;
      removeEventListener('message', hear);
      const { port1, port2 } = new MessageChannel();
      // The frame shows our own document: nothing in it can go elsewhere.
      frame.contentWindow?.postMessage(PORT, ofFiles ? '*' : location.origin, [port2]);
      done(port1);
    });
    frame.src = ofFiles ? 'player.html' : '/player';
  });
}

export class Film {
  readonly #port: MessagePort;
  readonly #source: Source;
  readonly #session: Session;
  readonly view: PageView;
  readonly #heard: Heard;
  /** Server's clock less the recorded page's. */
  #shift = 0;
  #moments?: Moments;
  /** What the player holds: from the snapshot that was asked for by `base`, up to `until`. */
  #loaded = { base: 0, from: Number.POSITIVE_INFINITY, until: 0, after: null as number | null };
  #loading?: Promise<void>;
  /** It could not be had: who plays does not ask again and again, who chooses a time does. */
  #failed = false;
  /** The recorded page was drawn with its styles. */
  readonly pictured: Promise<void>;
  #pictured = () => {};
  /** The choice of a time that counts. */
  #turn = 0;
  /** Who is shown a time as soon as the frames before it are there. */
  #waiting: { time: number; done: () => void } = { time: Number.POSITIVE_INFINITY, done: () => {} };
  #closed = false;

  constructor(port: MessagePort, source: Source, session: Session, view: PageView, heard: Heard) {
    [this.#port, this.#source, this.#session, this.view, this.#heard] = [port, source, session, view, heard];
    this.pictured = new Promise((done) => {
      this.#pictured = done;
    });
    port.onmessage = ({ data }: MessageEvent<Report>) => this.#hear(data);
  }

  async open(at: number): Promise<void> {
    this.say({ say: 'pause' });
    this.say({ say: 'reset' });
    this.say({ say: 'bare' });
    this.#span();
    // What was drawn is another page's.
    this.#moments = NOTHING_YET;
    this.#draw();
    this.#rewind(at);
    await this.seek(at);
  }

  /** What is drawn over the page; it does not wait for the page. */
  async moments(): Promise<Moments> {
    const moments = await this.#source.moments(this.#session, this.view);
    this.#moments = moments;
    if (!this.#closed) this.#draw();
    return moments;
  }

  friction(): Promise<Mark[]> {
    return this.#source.friction(this.#session, this.view);
  }

  /** Another film takes the player. */
  close(): void {
    this.#closed = true;
    this.say({ say: 'pause' });
  }

  say(order: Order): void {
    this.#port.postMessage(order);
  }

  async seek(at: number): Promise<void> {
    const time = this.view.started_at + at;
    const turn = ++this.#turn;
    this.#failed = false;
    if (this.view.chunks.length) {
      // What is on its way may hold it; where that begins is known at its first chunk.
      await (time < this.#loaded.from ? this.#loading : Promise.race([this.#loading, this.#reached(time)]));
      if (turn !== this.#turn) return;
      const { from, until, after } = this.#loaded;
      const isEarlier = (chunk: Chunk) => chunk.kind === 'snapshot' && chunk.first_at < from;
      const earlier = after !== null && time < from && this.view.chunks.some(isEarlier);
      const later = until > 0 && time > until + AHEAD_MS;
      if (earlier || later) {
        await this.#loading;
        if (turn !== this.#turn) return;
        this.say({ say: 'reset' });
        this.#rewind(at);
      }
      await this.#load(time, turn);
    }
    // Somebody who has chosen another time meanwhile is not taken back.
    if (!this.#closed && turn === this.#turn) this.say({ say: 'seek', at });
  }

  #rewind(at: number): void {
    const base = this.view.started_at + at;
    this.#loaded = { base, from: Number.POSITIVE_INFINITY, until: 0, after: null };
  }

  /** Until frames are there up to the time. Those of a while behind it are asked for too, and come when it is shown. */
  async #load(time: number, turn = this.#turn): Promise<void> {
    const wanted = () => !this.#closed && turn === this.#turn && this.#loaded.until <= time;
    for (let answers = 0; wanted() && answers < ANSWERS_MAX; answers++) {
      this.#loading ??= this.#ahead(time + AHEAD_MS);
      await Promise.race([this.#loading, this.#reached(time)]);
    }
  }

  #ahead(until: number): Promise<void> {
    const more = this.#more(until).finally(() => {
      this.#loading = undefined;
    });
    // Nobody may wait for it any more when it breaks off.
    more.catch((error) => {
      this.#failed = true;
      if (!this.#closed) this.#heard.failed(String(error.message ?? error));
    });
    return more;
  }

  #reached(time: number): Promise<void> | undefined {
    if (this.#loaded.until > time) return undefined;
    return new Promise((done) => {
      this.#waiting = { time, done };
    });
  }

  async #more(until: number): Promise<void> {
    const { base, after } = this.#loaded;
    await this.#source.frames(this.#session, this.view, { at: base, until, after }, (piece) => this.#take(piece));
  }

  #take(piece: Piece): void {
    if (this.#closed) return;
    if ('lines' in piece) this.say({ say: 'events', lines: piece.lines });
    else if ('chunk' in piece) {
      const { first_at } = piece.chunk;
      const begins = this.#loaded.from === Number.POSITIVE_INFINITY;
      // What came before it is whole.
      if (first_at > this.#loaded.from) this.#loaded.until = Math.max(this.#loaded.until, first_at);
      this.#loaded.from = Math.min(this.#loaded.from, first_at);
      if (this.#loaded.until > this.#waiting.time) this.#waiting.done();
      this.#shifted(piece.chunk.shift_ms);
      // The player has forgotten them; when they were by the page's clock is known now.
      if (begins) for (const lost of leftOut(this.view)) this.#gap(lost);
    } else if ('gap' in piece) {
      const { from, until, what } = piece.gap;
      this.#gap({ from, until, what: what === 'lost' ? 'lost' : 'could not be read' });
    } else {
      this.#loaded.after = piece.end.after ?? this.#loaded.after;
      this.#loaded.until = piece.end.next_at ?? Number.POSITIVE_INFINITY;
      const last = this.view.chunks.at(-1);
      const tail = this.view.missing.at(-1);
      if (piece.end.next_at === null && tail && tail[1] > (last?.seq ?? -1)) {
        this.#gap({ from: last?.last_at ?? this.view.started_at, until: this.view.ended_at, what: 'lost' });
      }
    }
  }

  #gap(lost: Lost): void {
    const { from, until, what } = lost;
    // Events have whole milliseconds: the snapshot that ends it comes no earlier.
    this.say({ say: 'gap', from: from - this.#shift, until: Math.floor(until - this.#shift), what });
    this.#heard.lost(lost);
  }

  /** The first chunk tells how far the page's clock was off; a page's own clock does not change. */
  #shifted(shift: number | null): void {
    if (shift === null || this.#shift === shift || this.#shift !== 0) return;
    this.#shift = shift;
    this.#span();
    this.#draw();
  }

  #span(): void {
    const { started_at, ended_at, chunks } = this.view;
    const until = Math.max(ended_at, chunks.at(-1)?.last_at ?? 0);
    this.say({ say: 'span', from: started_at - this.#shift, until: until - this.#shift });
  }

  #draw(): void {
    if (!this.#moments) return;
    const { viewport, pointer, marks, boxes } = this.#moments;
    const clicks = marks.flatMap(({ kind, at, x, y }) =>
      kind === 'click' && x !== null && y !== null ? [{ at: at - this.#shift, x, y }] : [],
    );
    this.say({
      say: 'drawn',
      viewport,
      clicks,
      boxes,
      pointer: { ...pointer, at: pointer.at.map((at) => at - this.#shift) },
    });
  }

  #hear(report: Report): void {
    if (this.#closed) return;
    if (report.say === 'failed') this.#heard.failed(report.what);
    if (report.say === 'pictured') this.#pictured();
    if (report.say !== 'state') return;
    this.#heard.state(report);
    const time = this.view.started_at + report.at;
    // Also where nothing has come yet: a recording may begin long after its page view.
    const low = this.view.chunks.length > 0 && time > this.#loaded.until - LOW_MS;
    if (report.playing && low && !this.#loading && !this.#failed) {
      // What breaks off is told where it was asked for.
      this.#load(this.#loaded.until).catch(() => {});
    }
  }
}
