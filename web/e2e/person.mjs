// One person at one page: moves, clicks and types as a hand does, and counts the pointer samples it sent.

/** Samples a second of a common mouse. */
const MOUSE_HZ = 125;
/** Pixels a second of a calm hand. */
const SPEED = 900;

export function seeded(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export class Person {
  /** Samples dispatched since the last `takeDispatched`. */
  dispatched = 0;
  x = 20;
  y = 20;

  static async at(page, random) {
    const person = new Person();
    person.page = page;
    person.random = random;
    person.cdp = await page.context().newCDPSession(page);
    return person;
  }

  between(low, high) {
    return low + this.random() * (high - low);
  }

  pick(list) {
    return list[Math.floor(this.random() * list.length)];
  }

  pause(low = 80, high = 300) {
    return sleep(this.between(low, high));
  }

  takeDispatched() {
    const count = this.dispatched;
    this.dispatched = 0;
    return count;
  }

  /** A bent line at device rate. Samples are not awaited one by one, as a mouse does not wait either. */
  async moveTo(x, y) {
    const [fromX, fromY] = [this.x, this.y];
    const steps = Math.max(2, Math.round((Math.hypot(x - fromX, y - fromY) / SPEED) * MOUSE_HZ));
    const bend = this.between(-40, 40);
    const sent = [];
    for (let step = 1; step <= steps; step++) {
      const t = step / steps;
      const eased = t * t * (3 - 2 * t);
      const sway = Math.sin(Math.PI * t) * bend;
      this.x = fromX + (x - fromX) * eased + sway + this.random() * 0.9;
      this.y = fromY + (y - fromY) * eased + sway / 2 + this.random() * 0.9;
      sent.push(
        this.cdp.send('Input.dispatchMouseEvent', { type: 'mouseMoved', x: this.x, y: this.y, pointerType: 'mouse' }),
      );
      this.dispatched++;
      await sleep(1000 / MOUSE_HZ);
    }
    await Promise.all(sent);
  }

  /** Where to aim at an element; scrolls it into view. Null if it is not there. */
  async aim(selector) {
    const target = this.page.locator(selector).first();
    if (!(await target.isVisible())) return null;
    await target.scrollIntoViewIfNeeded();
    const box = await target.boundingBox();
    return box && [box.x + box.width * this.between(0.3, 0.7), box.y + box.height * this.between(0.35, 0.65)];
  }

  async hover(selector) {
    const at = await this.aim(selector);
    if (at) await this.moveTo(...at);
    return !!at;
  }

  async press(button = 'left', clickCount = 1) {
    for (const type of ['mousePressed', 'mouseReleased']) {
      await this.cdp.send('Input.dispatchMouseEvent', {
        type,
        x: this.x,
        y: this.y,
        button,
        clickCount,
        pointerType: 'mouse',
      });
      await sleep(this.between(30, 70));
    }
  }

  async click(selector, button = 'left') {
    if (!(await this.hover(selector))) return false;
    await this.press(button);
    return true;
  }

  async doubleClick(selector) {
    if (!(await this.hover(selector))) return;
    await this.press('left', 1);
    await this.press('left', 2);
  }

  async type(selector, text) {
    if (!(await this.click(selector))) return;
    await this.page.keyboard.press('Control+A');
    await this.page.keyboard.type(text, { delay: this.between(15, 40) });
  }

  /** By keyboard: an open list of a combo box is a window of its own. */
  async choose(selector) {
    if (!(await this.hover(selector))) return;
    await this.page.locator(selector).focus();
    for (let n = Math.ceil(this.random() * 3); n > 0; n--) await this.page.keyboard.press('ArrowDown');
  }

  async scroll(distance) {
    await this.cdp.send('Input.dispatchMouseEvent', {
      type: 'mouseWheel',
      x: this.x,
      y: this.y,
      deltaX: 0,
      deltaY: distance,
    });
    await this.pause(250, 450);
  }
}
