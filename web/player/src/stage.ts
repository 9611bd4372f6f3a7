// The recorded page: rrweb's replayer, in a frame where nothing runs.
import { type playerConfig, Replayer } from '@rrweb/replay';

type Event = Parameters<Replayer['addEvent']>[0] & { type: number; timestamp: number };

const META = 4;
const SNAPSHOT = 2;

/** The third layer: the frame's whole permission. A frame that may do anything else is not used. */
const SANDBOX = 'allow-same-origin';

export class Stage {
  readonly #root: HTMLElement;
  readonly #ended: () => void;
  #replayer?: Replayer;
  #waiting: Event[] = [];
  #last = 0;

  constructor(root: HTMLElement, ended: () => void) {
    this.#root = root;
    this.#ended = ended;
    new ResizeObserver(() => this.#fit()).observe(root);
  }

  /** When its first event was, since 1970; 0 before there is one. */
  start = 0;

  /** Until the last event, in milliseconds. */
  get length(): number {
    return Math.max(0, this.#last - this.start);
  }

  /** Since the first event, in milliseconds. */
  get at(): number {
    // Before it was first played, rrweb counts from its own beginning.
    return this.#replayer ? Math.max(0, Math.min(this.#replayer.getCurrentTime(), this.length)) : 0;
  }

  get playing(): boolean {
    return this.#replayer?.service.state.matches('playing') ?? false;
  }

  add(event: Event): void {
    this.#last = Math.max(this.#last, event.timestamp);
    // Before a page's size and its snapshot there is nothing to show.
    if (this.#replayer) this.#replayer.addEvent(event);
    else if (event.type === META) this.#waiting = [event];
    else if (this.#waiting.length) this.#waiting.push(event);
    if (event.type === SNAPSHOT && this.#waiting.length) this.#begin();
  }

  play(): void {
    this.#replayer?.play(this.at >= this.length ? 0 : this.at);
  }

  pause(): void {
    this.#replayer?.pause();
  }

  seek(at: number): void {
    const to = Math.max(0, Math.min(at, this.length));
    if (this.playing) this.#replayer?.play(to);
    else this.#replayer?.pause(to);
  }

  speed(times: number): void {
    this.#speed = times;
    this.#replayer?.setConfig({ speed: times });
  }
  #speed = 1;

  #begin(): void {
    const silent = { log: () => {}, warn: () => {} };
    const config: Omit<Partial<playerConfig>, `UNSAFE_${string}`> = {
      root: this.#root,
      speed: this.#speed,
      triggerFocus: false,
      mouseTail: false,
      showWarning: false,
      logger: silent,
    };
    const replayer = new Replayer(this.#waiting, config);
    if (replayer.iframe.getAttribute('sandbox') !== SANDBOX) {
      replayer.destroy();
      throw new Error('the frame of the recording may do more than show it');
    }
    this.start = this.#waiting[0]?.timestamp ?? 0;
    this.#waiting = [];
    this.#replayer = replayer;
    replayer.on('finish', this.#ended);
    replayer.on('resize', () => this.#fit());
  }

  /** As large as there is room for, in the middle. */
  #fit(): void {
    const replayer = this.#replayer;
    if (!replayer) return;
    const [width, height] = [Number(replayer.iframe.width), Number(replayer.iframe.height)];
    const { clientWidth, clientHeight } = this.#root;
    const scale = Math.min(clientWidth / width, clientHeight / height, 1);
    if (!Number.isFinite(scale)) return;
    const { style } = replayer.wrapper;
    style.transform = `scale(${scale})`;
    style.left = `${(clientWidth - width * scale) / 2}px`;
    style.top = `${(clientHeight - height * scale) / 2}px`;
  }
}
