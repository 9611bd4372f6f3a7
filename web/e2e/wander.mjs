// A seeded visitor of any page: the same seed does the same things while the page shows the same controls.

const CONTROLS = 'a[href], button, input, select, textarea, summary, [contenteditable], [tabindex]';

/** Centres and kinds of the controls in view, in the order of the document, shadow roots and frames of the origin included. */
const LOOK = `
  const found = [];
  const visit = (root, left, top) => {
    for (const element of root.querySelectorAll('*')) {
      const box = Element.prototype.getBoundingClientRect.call(element);
      const [x, y] = [left + box.x + box.width / 2, top + box.y + box.height / 2];
      if (Element.prototype.matches.call(element, '${CONTROLS}') && box.width && box.height && x > 0 && y > 0 && x < 1000 && y < 800)
        found.push({ x, y, kind: element.localName });
      const shadow = Object.getOwnPropertyDescriptor(Element.prototype, 'shadowRoot').get.call(element);
      if (shadow) visit(shadow, left, top);
      if (element.localName === 'iframe' && element.contentDocument) visit(element.contentDocument, left + box.x, top + box.y);
    }
  };
  visit(document, 0, 0);
  return found;`;

const WORDS = ['ada', 'Zoë', 'x1', 'two words', '42', '!?'];
const KEYS = ['Tab', 'Enter', 'Escape', 'ArrowDown', 'ArrowUp', 'Space', 'Backspace', 'Shift+Tab'];

/** Does one thing that a visitor might. Returns its name, for the log of a failure. */
async function step({ page }, controls, pick, random) {
  const control = pick(controls);
  const chance = random();
  if (!control || chance < 0.06) {
    await page.mouse.wheel(0, random() < 0.5 ? 200 : -200);
    return 'wheel';
  }
  if (chance < 0.16) {
    await page.mouse.move(control.x, control.y);
    return `hover ${control.kind}`;
  }
  if (chance < 0.32) {
    const key = pick(KEYS);
    await page.keyboard.press(key);
    return `key ${key}`;
  }
  await page.mouse.click(control.x, control.y, { clickCount: chance > 0.96 ? 2 : 1 });
  if (!['input', 'textarea', 'div'].includes(control.kind)) return `click ${control.kind}`;
  const word = pick(WORDS);
  await page.keyboard.type(word);
  return `type ${word} into ${control.kind}`;
}

/** Visits for a number of steps; each begins when the page asks for nothing any more. */
export async function wander(trial, random, steps) {
  const pick = (list) => list[Math.floor(random() * list.length)];
  const done = [];
  for (let n = 0; n < steps; n++) {
    done.push(await step(trial, await trial.look(LOOK), pick, random));
    await trial.settled();
    await trial.run('window.__tick?.()');
  }
  return done;
}
