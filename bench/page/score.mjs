// What the person at the page does: the same list of inputs for every subject, from one seed. No I/O.
import { seeded } from '../../web/e2e/person.mjs';

export const VIEWPORT = { width: 1280, height: 800 };
/** Samples a second of a common mouse: about two to a frame, so they coalesce as on a device. */
const MOUSE_HZ = 125;
/** Pixels a second of a brisk hand. */
const SPEED = 1400;
const PRESS_MS = 40;
const KEY_MS = 35;
const WHEEL_PIXELS = 240;

/** Writes inputs at the time they are due, in milliseconds since the start. */
class Hand {
  inputs = [];
  ms = 0;
  x = 20;
  y = 20;

  constructor(seed) {
    this.random = seeded(seed);
  }

  between(low, high) {
    return low + this.random() * (high - low);
  }

  input(kind, more = {}) {
    this.inputs.push({ ms: this.ms, kind, x: this.x, y: this.y, ...more });
  }

  pause(low, high) {
    this.ms += this.between(low, high);
  }

  /** A bent line at device rate, slower at both ends. */
  moveTo(x, y) {
    const [fromX, fromY] = [this.x, this.y];
    const steps = Math.max(2, Math.round((Math.hypot(x - fromX, y - fromY) / SPEED) * MOUSE_HZ));
    const bend = this.between(-30, 30);
    for (let step = 1; step <= steps; step++) {
      const t = step / steps;
      const eased = t * t * (3 - 2 * t);
      const sway = Math.sin(Math.PI * t) * bend;
      this.x = fromX + (x - fromX) * eased + sway;
      this.y = fromY + (y - fromY) * eased + sway / 2;
      this.ms += 1000 / MOUSE_HZ;
      this.input('sample');
    }
  }

  click() {
    this.input('press');
    this.ms += PRESS_MS;
    this.input('release');
    this.pause(30, 60);
  }

  type(letters) {
    for (const key of letters) {
      this.input('key', { key });
      this.ms += KEY_MS;
    }
  }

  word() {
    return Array.from({ length: Math.round(this.between(8, 14)) }, () =>
      String.fromCharCode(97 + Math.floor(this.random() * 26)),
    );
  }

  wheel() {
    this.input('wheel', { pixels: this.random() < 0.7 ? WHEEL_PIXELS : -WHEEL_PIXELS });
    this.pause(60, 120);
  }
}

/** One round of what one does there; rounds follow each other until the time is over. */
const rounds = {
  // Two fields, the second reached by Tab; a letter taken back; now and then the box is ticked and the form sent.
  form(hand, number) {
    hand.moveTo(hand.between(230, 480), 75 + 50 * Math.floor(hand.between(0, 9)));
    hand.click();
    hand.type([...hand.word(), 'Backspace', 'Tab', ...hand.word()]);
    if (number % 2 === 0) return;
    hand.moveTo(360, 575);
    hand.click();
    hand.moveTo(hand.between(230, 480), 625);
    hand.click();
  },
  // Over many rows, with a rest; every third time a row is chosen, every fourth the wheel is turned.
  table(hand, number) {
    hand.moveTo(hand.between(40, 1240), hand.between(40, 760));
    hand.pause(20, 80);
    if (number % 3 === 0) hand.click();
    if (number % 4 === 0) hand.wheel();
  },
  changing(hand, number) {
    hand.moveTo(hand.between(20, 1240), hand.between(20, 760));
    hand.pause(20, 80);
    if (number % 2 === 0) hand.click();
  },
  load() {},
};

export const PAGES = Object.keys(rounds);

/** The inputs on a page within `seconds`, by rising time. */
export function score(page, seed, seconds) {
  const hand = new Hand(seed);
  if (page === 'load') return [];
  for (let number = 1; hand.ms < seconds * 1000; number++) rounds[page](hand, number);
  const inputs = hand.inputs.filter(({ ms }) => ms < seconds * 1000);
  // Nothing stays pressed when the time is over.
  if (inputs.findLast(({ kind }) => kind === 'press' || kind === 'release')?.kind === 'press')
    inputs.push({ ...inputs.at(-1), kind: 'release' });
  return inputs;
}

/** Interactions of each kind: a sample of the pointer, a click, a key, a turn of the wheel. */
export function interactions(inputs) {
  const count = (kind) => inputs.filter((input) => input.kind === kind).length;
  return { samples: count('sample'), clicks: count('release'), keys: count('key'), wheels: count('wheel') };
}

export const total = (counts) => Object.values(counts).reduce((sum, count) => sum + count, 0);
