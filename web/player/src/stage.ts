// The recorded page: rrweb's replayer, in a frame where nothing runs. Time goes on where there is no recording, so that a pointer
// can be shown: then the clock is our own, else it is the replayer's.
import { type playerConfig, Replayer } from '@rrweb/replay';
import { closeLeft, withoutFocus } from './dialogs.ts';

type Event = Parameters<Replayer['addEvent']>[0] & { type: number; timestamp: number };

const META = 4;
const SNAPSHOT = 2;

/** The third layer: the frame's whole permission. A frame that may do anything else is not used. */
const SANDBOX = 'allow-same-origin';

/**
 * A ring around what the visitor had the focus on, which the recorder marks. Not the focus itself: that would take the keys from who
 * watches, in the middle of a word.
 */
const FOCUS = '[data-ct-focus]:not(body){outline:2px solid #2457d6 !important;outline-offset:1px !important}';

/** So long a page is waited for: a style sheet may never come, and a tab that nobody sees draws nothing. */
const PICTURED_MS_MAX = 2_000;

/** Where a page of this size lies in the room that there is. */
export interface Fit {
  scale: number;
  left: number;
  top: number;
  width: number;
  height: number;
}

export class Stage {
  readonly #root: HTMLElement;
  readonly #ended: () => void;
  #replayer?: Replayer;
  #waiting: Event[] = [];
  /** The recording's first event and its last. */
  #first = 0;
  #last = 0;
  #from?: number;
  #until = 0;
  /** Own clock: it was `#at` at `#since`. */
  #at = 0;
  #since = 0;
  #speed = 1;
  playing = false;
  /** The replayer plays, and its clock is the one that counts. */
  #driven = false;
  /** Of a page of which nothing was recorded. */
  viewport: [width: number, height: number] = [1280, 720];

  constructor(root: HTMLElement, ended: () => void) {
    this.#root = root;
    this.#ended = ended;
    new ResizeObserver(() => this.#place()).observe(root);
  }

  span(from: number, until: number): void {
    this.#from = from;
    this.#until = until;
  }

  /** When it begins, since 1970; 0 before that is known. */
  get start(): number {
    return this.#from ?? this.#first;
  }

  get length(): number {
    return Math.max(0, Math.max(this.#last, this.#until) - this.start);
  }

  get at(): number {
    if (!this.playing) return this.#at;
    const own = this.#at + (performance.now() - this.#since) * this.#speed;
    const at = this.#driven && this.#replayer ? this.#replayer.getCurrentTime() + this.#offset : own;
    return Math.max(0, Math.min(at, this.length));
  }

  /** From the beginning to the recording's first event. */
  get #offset(): number {
    return this.#first - this.start;
  }

  /** The document of the recorded page, where there is one at this time. */
  get page(): Document | undefined {
    const shown = this.#replayer && this.at >= this.#offset;
    return (shown && this.#replayer?.iframe.contentDocument) || undefined;
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
    if (!this.length) return;
    this.#go(this.at >= this.length ? 0 : this.at, true);
  }

  pause(): void {
    this.#go(this.at, false);
  }

  seek(at: number): void {
    this.#go(Math.max(0, Math.min(at, this.length)), this.playing);
  }

  /** When what is shown now was drawn with its style sheets. */
  pictured(): Promise<void> {
    const links = [...(this.page?.querySelectorAll<HTMLLinkElement>('link[rel=stylesheet][href]') ?? [])];
    const ended = (link: HTMLLinkElement) =>
      new Promise((done) => {
        for (const event of ['load', 'error']) link.addEventListener(event, done, { once: true });
      });
    return new Promise((done) => {
      setTimeout(done, PICTURED_MS_MAX);
      const styled = Promise.all(links.filter(({ sheet }) => !sheet).map(ended));
      styled.then(() => requestAnimationFrame(() => setTimeout(done)));
    });
  }

  speed(times: number): void {
    this.#at = this.at;
    this.#since = performance.now();
    this.#speed = times;
    this.#replayer?.setConfig({ speed: times });
  }

  /** Each frame while it plays: hands the clock over, and stops at the end. */
  tick(): void {
    if (!this.playing) return;
    const at = this.at;
    if (at >= this.length) {
      this.#go(this.length, false);
      this.#ended();
    } else if (!this.#driven && at >= this.#offset && at < this.#last - this.start) this.#go(at, true);
  }

  /** Forgets the page, and lets a later part of the recording begin anew. */
  reset(): void {
    this.#at = this.at;
    this.#since = performance.now();
    this.#driven = false;
    this.#replayer?.destroy();
    this.#replayer = undefined;
    this.#waiting = [];
  }

  #go(at: number, playing: boolean): void {
    this.#at = at;
    this.#since = performance.now();
    this.playing = playing;
    this.#driven = false;
    const replayer = this.#replayer;
    if (!replayer) return;
    const within = Math.max(0, Math.min(at - this.#offset, this.#last - this.#first));
    this.#driven = playing && at >= this.#offset && at < this.#last - this.start;
    if (this.#driven) replayer.play(within);
    else replayer.pause(within);
  }

  #begin(): void {
    const silent = { log: () => {}, warn: () => {} };
    const config: Omit<Partial<playerConfig>, `UNSAFE_${string}`> = {
      root: this.#root,
      speed: this.#speed,
      triggerFocus: false,
      insertStyleRules: [FOCUS],
      mouseTail: false,
      showWarning: false,
      logger: silent,
    };
    const replayer = new Replayer(this.#waiting, config);
    if (replayer.iframe.getAttribute('sandbox') !== SANDBOX) {
      replayer.destroy();
      throw new Error('the frame of the recording may do more than show it');
    }
    this.#first = this.#waiting[0]?.timestamp ?? 0;
    this.#waiting = [];
    this.#replayer = replayer;
    replayer.on('finish', () => {
      if (!this.#driven) return;
      this.#driven = false;
      this.#at = this.#last - this.start;
      this.#since = performance.now();
    });
    withoutFocus(replayer.iframe.contentWindow);
    // Kept from one jump to the next, it would move the page back to where the earlier one ended (rrweb 2.1.6).
    const { virtualDom } = replayer as unknown as { virtualDom?: { scrollData: unknown } };
    replayer.on('flush', () => {
      if (virtualDom) virtualDom.scrollData = null;
      closeLeft(replayer.iframe.contentDocument);
    });
    replayer.on('resize', () => this.#place());
  }

  /** Where the page lies, or a drawing instead of it. */
  get fit(): Fit {
    const frame = this.page && this.#replayer?.iframe;
    return this.#fitting(frame ? [Number(frame.width), Number(frame.height)] : this.viewport);
  }

  /** As large as there is room for, in the middle. */
  #fitting([width, height]: [number, number]): Fit {
    const { clientWidth, clientHeight } = this.#root;
    const scale = Math.min(clientWidth / width, clientHeight / height, 1);
    const [left, top] = [(clientWidth - width * scale) / 2, (clientHeight - height * scale) / 2];
    return { scale, left, top, width, height };
  }

  #place(): void {
    const replayer = this.#replayer;
    if (!replayer) return;
    const { scale, left, top } = this.#fitting([Number(replayer.iframe.width), Number(replayer.iframe.height)]);
    if (!Number.isFinite(scale)) return;
    const { style } = replayer.wrapper;
    style.transform = `scale(${scale})`;
    style.left = `${left}px`;
    style.top = `${top}px`;
  }
}
