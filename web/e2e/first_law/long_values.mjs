// Long values: every read is bounded, so that no call of ours is felt.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { callsDuring, open } from '../laboratory.mjs';

/** The goal is 2 ms for the longest call; twice that leaves room for a collection of garbage in it. */
const CALL_MS_MAX = 4;
/** A machine whose caches others use takes several times as long, for seconds; what grows with a value is too long each time. */
const ATTEMPTS = 8;
/** What is long may take so many times as long as what is short. */
const TIMES_SHORT = 2;

/**
 * Fails when some call of the SDK's takes longer than a page would feel, in each of the attempts. `short`: the same with short values; where
 * the machine lets that take long too, it is the measure.
 */
async function feltNothing(act, short) {
  const longest = [];
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const [call = 0] = await callsDuring(act);
    if (call <= CALL_MS_MAX) return;
    const [plain = 0] = short ? await callsDuring(short) : [];
    if (call <= TIMES_SHORT * plain) return;
    longest.push(`${call.toFixed(1)}${short ? ` (short: ${plain.toFixed(1)})` : ''}`);
  }
  assert.fail(`longest calls: ${longest.join(', ')} ms, at most ${CALL_MS_MAX}`);
}

const typing = async (trial, text = 'abcdefgh') => {
  for (const letter of text) await trial.page.keyboard.press(letter);
  await new Promise((resolve) => setTimeout(resolve, 150));
};

test('typing into an editable text of 2.2 million characters', async (t) => {
  const trial = await open(t, {
    body: '<div id="edit" contenteditable style="height:300px;overflow:auto"></div>',
    head: '<style>#edit p { content-visibility: auto; contain-intrinsic-height: 100px; height: 100px; overflow: hidden; margin: 0 }</style>',
  });
  await trial.run(
    "document.getElementById('edit').innerHTML = ('<p>' + 'word '.repeat(200) + '</p>').repeat(2200); return 0;",
  );
  await trial.page.mouse.click(100, 50);
  await feltNothing(() => typing(trial));
  await trial.delivered();
  assert.ok(trial.events('input').length >= 8);
});

test('typing into a text field of 1 MB', async (t) => {
  const trial = await open(t, { body: '<textarea id="area" wrap="off" rows="10" cols="60"></textarea>' });
  await trial.run("document.getElementById('area').value = ('x'.repeat(99) + '\\n').repeat(10000); return 0;");
  await trial.page.mouse.click(100, 50);
  await feltNothing(() => typing(trial, 'abcd'));
  await trial.delivered();
  assert.ok(trial.events('input').length >= 4);
});

test('typing into an unmasked text field of 1 MB', async (t) => {
  const trial = await open(t, {
    body: '<textarea data-ct-unmask id="area" wrap="off" rows="10" cols="60"></textarea>',
  });
  await trial.run("document.getElementById('area').value = ('a@b '.repeat(25) + '\\n').repeat(10000); return 0;");
  await trial.page.mouse.click(100, 50);
  await feltNothing(() => typing(trial, 'abcd'));
});

test('choosing in a list of 10,000 options, masked and unmasked', async (t) => {
  const list = (more) => `<select ${more}></select>`;
  const trial = await open(t, {
    body: `<form>${list('id="a"')}${list('id="b" data-ct-unmask')}${list('id="c" multiple size="4"')}</form>`,
  });
  await trial.run(`
    const options = Array.from({ length: 10000 }, (_, n) => '<option>Option ' + n + '</option>').join('');
    for (const select of document.querySelectorAll('select')) select.innerHTML = options;
    return 0;`);
  await feltNothing(async () => {
    for (const id of ['a', 'b', 'c']) {
      await trial.page.focus(`#${id}`);
      for (let n = 0; n < 3; n++) await trial.page.keyboard.press('ArrowDown');
    }
  });
  await trial.delivered();
  assert.ok(trial.events('change').length >= 9);
});

test('a group of 10,000 radio buttons', async (t) => {
  const trial = await open(t, { body: '<form id="form"></form>' });
  await trial.run(`
    document.getElementById('form').innerHTML = Array.from({ length: 10000 }, (_, n) => '<input type=radio name=r id=r' + n + '>').join('');
    return 0;`);
  await trial.page.focus('#r0');
  await feltNothing(async () => {
    for (let n = 0; n < 4; n++) await trial.page.keyboard.press('ArrowDown');
  });
});

test('a button with a text of 5 MB, under the pointer and pressed', async (t) => {
  const trial = await open(t, {
    body: '<button id="buy">Buy<span id="long" hidden></span></button><p id="other">other</p>',
  });
  await trial.run("document.getElementById('long').textContent = 'word '.repeat(1e6); return 0;");
  await feltNothing(async () => {
    for (let n = 0; n < 4; n++) {
      await trial.page.mouse.move(20, 15);
      await trial.page.mouse.click(20, 15);
      await trial.page.mouse.move(20, 400);
    }
    await new Promise((resolve) => setTimeout(resolve, 150));
  });
  await trial.delivered();
  assert.equal(trial.events('click')[0].element.id, 'buy');
});

test('a text of 5 MB in one word, in one node', async (t) => {
  const trial = await open(t, { body: '<button id="buy"><span hidden id="long"></span>Buy</button>' });
  await trial.run("document.getElementById('long').textContent = 'a@'.repeat(25e5); return 0;");
  await feltNothing(async () => {
    await trial.page.mouse.click(15, 15);
    await trial.page.mouse.move(20, 400);
  });
});

test('100,000 children, and 3,000 ancestors', async (t) => {
  const trial = await open(t, { body: '<div id="wide"></div><div id="deep"></div>' });
  await trial.run(`
    document.getElementById('wide').innerHTML = '<button>1</button>' + '<b hidden></b>'.repeat(1e5) + '<button id="last">2</button>';
    let inner = document.getElementById('deep');
    for (let n = 0; n < 3000; n++) inner = inner.appendChild(document.createElement('span'));
    inner.innerHTML = '<button id="inner">3</button>';
    return 0;`);
  await feltNothing(async () => {
    for (const id of ['last', 'inner']) {
      const [x, y] = await trial.run(
        `const { x, y } = document.getElementById('${id}').getBoundingClientRect(); return [x + 5, y + 5]`,
      );
      await trial.page.mouse.move(x, y);
      await trial.page.mouse.click(x, y);
    }
    await trial.page.mouse.move(500, 500);
    await new Promise((resolve) => setTimeout(resolve, 150));
  });
  await trial.delivered();
  assert.deepEqual([...new Set(trial.events('click').map(({ element }) => element.id))], ['last', 'inner']);
});

test('attributes of 1 MB', async (t) => {
  const trial = await open(t, { body: '<button>Buy</button><input>' });
  await trial.run(`
    for (const element of document.querySelectorAll('button, input'))
      for (const name of ['id', 'name', 'class', 'role', 'aria-label', 'placeholder', 'title', 'data-ct-label', 'autocomplete', 'type', 'style', 'href'])
        element.setAttribute(name, (name + '@1234 ').repeat(1e5));
    return 0;`);
  await feltNothing(async () => {
    await trial.page.mouse.click(15, 15);
    await trial.page.mouse.click(90, 15);
    await trial.page.keyboard.press('a');
    await new Promise((resolve) => setTimeout(resolve, 150));
  });
  await trial.delivered();
  for (const event of trial.events()) assert.ok(JSON.stringify(event).length < 16_384, event.type);
});

test('a title, an address, a request and an error of 1 MB', async (t) => {
  const trial = await open(t, {});
  const told = (times) => async () => {
    const long = `const long = 'token=1234&user@example.com/'.repeat(${times});`;
    await trial.run(
      `${long} document.title = long; history.pushState({}, '', '#' + long); history.pushState({}, '', '?' + long); return 0;`,
    );
    await trial.run(
      `${long} fetch('/api/ok?' + long.slice(0, 5000)).catch(() => {}); fetch('data:text/plain,' + long); return 0;`,
    );
    await trial.run(`${long} setTimeout(() => { throw new Error(long); }); Promise.reject(new Error(long)); return 0;`);
    await trial.run(
      `${long} const error = new Error('mine'); error.stack = ('    at ' + long + '\\n').repeat(5); setTimeout(() => { throw error; }); return 0;`,
    );
    await new Promise((resolve) => setTimeout(resolve, 150));
  };
  await feltNothing(told(4e4), told(1));
});

test('a paste and a copy of 1 MB', async (t) => {
  const trial = await open(t, {
    body: '<textarea id="area"></textarea><p id="p" style="height:50px;overflow:hidden;content-visibility:auto"></p>',
  });
  await trial.run(`
    document.getElementById('p').textContent = 'word '.repeat(1e6);
    addEventListener('copy', (event) => { event.clipboardData.setData('text', 'x'.repeat(1e6)); event.preventDefault(); });
    addEventListener('paste', (event) => event.preventDefault());
    return 0;`);
  await trial.page.focus('#area');
  await trial.page.keyboard.type('ab');
  await trial.page.keyboard.press('Control+a');
  await feltNothing(async () => {
    await trial.page.keyboard.press('Control+c');
    await trial.page.keyboard.press('Control+v');
  });
});
