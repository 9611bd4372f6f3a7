// What is told of fields in a real browser: numbers, lengths and places in lists, read without holding the page up.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lateIsThere } from './late.mjs';
import { context, open as openPage, pages, server, withSdk } from './tried_shop.mjs';

async function open(body) {
  pages['/page'] = withSdk(body);
  const page = await openPage('/page');
  await lateIsThere(page);
  return page;
}

async function events(page, type) {
  await page.evaluate(() => window.telemetry.flush());
  return server.batches.flatMap((batch) => batch.events).filter((event) => event.type === type);
}

test('a field that is left tells how long it took to begin, and what was deleted and filled again', async () => {
  const page = await open(
    '<form><input name="a"><input name="b"><div contenteditable tabindex="0">x</div><button>Go</button></form>',
  );
  await page.focus('[name=a]');
  await page.keyboard.type('abc');
  for (let n = 0; n < 3; n++) await page.keyboard.press('Backspace');
  await page.keyboard.press('Tab'); // emptied in one visit, and filled in the next
  await page.keyboard.press('Shift+Tab');
  await page.keyboard.type('d');
  await page.keyboard.press('Control+a');
  await page.keyboard.press('Delete');
  await page.keyboard.type('e');
  await page.click('div');
  await page.keyboard.type('yy');
  await page.focus('button');
  await page.keyboard.press('Shift+Tab');
  const blurs = await events(page, 'blur');
  assert.deepEqual(
    blurs.map(({ element, field }) => [element.name ?? element.tag, field?.corrections, field?.refills]),
    [
      ['a', 3, 0],
      ['b', 0, 0],
      ['a', 1, 2],
      ['div', 0, 0],
      ['button', undefined, undefined],
    ],
  );
  const [first, untouched] = blurs;
  assert.ok(first.field.hesitation_ms > 0 && first.field.hesitation_ms < first.duration_ms);
  assert.equal(untouched.field.hesitation_ms ?? null, null);
});

test('a number of which only the sign is typed was not emptied', async () => {
  const page = await open('<input type="number" name="n"><button>Go</button>');
  await page.focus('[name=n]');
  await page.keyboard.type('-5');
  await page.focus('button');
  await page.focus('[name=n]');
  await page.keyboard.press('Control+a');
  await page.keyboard.press('Delete');
  await page.keyboard.type('-7');
  await page.focus('button');
  const blurs = await events(page, 'blur');
  assert.deepEqual(
    blurs.filter(({ element }) => element.name === 'n').map(({ field }) => [field.corrections, field.refills]),
    [
      [0, 0],
      [1, 1],
    ],
  );
});

test('the place of a radio button in its group, of ten thousand', async () => {
  const many = Array.from({ length: 2500 }, (_, n) =>
    [0, 1, 2, 3].map((place) => `<input type="radio" name="q${n}" value="${place}">`).join(''),
  ).join('');
  const page = await open(`<form>${many}</form><input type="radio" name="q7"><x-a><template shadowrootmode="open">
    <input type="radio" name="q7" id="one"><input type="radio" name="q7" id="two"></template></x-a>`);
  await page.click('[name=q7][value="2"]');
  await page.click('body > [name=q7]');
  await page.click('#two');
  const changes = await events(page, 'change');
  assert.deepEqual(
    changes.map(({ change }) => change.index),
    [2, 0, 1],
  );
});

/** Notes the longest text that a script reads; runs before the SDK, which keeps what it finds. */
function watchReads() {
  window.longest = 0;
  const note = (text) => {
    window.longest = Math.max(window.longest, text?.length ?? 0);
    return text;
  };
  for (const [prototype, name] of [
    [Node.prototype, 'textContent'],
    [Node.prototype, 'nodeValue'],
    [CharacterData.prototype, 'data'],
    [HTMLElement.prototype, 'innerText'],
  ]) {
    const { get } = Object.getOwnPropertyDescriptor(prototype, name);
    Object.defineProperty(prototype, name, {
      configurable: true,
      get() {
        return note(get.call(this));
      },
    });
  }
  for (const [prototype, name] of [
    [CharacterData.prototype, 'substringData'],
    [Selection.prototype, 'toString'],
    [Range.prototype, 'toString'],
  ]) {
    const original = prototype[name];
    prototype[name] = function (...values) {
      return note(original.apply(this, values));
    };
  }
}

test('of megabytes nothing is read whole: not of an editor at a key, not of a text under the pointer', async () => {
  await context.addInitScript(watchReads);
  const page = await open('<div contenteditable></div><p>x</p>');
  await page.evaluate(() => {
    const editor = document.querySelector('div');
    editor.append(document.createTextNode('word '.repeat(440_000)));
    document.querySelector('p').firstChild.replaceData(0, 1, 'word '.repeat(440_000));
    document.querySelector('p').style.cssText = 'height: 20px; overflow: hidden';
    editor.style.cssText = 'height: 20px; overflow: hidden';
    editor.focus();
  });
  await page.keyboard.type('ab');
  await page.keyboard.press('Control+a');
  await page.keyboard.press('Control+c');
  await page.click('p');
  const [input] = await events(page, 'input');
  assert.equal(input.input.length, 10_000);
  const [copy] = await events(page, 'clipboard');
  assert.equal(copy.clipboard.length, 10_000);
  const [click] = await events(page, 'click');
  assert.ok(click.element.text.startsWith('word word'));
  const longest = await page.evaluate(() => window.longest);
  assert.ok(longest > 0 && longest <= 1_000, `${longest} units`);
});

test('the length of what is copied, from a field and from the page', async () => {
  const page = await open('<input value="four"><p>one <b>two</b></p><p>three</p>');
  await page.focus('input');
  await page.keyboard.press('Control+a');
  await page.keyboard.press('Control+c');
  await page.evaluate(() => {
    const [one, two] = document.querySelectorAll('p');
    getSelection().setBaseAndExtent(one.firstChild, 1, two.firstChild, 2);
  });
  await page.keyboard.press('Control+c');
  const copies = await events(page, 'clipboard');
  assert.deepEqual(
    copies.map(({ clipboard }) => clipboard.length),
    [4, 3 + 3 + 2],
  );
});
