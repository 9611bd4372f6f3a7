// Plays a score on a page by CDP, without waiting for each input: only so do samples coalesce as those of a device.

const KEYS = { Tab: 9, Backspace: 8 };

const mouse = (type, { x, y }, more) => ['Input.dispatchMouseEvent', { type, x, y, pointerType: 'mouse', ...more }];

function keyboard(type, key) {
  const special = KEYS[key];
  const code = special ? key : `Key${key.toUpperCase()}`;
  const windowsVirtualKeyCode = special ?? key.toUpperCase().charCodeAt(0);
  const text = special || type === 'keyUp' ? {} : { text: key };
  return [
    'Input.dispatchKeyEvent',
    { type: special && type === 'keyDown' ? 'rawKeyDown' : type, key, code, windowsVirtualKeyCode, ...text },
  ];
}

const BUTTON = { button: 'left', clickCount: 1 };
const calls = {
  sample: (input) => [mouse('mouseMoved', input)],
  press: (input) => [mouse('mousePressed', input, { ...BUTTON, buttons: 1 })],
  release: (input) => [mouse('mouseReleased', input, BUTTON)],
  wheel: (input) => [mouse('mouseWheel', input, { deltaX: 0, deltaY: input.pixels })],
  key: ({ key }) => [keyboard('keyDown', key), keyboard('keyUp', key)],
};

/** Settles when every input has been taken by the page. Inputs that are late are sent together, as a queue of a busy device. */
export async function play(cdp, inputs, seconds) {
  const started = performance.now();
  const sent = [];
  const until = async (ms) => {
    const left = ms - (performance.now() - started);
    if (left > 0) await new Promise((resolve) => setTimeout(resolve, left));
  };
  for (const input of inputs) {
    await until(input.ms);
    for (const [method, parameters] of calls[input.kind](input)) sent.push(cdp.send(method, parameters));
  }
  await until(seconds * 1000);
  await Promise.all(sent);
}
