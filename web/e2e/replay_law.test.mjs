// What a recording owes the page and the person: no policy is violated, and nothing private is in any byte that leaves.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { edit, leakedIn, PARTS } from './edited_places.mjs';
import { eventually } from './eventually.mjs';
import { chunksIn } from './frames.mjs';
import { BODY, change, FILES, leave, PATH, PLAIN, PRIVATE } from './private_page.mjs';
import { context, open, server } from './tried_site.mjs';

const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; worker-src 'self'; connect-src 'self'; " +
  "require-trusted-types-for 'script'; trusted-types customer-telemetry";

/** How long the page with the strictest policy is recorded. */
const POLICY_SECONDS = Number(process.env.POLICY_SECONDS ?? 2);

const pageViews = () => [
  ...new Set(server.posts.flatMap(({ frames }) => frames.map(({ header }) => header.page_view_id))),
];
const chunks = () =>
  pageViews().flatMap((id) =>
    chunksIn(
      server.posts.flatMap(({ frames }) => frames),
      id,
    ),
  );
/** Everything that left of recordings, inflated. */
const text = () =>
  chunks()
    .map(({ header, text }) => JSON.stringify(header) + text)
    .join('\n');
const kinds = () => chunks().map(({ header }) => header.kind);
const script = (body) => ({ type: 'text/javascript', body });

async function recorded(page, files, headers = {}) {
  server.page = page;
  Object.assign(server.files, files);
  server.headers = headers;
  Object.assign(server.attributes, { 'data-ct-replay': 'always', 'data-ct-endpoint': server.url });
  return open(PATH);
}

/** Sources of events that tell of rules and of adopted sheets; a rule whose declaration changed is told anew. */
const SHEETS = [8, 15];
/** Changes of styles that were recorded: `of` is an element, or what of a sheet changed. */
const styleChanges = () =>
  chunks()
    .flatMap(({ events }) => events)
    .filter(({ type }) => type === 3)
    .flatMap(({ timestamp: at, data }) => {
      const styled = (data.attributes ?? []).filter(({ attributes }) => 'style' in attributes);
      const sheets = SHEETS.includes(data.source) ? [{ of: `sheets ${data.source}`, at }] : [];
      return [...styled.map(({ id }) => ({ of: `element ${id}`, at })), ...sheets];
    });

/** Each frame in every way in which a page may change styles: of elements, SVG, a shadow tree, a frame, rules, adopted sheets. */
const ANIMATION = `window.violated = [];
  addEventListener('securitypolicyviolation', ({ violatedDirective, sourceFile }) => violated.push(violatedDirective + ' ' + sourceFile));
  const box = document.getElementById('box');
  const shade = document.getElementById('host').attachShadow({ mode: 'open' }).appendChild(document.createElement('i'));
  const inner = document.body.appendChild(document.createElement('iframe')).contentDocument.body;
  const [sheet] = document.styleSheets;
  const adopted = new CSSStyleSheet();
  document.adoptedStyleSheets = [adopted];
  const began = performance.now();
  let n = 0;
  const step = () => {
    box.style.transform = 'translateX(' + (n++ % 50) + 'px)';
    box.style.cssText += ';color:rgb(' + n % 255 + ',0,0)';
    for (const styled of [document.querySelector('circle'), shade, inner]) styled.style.opacity = (n % 10) / 10;
    if (n % 20 === 0) sheet.insertRule('b{color:rgb(0,' + n % 255 + ',0)}');
    if (n % 20 === 10 && sheet.cssRules.length > 9) sheet.deleteRule(0);
    if (n % 20 === 15) sheet.cssRules[0].style.setProperty('color', 'rgb(' + n % 255 + ',1,1)');
    if (n % 50 === 0) adopted.replaceSync('p{color:rgb(0,0,' + n % 255 + ')}');
    window.animated = (performance.now() - began) / 1000;
    requestAnimationFrame(step);
  };
  step();`;

test('a page with the strictest policy, whose styles are animated, is recorded without a violation', async (t) => {
  assert.ok(POLICY_SECONDS > 0, 'POLICY_SECONDS is a number of seconds');
  const files = {
    '/style.css': { type: 'text/css', body: '#box{color:rgb(1,2,3)}' },
    '/act.js': script(ANIMATION),
  };
  const body = `<link rel="stylesheet" href="/style.css"><div id="box">box</div><b>b</b><p>p</p><svg><circle r="9"/></svg>
    <div id="host"></div><script src="/act.js"></script>`;
  const complaints = [];
  context.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  const { page, errors } = await recorded(body, files, { 'Content-Security-Policy': POLICY });
  await eventually('a snapshot', () => kinds().includes('snapshot'));
  const before = await page.evaluate(() => animated);
  await page.waitForFunction((until) => animated >= until, before + POLICY_SECONDS, { timeout: 0 });
  await page.evaluate(() => history.pushState(null, '', '/other'));
  await eventually('the end', () => chunks().some(({ header }) => header.final));
  const changes = styleChanges();
  const times = changes.map(({ at }) => at);
  const seconds = (Math.max(...times) - Math.min(...times)) / 1000;
  t.diagnostic(`${changes.length} changes of styles were recorded in ${seconds.toFixed(1)} s`);
  assert.ok(seconds > POLICY_SECONDS - 1, `styles were recorded for ${seconds} of ${POLICY_SECONDS} s`);
  assert.equal(new Set(changes.map(({ of }) => of)).size, 4 + SHEETS.length, 'every way to change a style was seen');
  assert.deepEqual(await page.evaluate(() => violated), []);
  assert.deepEqual([complaints, errors], [[], []]);
  assert.ok(/"style":[^}]*translateX/.test(text()), 'a changed style is there');
  assert.ok(/_cssText":"[^"]*#box ?\{ ?color/.test(text()), 'a linked sheet is there without the site');
});

/** Each tenth of a second the next number, until `stop()`; and a press, which is shown. When each was, is kept. */
const TICKER = `window.shown = [];
  const box = document.getElementById('box');
  const show = () => {
    shown.push(performance.timeOrigin + performance.now());
    box.firstChild.data = 'number ' + shown.length;
  };
  const timer = setInterval(show, 100);
  window.stop = () => clearInterval(timer);
  document.querySelector('button').addEventListener('click', ({ target }) => {
    window.pressed = performance.timeOrigin + performance.now();
    target.firstChild.data = 'Pressed';
  });`;
/** By its text, when each change of a text happened as it was recorded. */
const textChanges = () =>
  new Map(
    chunks()
      .flatMap(({ events }) => events)
      .filter(({ type }) => type === 3)
      .flatMap(({ timestamp, data }) => (data.texts ?? []).map(({ value }) => [value, timestamp])),
  );

test('a page that changes by itself without end is told a few times a second, and what is new or done by a person at once', async () => {
  const body = '<p id="box">number 0</p><button type="button">Press</button><script src="/ticker.js"></script>';
  const { page, errors } = await recorded(body, { '/ticker.js': script(TICKER) });
  await eventually('a snapshot', () => kinds().includes('snapshot'));
  await page.waitForFunction(() => shown.length >= 60, null, { timeout: 0 });
  await page.click('button');
  const [pressed, before] = await page.evaluate(() => [window.pressed, shown.length]);
  await page.waitForFunction((until) => shown.length >= until, before + 25, { timeout: 0 });
  await page.evaluate(() => stop());
  const shown = await page.evaluate(() => window.shown);
  const last = `number ${shown.length}`;
  await eventually('the last one', () => textChanges().has(last));
  const told = textChanges();
  const between = (from, to) => shown.filter((at, n) => at >= from && at < to && told.has(`number ${n + 1}`)).length;
  const busy = between(pressed - 3000, pressed - 1000);
  assert.ok(busy >= 4 && busy <= 10, `${busy} in two seconds of a page left alone`);
  const prompt = between(pressed, pressed + 900);
  assert.ok(prompt >= 6, `${prompt} of 9 in the second after a press`);
  assert.ok(told.get('Pressed') - pressed < 100, 'what the press led to is told as it happens');
  assert.ok(told.get(last) - shown.at(-1) < 1000, 'the last one is told soon');
  assert.deepEqual(errors, []);
});

test('nothing private is in what is recorded, neither in the snapshot nor in what changes', async () => {
  const { page, errors } = await recorded(BODY, FILES);
  const [plain, changed, last] = PLAIN;
  await eventually('a snapshot', () => kinds().includes('snapshot'));
  await change(page);
  await eventually('what changed', () => text().includes(changed));
  await leave(page);
  await eventually('the end', () => chunks().some(({ header, text }) => header.final && text.includes(last)));
  assert.deepEqual(errors, []);
  const all = text();
  assert.ok(all.includes(plain));
  assert.ok(all.includes('h1{color:rgb(1,2,3)}'), 'a linked sheet by its file');
  assert.ok(all.includes('h1 { color: rgb(1, 2, 3); }'), 'and by its rules');
  const found = [...all.matchAll(new RegExp(`.{0,120}${PRIVATE}.{0,20}`, 'gi'))];
  assert.deepEqual(
    found.map(([around]) => around),
    [],
  );
});

test('what a frame showed is gone once it shows another site', async () => {
  const { page, errors } = await recorded('<p>before</p><iframe srcdoc="<p>ours in the frame</p>"></iframe>', {});
  await eventually('a snapshot', () => text().includes('ours in the frame'));
  // Another origin: the same server by another name.
  const other = server.url.replace('127.0.0.1', 'localhost');
  assert.notEqual(other, server.url);
  await page.evaluate((address) => {
    const frame = document.querySelector('iframe');
    frame.removeAttribute('srcdoc');
    frame.src = address;
  }, `${other}/plain`);
  const mutations = () =>
    chunks()
      .flatMap(({ events }) => events)
      .filter(({ type, data }) => type === 3 && data.source === 0);
  const framesIn = (list) => list.filter(({ node }) => node?.tagName === 'iframe').map(({ node }) => node.id);
  await eventually('the frame anew, without a document', () =>
    mutations().some(({ data }) => framesIn(data.adds).length && data.removes.length),
  );
  const again = mutations().findLastIndex(({ data }) => framesIn(data.adds).length);
  assert.ok(
    mutations()
      .slice(again)
      .every(({ data }) => !data.isAttachIframe),
    'no document of it is told after that',
  );
  assert.deepEqual(errors, []);
});

/** A host with a shadow tree from the start. */
const host = (tree, children) => `<x-a><template shadowrootmode="open">${tree}</template>${children}</x-a>`;
const SLOT = '<slot></slot>';

/**
 * What comes into a block after it was told, by a name: the page's part, and two acts on it, of which the second brings the private
 * word `w`. `at` is the part, `tree` the shadow tree of the first `x-a` in it.
 */
const INTO_BLOCKS = {
  'a host that becomes what it is later': [
    '<x-card data-ct-block></x-card>',
    () => {},
    (_, w) =>
      customElements.define(
        'x-card',
        class extends HTMLElement {
          connectedCallback() {
            this.attachShadow({ mode: 'open' }).innerHTML = `<p>${w}</p>`;
          }
        },
      ),
  ],
  'a shadow tree of a block': [
    '<div data-ct-block></div>',
    () => {},
    (at, w) => at.firstElementChild.attachShadow({ mode: 'open' }).append(w),
  ],
  'a shadow tree of what is slotted in a block': [
    host(`<div data-ct-block>${SLOT}</div>`, '<section></section>'),
    () => {},
    (at, w) => at.querySelector('section').attachShadow({ mode: 'open' }).append(w),
  ],
  'another slot': [
    host(`${SLOT}<div data-ct-block><slot name="q"></slot></div>`, '<p>x</p>'),
    (at) => at.querySelector('p').setAttribute('slot', 'q'),
    (at, w) => at.querySelector('p').replaceChildren(w),
  ],
  'another name of a slot': [
    host(`${SLOT}<div data-ct-block><slot name="q"></slot></div>`, '<p slot="r">x</p>'),
    (_, __, tree) => tree.querySelector('[name]').setAttribute('name', 'r'),
    (at, w) => at.querySelector('p').replaceChildren(w),
  ],
  'a block around a slot': [
    host(`<div>${SLOT}</div>`, '<p>x</p>text'),
    (_, __, tree) => tree.querySelector('div').setAttribute('data-ct-block', ''),
    (at, w) => {
      at.querySelector('p').replaceChildren(w);
      at.querySelector('x-a').lastChild.data = w;
    },
  ],
  'a block around a slot of a slot': [
    host(host(`<div>${SLOT}</div>`, `<b>${SLOT}</b>`), '<p>x</p>'),
    (_, __, tree) => tree.querySelector('x-a').shadowRoot.querySelector('div').setAttribute('data-ct-block', ''),
    (at, w) => at.querySelector('p').replaceChildren(w),
  ],
  'a slot that moves into a block': [
    host(`<div data-ct-block></div><b>${SLOT}</b>`, '<p>x</p>'),
    (_, __, tree) => tree.querySelector('div').append(tree.querySelector('b')),
    (at, w) => at.querySelector('p').replaceChildren(w),
  ],
  'a shadow tree with a blocked slot': [
    '<x-b>x</x-b><x-b>x<p>x</p></x-b>',
    (at) => {
      for (const late of at.children)
        late.attachShadow({ mode: 'open' }).innerHTML = '<div data-ct-block><slot></slot></div>';
    },
    (at, w) => {
      for (const late of at.children) late.firstChild.data = w;
      at.querySelector('p').title = `${w}@mail.example`;
    },
  ],
  'the same in one task': [
    '<x-b>x</x-b>',
    () => {},
    (at, w) => {
      at.firstChild.attachShadow({ mode: 'open' }).innerHTML = '<div data-ct-block><slot></slot></div>';
      at.firstChild.firstChild.data = w;
    },
  ],
  'a slot that is assigned by hand': [
    '<x-b><p>x</p></x-b>',
    (at) => {
      const root = at.firstChild.attachShadow({ mode: 'open', slotAssignment: 'manual' });
      root.innerHTML = '<div data-ct-block><slot></slot></div>';
      root.querySelector('slot').assign(at.querySelector('p'));
    },
    (at, w) => at.querySelector('p').replaceChildren(w),
  ],
};

const secretOf = (n) => PRIVATE + String.fromCharCode(97 + n);
const FRAMES = 'new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))';

/** Does one of the acts on each part, and waits until the recorder has seen that. */
const act = (page, number) => {
  const calls = Object.values(INTO_BLOCKS).map((part, n) => {
    const at = `document.getElementById('part-${n}')`;
    return `(${part[number]})(${at}, '${secretOf(n)}', ${at}.querySelector('x-a')?.shadowRoot);`;
  });
  return page.evaluate(`(() => { ${calls.join('\n')}\nreturn ${FRAMES}; })()`);
};

test('what comes into a block after it was told is not recorded, by slots and shadow trees too', async () => {
  const parts = Object.values(INTO_BLOCKS).map(([html], n) => `<section id="part-${n}">${html}</section>`);
  const { page, errors } = await recorded(
    `<h1>${PLAIN[0]}</h1>${parts.join('\n')}${host(`<div data-ct-block>${SLOT}</div>`, '<i>x</i>')}`,
    {},
  );
  await eventually('a snapshot', () => kinds().includes('snapshot'));
  await act(page, 1);
  await act(page, 2);
  await page.evaluate((shown) => {
    const [open] = [...document.querySelectorAll('x-a')].slice(-1);
    open.shadowRoot.querySelector('div').removeAttribute('data-ct-block');
    open.querySelector('i').append(shown);
  }, PLAIN[1]);
  await leave(page);
  await eventually('the end', () => chunks().some(({ header, text }) => header.final && text.includes(PLAIN[2])));
  assert.deepEqual(errors, []);
  const all = text();
  const leaked = Object.keys(INTO_BLOCKS).filter((_, n) => all.includes(secretOf(n)));
  assert.deepEqual(leaked, []);
  assert.ok(all.includes(PLAIN[1]), 'what came out of a block is there');
});

/** Documents of frames that are edited as a whole, from the beginning or later, and what scripts put into them. */
const DESIGNED = `<iframe id="early" srcdoc="<script>document.designMode = 'on'</script>${secretOf(20)}"></iframe><iframe id="later"></iframe>`;

test('what was typed is not recorded when it is in a field or an editor no more, nor what stands in a document that is edited', async () => {
  const { page, errors } = await recorded(`<h1>${PLAIN[0]}</h1>${PARTS}${DESIGNED}`, {});
  await eventually('a snapshot', () => kinds().includes('snapshot'));
  await page.evaluate((draft) => {
    const { contentDocument: inner } = document.getElementById('later');
    inner.designMode = 'on';
    inner.body.innerHTML = `<p>${draft}</p>`;
  }, secretOf(21));
  await page.click('#later');
  await page.keyboard.type(secretOf(22));
  await edit(page);
  await page.evaluate((shown) => document.querySelector('h1').append(shown), PLAIN[1]);
  await leave(page);
  await eventually('the end', () => chunks().some(({ header, text }) => header.final && text.includes(PLAIN[2])));
  assert.deepEqual(errors, []);
  const all = text();
  const designed = [20, 21, 22].filter((n) => all.includes(secretOf(n)));
  assert.deepEqual([leakedIn(all), designed], [[], []]);
  assert.ok(all.includes(PLAIN[0]) && all.includes(PLAIN[1]), 'what nobody typed is there');
});
