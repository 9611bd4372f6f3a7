// The bar below the page.
import { clock, type Gap } from './gaps.ts';

const byId = <T extends HTMLElement>(id: string): T => document.getElementById(id) as T;

/** What a person may ask for. */
export interface Asked {
  toggle(): void;
  seek(at: number): void;
  speed(times: number): void;
}

export class Controls {
  readonly #play = byId<HTMLButtonElement>('play');
  readonly #seek = byId<HTMLInputElement>('seek');
  readonly #speed = byId<HTMLSelectElement>('speed');
  readonly #notice = byId('notice');
  readonly #gaps = byId('gaps');
  #seeking = false;

  constructor(asked: Asked) {
    byId('controls').addEventListener('submit', (event) => event.preventDefault());
    this.#play.addEventListener('click', () => asked.toggle());
    this.#seek.addEventListener('input', () => {
      this.#seeking = true;
      byId('time').textContent = clock(Number(this.#seek.value));
    });
    this.#seek.addEventListener('change', () => {
      this.#seeking = false;
      asked.seek(Number(this.#seek.value));
    });
    this.#speed.addEventListener('change', () => asked.speed(Number(this.#speed.value)));
    document.addEventListener('keydown', (event) => {
      if (event.key !== ' ' || event.target !== document.body) return;
      event.preventDefault();
      asked.toggle();
    });
  }

  show(at: number, length: number, playing: boolean): void {
    this.#play.disabled = !length;
    this.#play.classList.toggle('playing', playing);
    this.#play.ariaLabel = playing ? 'Pause' : 'Play';
    this.#seek.max = String(length);
    if (!this.#seeking) {
      this.#seek.value = String(at);
      byId('time').textContent = clock(at);
    }
    this.#seek.ariaValueText = clock(Number(this.#seek.value));
    byId('length').textContent = clock(length);
  }

  speed(times: number): void {
    this.#speed.value = String(times);
  }

  notice(words: string | undefined): void {
    this.#notice.hidden = words === undefined;
    if (words !== undefined && this.#notice.textContent !== words) this.#notice.textContent = words;
  }

  /** Where something is missing, below the line of time. */
  gaps(gaps: { gap: Gap; end: number }[], start: number, length: number): void {
    const percent = (time: number) => Math.max(0, Math.min(100, ((time - start) / length) * 100));
    this.#gaps.replaceChildren(
      ...gaps.map(({ gap, end }) => {
        const mark = document.createElement('span');
        mark.style.left = `${percent(gap.from)}%`;
        mark.style.width = `${percent(end) - percent(gap.from)}%`;
        return mark;
      }),
    );
  }
}
