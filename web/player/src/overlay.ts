// What is drawn over the page: the pointer as the device reported it, clicks, and the elements that the visitor met where no page
// was recorded.
import type { Drawn } from './protocol.ts';
import type { Fit } from './stage.ts';

/** A pointer that told nothing for longer rested, and then was somewhere else. */
const REST_MS = 250;
const TAIL_MS = 600;
const RIPPLE_MS = 700;
/** rrweb writes the rules of `:hover` for this class as well. */
const HOVER = ':hover';

const NOTHING: Drawn = {
  viewport: [1280, 720],
  pointer: { at: new Float64Array(), x: new Float32Array(), y: new Float32Array() },
  clicks: [],
  boxes: [],
};

export class Overlay {
  readonly #canvas: HTMLCanvasElement;
  readonly #context: CanvasRenderingContext2D;
  #drawn = NOTHING;
  #hovered: Element[] = [];

  constructor(canvas: HTMLCanvasElement) {
    this.#canvas = canvas;
    this.#context = canvas.getContext('2d') as CanvasRenderingContext2D;
  }

  set drawn(drawn: Drawn) {
    this.#drawn = drawn;
  }

  /** As it was at a time, since 1970. */
  draw(time: number, fit: Fit, page: Document | undefined): void {
    const { clientWidth, clientHeight } = this.#canvas;
    const density = devicePixelRatio;
    const [width, height] = [Math.round(clientWidth * density), Math.round(clientHeight * density)];
    if (this.#canvas.width !== width || this.#canvas.height !== height) Object.assign(this.#canvas, { width, height });
    const context = this.#context;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, width, height);
    const scale = density * fit.scale;
    if (!Number.isFinite(scale)) return;
    context.setTransform(scale, 0, 0, scale, fit.left * density, fit.top * density);
    const ink = 1 / fit.scale;
    if (!page) this.#wireframe(fit, ink);
    const place = placeAt(this.#drawn.pointer, time);
    if (place) {
      this.#tail(time, ink);
      this.#clicks(time, ink);
      this.#pointer(place, ink);
    }
    this.#hover(page, place);
  }

  #wireframe(fit: Fit, ink: number): void {
    const context = this.#context;
    context.fillStyle = '#fff';
    context.fillRect(0, 0, fit.width, fit.height);
    context.lineWidth = ink;
    context.font = `${12 * Math.min(ink, 2)}px system-ui, sans-serif`;
    for (const { x, y, width, height, label } of this.#drawn.boxes) {
      context.fillStyle = 'rgb(36 87 214 / 5%)';
      context.fillRect(x, y, width, height);
      context.strokeStyle = 'rgb(36 87 214 / 35%)';
      context.strokeRect(x, y, width, height);
      context.save();
      context.beginPath();
      context.rect(x, y, width, height);
      context.clip();
      context.fillStyle = '#44506b';
      context.fillText(label, x + 6 * ink, y + Math.min(height / 2 + 4 * ink, 18 * ink));
      context.restore();
    }
  }

  #tail(time: number, ink: number): void {
    const { at, x, y } = this.#drawn.pointer;
    const context = this.#context;
    context.lineWidth = 3 * ink;
    context.lineCap = 'round';
    for (let index = before(at, time); index > 0 && time - value(at, index) < TAIL_MS; index--) {
      if (value(at, index) - value(at, index - 1) > REST_MS) continue;
      context.strokeStyle = `rgb(255 122 0 / ${Math.round(55 * (1 - (time - value(at, index)) / TAIL_MS))}%)`;
      context.beginPath();
      context.moveTo(value(x, index - 1), value(y, index - 1));
      context.lineTo(value(x, index), value(y, index));
      context.stroke();
    }
  }

  #clicks(time: number, ink: number): void {
    const context = this.#context;
    for (const click of this.#drawn.clicks) {
      const age = time - click.at;
      if (age < 0 || age > RIPPLE_MS) continue;
      const part = age / RIPPLE_MS;
      context.beginPath();
      context.arc(click.x, click.y, (8 + 22 * part) * ink, 0, 2 * Math.PI);
      context.lineWidth = 3 * ink;
      context.strokeStyle = `rgb(255 122 0 / ${Math.round(100 * (1 - part))}%)`;
      context.stroke();
      context.fillStyle = `rgb(255 122 0 / ${Math.round(30 * (1 - part))}%)`;
      context.fill();
    }
  }

  #pointer([x, y]: [number, number], ink: number): void {
    const context = this.#context;
    const arrow = [0, 0, 0, 17, 4, 13, 7, 19.5, 9.8, 18.2, 6.9, 12, 12, 12];
    context.beginPath();
    for (let index = 0; index < arrow.length; index += 2) {
      context.lineTo(x + (arrow[index] ?? 0) * ink, y + (arrow[index + 1] ?? 0) * ink);
    }
    context.closePath();
    context.fillStyle = '#111';
    context.strokeStyle = '#fff';
    context.lineWidth = 1.5 * ink;
    context.lineJoin = 'round';
    context.fill();
    context.stroke();
  }

  #hover(page: Document | undefined, place: [number, number] | undefined): void {
    const chain: Element[] = [];
    let element = place && page?.elementFromPoint(...place);
    for (; element; element = element.parentElement) chain.push(element);
    if (chain[0] === this.#hovered[0]) return;
    for (const gone of this.#hovered) gone.classList.remove(HOVER);
    for (const come of chain) come.classList.add(HOVER);
    this.#hovered = chain;
  }
}

const value = (values: Float64Array | Float32Array, index: number): number => values[index] ?? 0;

/** The last sample no later than the time; −1 before the first. */
export function before(at: Float64Array, time: number): number {
  let [low, high] = [0, at.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (value(at, middle) <= time) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** Where the pointer was: between two samples on the line between them, unless it rested. */
export function placeAt({ at, x, y }: Drawn['pointer'], time: number): [number, number] | undefined {
  const index = before(at, time);
  if (index < 0) return undefined;
  const [from, until] = [value(at, index), value(at, index + 1)];
  const next = index + 1 < at.length && until - from <= REST_MS ? index + 1 : index;
  const part = next > index && until > from ? (time - from) / (until - from) : 0;
  const between = (values: Float32Array) => value(values, index) + part * (value(values, next) - value(values, index));
  return [between(x), between(y)];
}
