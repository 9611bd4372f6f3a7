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

const MOMENTS = 50;
const VIEWPORT = { width: 1000, height: 800 };

let browser, player, host, url;
/** Nobody is there any more: what is asked for is only noted. */
let gone = false;
const missed = [];
const files = new Map();
before(async () => {
  browser = await launch();
  player = await playerSite();
  files.set('/recorder.js', ['text/javascript', await buildRecorder()]);
  for (const [name, html] of Object.entries(PAGES)) files.set(`/${name}`, ['text/html; charset=utf-8', html]);
  for (const [path, css] of Object.entries(FILES)) files.set(path, ['text/css', css]);
  [host, url] = await listen(async (request, response) => {
    if (gone) {
      missed.push(request.url);
      return request.socket.destroy();
    }
    const [type, body] = files.get(new URL(request.url, 'http://page').pathname) ?? [];
    if (!body) return response.writeHead(404).end();
    response.writeHead(200, { 'Content-Type': type, 'Cache-Control': 'max-age=600' }).end(body);
  });
});
after(async () => {
  await browser?.close();
  await player?.close();
  host?.closeAllConnections();
  host?.close();
});

/** Does acts, and tells what the page looked like after each, when that was, and what was recorded. */
async function recorded(name, seed) {
  const context = await browser.newContext({ viewport: VIEWPORT });
  const page = await context.newPage();
  const errors = [];
  page.on('pageerror', (error) => errors.push(error.stack));
  await page.goto(`${url}/${name}`);
  await page.addScriptTag({ url: '/recorder.js' });
  await page.evaluate(() => recorder.settled());
  const random = seeded(seed);
  const moments = [];
  for (let moment = 0; moment < MOMENTS; moment++) {
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
  const page = await browser.newPage({ viewport: { width: 1300, height: 1000 } });
  await page.goto(player.url);
  await page.evaluate(() => studio.open(1));
  const say = (order) => page.evaluate((order) => studio.say(0, order), order);
  const last = () => page.evaluate(() => studio.heard[0].at(-1));
  const { timestamp: start } = JSON.parse(lines[0]);
  const { timestamp: end } = JSON.parse(lines.at(-1));
  // A player stops before what comes at its very end.
  const after = JSON.stringify({ type: 3, timestamp: end + 1000, data: { source: 4, ...VIEWPORT } });
  await say({ say: 'events', lines: [...lines, after].join('\n') });
  await eventually('all is there', async () => Math.abs((await last())?.length - (end + 1000 - start)) < 0.01);
  const frame = page.frames()[1];
  const shown = () => frame.evaluate(`(${pictureOf})(document.querySelector('#stage iframe').contentDocument)`);
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
    failed: () => page.evaluate(() => studio.heard[0].filter(({ say }) => say === 'failed')),
    close: () => page.close(),
  };
}

for (const [index, name] of Object.keys(PAGES).entries())
  test(`${name}: what is shown is what was, when its site is gone`, async (t) => {
    gone = false;
    const { lines, moments } = await recorded(name, index + 1);
    gone = true;
    const player = await opened(lines);
    let anew = 0;
    for (const [moment, { picture, at }] of moments.entries()) {
      let shown = await player.at(at, picture);
      if (shown.join() !== picture.join()) {
        // rrweb carries scrolls, and dialogs that were modal, on from where it stood: a player that begins does not.
        anew++;
        const other = await opened(lines);
        shown = await other.at(at, picture);
        await other.close();
      }
      assert.deepEqual(shown, picture, `moment ${moment}`);
    }
    t.diagnostic(`${anew} of ${moments.length} moments were looked at in a new player`);
    assert.deepEqual([await player.failed(), missed], [[], []]);
    await player.close();
  });
