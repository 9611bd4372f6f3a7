// What a player shows of a recording is what the page looked like, at many moments of pages on which a seeded hand acts.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch } from './browser.mjs';
import { eventually } from './eventually.mjs';
import { listen } from './listen.mjs';
import { seeded } from './person.mjs';
import { playerSite } from './player_site.mjs';
import { buildRecorder } from './recorder.mjs';
import { FILES, PAGES } from './replay_pages.mjs';
import { pictureOf } from './replay_picture.mjs';
import { SHOP, SHOP_FILES } from './replay_shop.mjs';

const MOMENTS = 50;
const VIEWPORT = { width: 1000, height: 800 };
/** What changes its colour on the way has none that could be compared. */
const STILL = { reducedMotion: 'reduce' };
const WATCHED = {
  ...SHOP,
  ...Object.fromEntries(Object.keys(PAGES).map((name) => [name, { path: `/${name}`, script: '' }])),
};

let browser, player, host, url;
/** Nobody is there any more: what is asked for is only noted. */
let gone = false;
const missed = [];
const files = new Map(Object.entries(SHOP_FILES));
before(async () => {
  browser = await launch();
  player = await playerSite();
  files.set('/recorder.js', ['text/javascript', await buildRecorder()]);
  for (const [name, html] of Object.entries({
    ...PAGES,
    states: STATES_HTML,
    tall: TALL_HTML,
    crowded: CROWDED_HTML,
    styled: STYLED_HTML,
  }))
    files.set(`/${name}`, ['text/html; charset=utf-8', html]);
  for (const [path, css] of Object.entries(FILES)) files.set(path, ['text/css', css]);
  [host, url] = await listen(async (request, response) => {
    if (gone) {
      missed.push(request.url);
      return request.socket.destroy();
    }
    const [type, body, status = body ? 200 : 404] = files.get(new URL(request.url, 'http://page').pathname) ?? [];
    response.writeHead(status, { 'Content-Type': type ?? 'text/plain', 'Cache-Control': 'max-age=600' }).end(body);
  });
});
after(async () => {
  await browser?.close();
  await player?.close();
  host?.closeAllConnections();
  host?.close();
});

/** Does acts, and tells what the page looked like after each, when that was, and what was recorded. */
async function recorded({ path, script, count = MOMENTS }, seed) {
  gone = false;
  const context = await browser.newContext({ viewport: VIEWPORT, ...STILL });
  const page = await context.newPage();
  const errors = [];
  page.on('pageerror', (error) => errors.push(error.stack));
  await page.goto(url + path);
  if (script) await page.addScriptTag({ content: script });
  await page.addScriptTag({ url: '/recorder.js' });
  await page.evaluate(() => recorder.settled());
  const random = seeded(seed);
  const moments = [];
  for (let moment = 0; moment < count; moment++) {
    const [which, own] = [random(), random()];
    await page.evaluate(
      async ([which, own]) => {
        let state = Math.floor(own * 2 ** 31) + 1;
        globalThis.random = (below) => {
          state = (state * 16_807) % 2_147_483_647;
          return state % below;
        };
        await acts[Math.floor(which * acts.length)]();
        await recorder.settled();
      },
      [which, own],
    );
    const picture = await page.evaluate(`(${pictureOf})(document)`);
    moments.push({ picture, at: await page.evaluate(() => recorder.recorded.at(-1).at) });
  }
  const { lines, stopped } = await page.evaluate(() => ({ lines: recorder.lines, stopped: recorder.stopped }));
  await context.close();
  assert.deepEqual([errors, stopped], [[], null]);
  return { lines, moments };
}

/** A player that has these lines. `at(time)` goes there, and gives what it shows; `like` is what it waits for. */
async function opened(lines) {
  const page = await browser.newPage({ viewport: { width: 1300, height: 1000 }, ...STILL });
  await page.goto(player.url);
  await page.evaluate(() => studio.open(1));
  const say = (order) => page.evaluate((order) => studio.say(0, order), order);
  const last = () => page.evaluate(() => studio.heard[0].findLast(({ say }) => say === 'state'));
  const { timestamp: start } = JSON.parse(lines[0]);
  const { timestamp: end } = JSON.parse(lines.at(-1));
  // A player stops before what comes at its very end.
  const after = JSON.stringify({ type: 3, timestamp: end + 1000, data: { source: 4, ...VIEWPORT } });
  await say({ say: 'events', lines: [...lines, after].join('\n') });
  await eventually('all is there', async () => Math.abs((await last())?.length - (end + 1000 - start)) < 0.01);
  const frame = page.frames()[1];
  const played = "document.querySelector('#stage iframe').contentDocument";
  const shown = () => frame.evaluate(`(${pictureOf})(${played}, true)`);
  return {
    async at(time, like) {
      await say({ say: 'seek', at: time - start + 0.01 });
      await eventually('it is there', async () => Math.abs((await last())?.at - (time - start)) < 0.1);
      let now = await shown();
      for (let tries = 0; tries < 10 && now.join() !== like.join(); tries++) {
        await new Promise((done) => setTimeout(done, 25));
        now = await shown();
      }
      return now;
    },
    /** What it shows with a fault in it, which is mended again. */
    spoilt: (fault) =>
      frame.evaluate(`(() => {
        const mend = (${fault})(${played});
        const seen = (${pictureOf})(${played}, true);
        mend();
        return seen;
      })()`),
    /** Somebody types on the page around it; gives whether that still has the focus. */
    async typing() {
      await page.evaluate(() => document.body.appendChild(document.createElement('input')).focus());
      return () => page.evaluate(() => document.activeElement.localName === 'input');
    },
    ring: (selector) =>
      frame.evaluate(`getComputedStyle(${played}.querySelector(${JSON.stringify(selector)})).outlineStyle`),
    failed: () => page.evaluate(() => studio.heard[0].filter(({ say }) => say === 'failed')),
    close: () => page.close(),
  };
}

for (const [index, [name, watched]] of Object.entries(WATCHED).entries())
  test(`${name}: what is shown is what was, when its site is gone`, async () => {
    const { lines, moments } = await recorded(watched, index + 1);
    gone = true;
    const player = await opened(lines);
    for (const [moment, { picture, at }] of moments.entries())
      assert.deepEqual(await player.at(at, picture), picture, `moment ${moment}`);
    assert.deepEqual([await player.failed(), missed], [[], []]);
    await player.close();
  });

/** A page with a recorder that has asked for its first idle moment: `idle` has what runs in it. `tick`: ms that a look at the clock takes. */
async function aboutToBeTold(path = '/tall', tick = 0) {
  gone = false;
  const page = await browser.newPage();
  await page.goto(url + path);
  await page.evaluate((tick) => {
    window.idle = [];
    window.requestIdleCallback = (run) => idle.push(run);
    let now = performance.now();
    if (tick) performance.now = () => (now += tick);
  }, tick);
  await page.addScriptTag({ url: '/recorder.js' });
  const said = async () => (await page.evaluate(() => recorder.lines)).join('\n');
  /** All idle moments that it asks for, which have no time left. Gives how many. */
  const idleMoments = () =>
    page.evaluate(() => {
      let moments = 0;
      for (; idle.length; moments++) idle.shift()({ timeRemaining: () => 0 });
      return moments;
    });
  return { page, said, idleMoments };
}

test('what becomes a block while the page is told is in no snapshot, nor in one that the end of the page cuts short', async () => {
  for (const cut of [false, true]) {
    const { page, said } = await aboutToBeTold();
    const early = await page.evaluate((cut) => {
      const [first] = idle;
      idle = { push: (run) => setTimeout(run, 0, { timeRemaining: () => 0 }) };
      first({ timeRemaining: () => 0 });
      // Between two slices, of which the first tells the section and not what stands in it.
      const early = recorder.recorded.length === 0;
      const section = document.querySelector('section');
      section.setAttribute('data-ct-block', '');
      section.innerHTML = '<p>private</p>';
      if (cut) recorder.own.flush();
      return early;
    }, cut);
    await eventually('the block is told', async () => (await said()).includes('"tagName":"section"'));
    const lines = await said();
    await page.close();
    assert.deepEqual([early, lines.includes('private')], [true, false], `cut short: ${cut}`);
  }
});

test('a page is told in one idle moment where that lasts, in tasks between which it comes first', async () => {
  const { page, said } = await aboutToBeTold();
  await page.evaluate(() => {
    window.tasks = 0;
    const own = setInterval(() => {
      if (recorder.recorded.length) clearInterval(own);
      else tasks++;
    });
    idle.shift()({ timeRemaining: () => 50 });
  });
  await eventually('the page is told', async () => (await said()).includes('"tagName":"section"'));
  const [asked, between] = await page.evaluate(() => [idle.length, tasks]);
  await page.close();
  assert.ok(asked === 0 && between > 1, `idle moments asked for: ${asked}, tasks of the page between: ${between}`);
});

test('a turn ends on the way, where elements are counted and where sheets are read', async () => {
  // Of 25 steps, and of 100, no more than 5 fit into one turn.
  for (const [path, ends, least] of [
    ['/crowded', 'too_large', 5],
    ['/styled', null, 20],
  ]) {
    const { page, said, idleMoments } = await aboutToBeTold(path, 1);
    const turns = await idleMoments();
    const stopped = await page.evaluate(() => recorder.stopped);
    if (!ends) await eventually('the sheets are told', async () => (await said()).includes('.last'));
    await page.close();
    assert.deepEqual([path, stopped], [path, ends]);
    assert.ok(turns >= least, `${path}: turns: ${turns}`);
  }
});

test('a turn ends on the way, where thousands of nodes are taken away', async () => {
  const { page, said, idleMoments } = await aboutToBeTold('/tall', 1);
  await idleMoments();
  await eventually('the page is told', async () => (await said()).includes('"tagName":"section"'));
  await page.evaluate(() => document.querySelector('div').replaceChildren());
  let removed = [];
  await eventually('all is told', async () => {
    const lines = (await said()).split('\n').map((line) => JSON.parse(line));
    removed = lines.map(({ data }) => data.removes?.length ?? 0).filter(Boolean);
    return removed.reduce((sum, count) => sum + count, 0) === 12_000;
  });
  await page.close();
  // 16 nodes a look at the clock, of which 5 fit into a turn; a page that is busy by itself is told in fewer.
  assert.ok(Math.max(...removed) < 200, `removed at once: ${removed.slice(0, 10)}`);
});

test('what a recorded page takes away is collected', async () => {
  gone = false;
  const page = await browser.newPage();
  const cdp = await page.context().newCDPSession(page);
  await page.goto(`${url}/states`);
  await page.addScriptTag({ url: '/recorder.js' });
  await page.evaluate(async () => {
    const host = document.createElement('div');
    const root = host.attachShadow({ mode: 'open' });
    root.innerHTML = '<i>shade</i>';
    root.adoptedStyleSheets = [new CSSStyleSheet()];
    const frame = document.createElement('iframe');
    frame.srcdoc = '<p>inner</p>';
    const loaded = new Promise((done) => frame.addEventListener('load', () => done(), { once: true }));
    document.body.append(host, frame);
    await loaded;
    await recorder.settled();
    window.refs = { root: new WeakRef(root), frame: new WeakRef(frame.contentDocument) };
    host.remove();
    frame.remove();
  });
  const said = await page.evaluate(() => recorder.lines.join('\n'));
  let left;
  await eventually('nothing of it is left', async () => {
    await page.evaluate(() => recorder.settled());
    await cdp.send('HeapProfiler.collectGarbage');
    left = await page.evaluate(() => Object.keys(refs).filter((name) => refs[name].deref()));
    return !left.length;
  }).catch(() => {});
  await page.close();
  assert.deepEqual([said.includes('shade'), said.includes('inner'), left], [true, true, []]);
});

/** One of everything that is compared; all of it is set by its only act. */
const STATES = {
  path: '/states',
  count: 1,
  script: `window.acts = [() => {
    const $ = (selector) => document.querySelector(selector);
    scrollTo(0, 150);
    $('#box').scrollTop = 60;
    $('[type=checkbox]').checked = true;
    $('[type=text]').value = 'typed';
    $('select').selectedIndex = 1;
    $('details').open = true;
    $('dialog').showModal();
    $('dialog button').focus();
  }];`,
};
const STATES_HTML = `<!doctype html><title>States</title><style>p{color:rgb(9,9,9)}#box{height:50px;overflow:auto}</style><p class="a">text</p>
<div id="box"><div style="height:900px">tall</div></div><input type="checkbox"><input type="text"><select><option>one<option>two</select>
<details><summary>more</summary>inside</details><dialog><button>yes</button></dialog><div style="height:3000px">long</div>`;

/** Of which a recorder has enough for many slices before it comes to the end. */
const TALL_HTML = `<!doctype html><title>Tall</title><div>${'<p>a<b>b</b></p>'.repeat(12_000)}</div><section><p>Loading</p></section>`;

/** More elements than are recorded. */
const CROWDED_HTML = `<!doctype html><title>Crowded</title>${'<i></i>'.repeat(60_000)}`;
const STYLED_HTML = `<!doctype html><title>Styled</title>${'<style>.a{color:red}</style>'.repeat(99)}<style>.last{color:red}</style>`;

/** What a player might show wrong. Each gives what mends it. */
const FAULTS = {
  text: (page) => {
    const text = page.querySelector('p').firstChild;
    text.data = 'test';
    return () => Object.assign(text, { data: 'text' });
  },
  'an attribute': (page) => {
    const { classList } = page.querySelector('p');
    classList.replace('a', 'b');
    return () => classList.replace('b', 'a');
  },
  'the scroll of the page': (page) => {
    const { defaultView: view } = page;
    view.scrollBy(0, -10);
    return () => view.scrollBy(0, 10);
  },
  'the scroll of an element': (page) => {
    const box = page.querySelector('#box');
    box.scrollTop = 50;
    return () => Object.assign(box, { scrollTop: 60 });
  },
  'what is checked': (page) => {
    const box = page.querySelector('[type=checkbox]');
    box.checked = false;
    return () => Object.assign(box, { checked: true });
  },
  'how much is typed': (page) => {
    const field = page.querySelector('[type=text]');
    field.value = '****';
    return () => Object.assign(field, { value: '*****' });
  },
  'what is chosen': (page) => {
    const choice = page.querySelector('select');
    choice.selectedIndex = 0;
    return () => Object.assign(choice, { selectedIndex: 1 });
  },
  'what is open': (page) => {
    const details = page.querySelector('details');
    details.open = false;
    return () => Object.assign(details, { open: true });
  },
  'what stands before the page': (page) => {
    const dialog = page.querySelector('dialog');
    dialog.close();
    dialog.show();
    return () => {
      dialog.close();
      dialog.showModal();
    };
  },
  'the focus': (page) => {
    const button = page.querySelector('dialog button');
    button.removeAttribute('data-ct-focus');
    return () => button.setAttribute('data-ct-focus', '');
  },
  'how it is displayed': (page) => {
    const { style } = page.querySelector('#box');
    style.display = 'flex';
    return () => style.removeProperty('display');
  },
  'its colour': (page) => {
    const { style } = page.querySelector('p');
    style.color = 'rgb(9,9,8)';
    return () => style.removeProperty('color');
  },
};

test('each thing that a player might show wrong is seen where it is compared', async () => {
  const { lines, moments } = await recorded(STATES, 1);
  const [{ picture, at }] = moments;
  const player = await opened(lines);
  const own = await player.typing();
  assert.deepEqual(await player.at(at, picture), picture);
  assert.equal(await own(), true, 'who watches keeps the focus');
  assert.equal(await player.ring('dialog button'), 'solid');
  for (const [what, fault] of Object.entries(FAULTS)) {
    const spoilt = await player.spoilt(fault);
    assert.equal(spoilt.filter((line, place) => line !== picture[place]).length > 0, true, what);
    assert.deepEqual(await player.at(at, picture), picture, `${what}, mended`);
  }
  await player.close();
});
