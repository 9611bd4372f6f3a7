// Names on the page that shadow the platform: fields of forms, images of the document, elements of the window.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../eventually.mjs';
import { open, stub } from '../laboratory.mjs';

/** Names of fields: each hides the property of its form that has the same name. */
const FIELDS =
  `id name type value tagName localName nodeName nodeType nodeValue closest matches parentNode parentElement children
  childNodes firstChild nextSibling previousElementSibling firstElementChild getAttribute hasAttribute setAttribute attributes dataset className classList
  getRootNode shadowRoot assignedSlot ownerDocument isConnected textContent innerHTML innerText contains compareDocumentPosition querySelector querySelectorAll
  getElementsByTagName getBoundingClientRect scrollLeft scrollTop offsetParent addEventListener dispatchEvent isContentEditable tabIndex role title labels elements
  length form method action target submit requestSubmit reset checked selectedOptions constructor toString hasOwnProperty __proto__`.split(
    /\s+/,
  );

/** Names of images: each hides a property of the document. */
const IMAGES =
  `cookie body head title documentElement currentScript referrer visibilityState hidden readyState URL documentURI baseURI domain
  addEventListener removeEventListener createElement createTreeWalker createRange querySelector querySelectorAll getElementById getElementsByTagName elementFromPoint elementsFromPoint
  scrollingElement activeElement defaultView hasFocus contains prerendering wasDiscarded adoptedStyleSheets nodeType parentNode getRootNode ownerDocument
  characterSet timeline fonts append appendChild implementation compatMode designMode`.split(/\s+/);

/** Names of elements that nothing of the browser is called, so that the window shows the element itself. */
const WINDOW_IDS =
  `telemetry telemetryCourier customerTelemetry Zone __zone_symbol__setTimeout __zone_symbol__clearTimeout __zone_symbol__fetch
  __zone_symbol__addEventListener __zone_symbol__Promise __zone_symbol__MutationObserver __originalFetch ct CT process global exports module define require jQuery Sentry`.split(
    /\s+/,
  );

const STYLE = '<style>form { display: inline-block; padding: 8px; border: 1px solid } input { width: 60px }</style>';
const formOf = (name) =>
  `<form id="form-${name}" action="/nowhere"><input name="${name}"><button id="go-${name}">${name}</button></form>`;
const STAY = `<script>addEventListener('submit', (event) => event.preventDefault());</script>`;

/** Centres of elements, found without any property that a form can hide. */
const centres = (trial, selector) =>
  trial.run(`
    return [...Document.prototype.querySelectorAll.call(document, '${selector}')].map((element) => {
      const { x, y, width, height } = Element.prototype.getBoundingClientRect.call(element);
      return [x + width / 2, y + height / 2, x + 4, y + 4];
    });`);

test('clicks, edits, choices and submits in forms whose fields are named like anything', async (t) => {
  const trial = await open(t, { head: STYLE + STAY, body: FIELDS.map(formOf).join('') });
  await trial.unharmed();
  for (const [, , x, y] of await centres(trial, 'form')) await trial.page.mouse.click(x, y);
  for (const [x, y] of await centres(trial, 'input')) {
    await trial.page.mouse.click(x, y);
    await trial.page.keyboard.type('a');
  }
  for (const [x, y] of await centres(trial, 'button')) await trial.page.mouse.click(x, y);
  await trial.delivered();
  await trial.unharmed();
  const clicked = new Set(trial.events('click').map(({ element }) => element.id));
  const lacking = (prefix) => FIELDS.filter((name) => !clicked.has(prefix + name));
  assert.deepEqual(lacking('form-'), [], 'clicks on the form itself, with its own id');
  assert.deepEqual(lacking('go-'), [], 'clicks inside of it');
  const edited = new Set(trial.events('input').map(({ element }) => element.name));
  assert.deepEqual(
    FIELDS.filter((name) => !edited.has(name)),
    [],
  );
  const submitted = new Set(trial.events('submit').map(({ element }) => element.id));
  assert.deepEqual(
    FIELDS.filter((name) => !submitted.has(`form-${name}`)),
    [],
  );
});

test('fields named like anything do not open what is blocked or ignored', async (t) => {
  const fields = FIELDS.map((name) => `<input name="${name}">`).join('');
  const inner = (id) =>
    `<input id="${id}-field" value="" aria-label="Secretlabel"><button type="button" id="${id}-button">Secrettext</button>`;
  const trial = await open(t, {
    head: STYLE + STAY,
    body: `<form data-ct-block>${fields}${inner('blocked')}</form><form data-ct-ignore>${fields}${inner('ignored')}</form>`,
  });
  for (const id of ['blocked-field', 'blocked-button', 'ignored-field', 'ignored-button']) {
    const [[x, y]] = await centres(trial, `#${id}`);
    await trial.page.mouse.click(x, y);
    await trial.page.keyboard.type('q');
  }
  await trial.delivered();
  const inside = trial
    .events()
    .filter(({ element }) => element?.path.includes('blocked') || element?.id?.startsWith('blocked'));
  assert.deepEqual(inside, []);
  assert.deepEqual(
    trial.events('click').map(({ element }) => element.id),
    ['ignored-field', 'ignored-button'],
  );
  assert.deepEqual(trial.events('input'), []);
});

for (const [where, html] of Object.entries({
  'before the script': (images) =>
    `<!doctype html><html><head><title>Names</title></head><body>${images}<!--sdk--><button id="buy">Buy</button></body></html>`,
  'after the script': (images) =>
    `<!doctype html><html><head><title>Names</title><!--sdk--></head><body>${images}<button id="buy">Buy</button></body></html>`,
}))
  test(`images and forms named like parts of the document, ${where}`, async (t) => {
    // Hidden, so that the button stays in sight.
    const images = IMAGES.map((name) => `<img name="${name}" alt="" hidden><form name="${name}" hidden></form>`).join(
      '',
    );
    const trial = await open(t, { html: html(images) });
    await trial.unharmed();
    await trial.page.mouse.click(...(await centres(trial, '#buy'))[0].slice(0, 2));
    await trial.delivered();
    await trial.unharmed();
    assert.equal(trial.events('click')[0]?.element.id, 'buy');
    assert.equal(trial.events('page_view').length, 1);
    const { page } = stub.batches.find(({ key }) => key === trial.key);
    assert.equal(page.title, 'Names');
    assert.equal(page.referrer, '');
  });

for (const [where, arrange] of Object.entries({
  'before the script': (names) =>
    `<!doctype html><html><body>${names}<!--sdk--><button id="buy">Buy</button></body></html>`,
  'after the script': (names) =>
    `<!doctype html><html><head><!--sdk--></head><body>${names}<button id="buy">Buy</button></body></html>`,
}))
  test(`elements named like things of the window, ${where}`, async (t) => {
    const names = WINDOW_IDS.map((id) => `<a id="${id}"></a><a id="${id}"></a><form name="${id}"></form>`).join('');
    const trial = await open(t, { html: arrange(`<section id="telemetry"></section>${names}`) });
    await trial.unharmed();
    await trial.page.click('#buy');
    await trial.delivered();
    assert.equal(trial.events('click')[0]?.element.id, 'buy');
    await trial.unharmed();
  });

test('a frame that is called telemetry', async (t) => {
  const trial = await open(t, {
    html: '<!doctype html><iframe name="telemetry" srcdoc="x"></iframe><!--sdk--><button id="buy">Buy</button>',
  });
  await trial.unharmed();
  await trial.page.click('#buy');
  await trial.delivered();
});

test('names that break selectors, expressions and JSON', async (t) => {
  const names = [
    'a"b',
    "a'b",
    'a\\b',
    'a]b',
    'a>b',
    '(',
    '[',
    '\\u0000',
    '{x}',
    '</script>',
    '\u2028',
    '\ud800',
    'a\nb',
    '%',
    '*',
    '__proto__',
  ];
  const html = names
    .map((name) => name.replaceAll('&', '&amp;').replaceAll('"', '&quot;'))
    .map((name, i) => `<label><input type="radio" name="${name}" value="${i}" id="${name}">r</label>`);
  const trial = await open(t, { body: html.join('') });
  for (const [x, y] of await centres(trial, 'input')) await trial.page.mouse.click(x, y);
  await trial.delivered();
  assert.equal(trial.events('change').length, names.length);
  await trial.unharmed();
});

test('getters that a page gave its own elements are not run, and forms tell how far they are scrolled', async (t) => {
  const trial = await open(t, {
    head: `<style>#form, x-box { display: block; height: 100px; width: 200px; overflow: auto } #form p, x-box p { height: 900px }</style>`,
    body: `<form id="form"><input name="scrollTop"><input name="scrollLeft"><p>long</p></form><x-box id="box" tabindex="0"><p>text</p></x-box>
      <script>
        window.run = [];
        const getter = (name) => ({ get() { run.push(name); throw new Error('mine'); } });
        class Box extends HTMLElement {}
        for (const name of ['scrollTop', 'scrollLeft', 'selectionStart', 'selectionEnd']) Object.defineProperty(Box.prototype, name, getter(name));
        customElements.define('x-box', Box);
      </script>`,
  });
  await trial.delivered('late');
  for (const [x, y] of await centres(trial, '#form, #box')) {
    await trial.page.mouse.move(x, y);
    await trial.page.mouse.wheel(0, 40);
    await eventually('the scroll', () =>
      trial.delivered().then(() => trial.events('scroll').some(({ y }) => y === 40)),
    );
  }
  await eventually('both', () => trial.delivered().then(() => trial.events('scroll').length > 1));
  const [, [x, y]] = await centres(trial, '#form, #box');
  await trial.page.mouse.click(x, y);
  await trial.run("getSelection().selectAllChildren(document.getElementById('box'))");
  await trial.page.keyboard.press('ControlOrMeta+c');
  await trial.delivered('copied');
  assert.deepEqual(await trial.run('return run'), []);
  for (const { element, y } of trial.events('scroll')) assert.equal(`${element.id} ${y}`, `${element.id} 40`);
  assert.equal(trial.events('clipboard')[0]?.clipboard.length, 4);
  await trial.unharmed();
});
