// The player, as a person uses it: a small recording of a shop's page.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch } from './browser.mjs';
import { eventually } from './eventually.mjs';
import { POLICY, playerSite } from './player_site.mjs';
import { recording } from './recording.mjs';

let site, browser;
before(async () => {
  site = await playerSite();
  browser = await launch();
});
after(() => Promise.all([browser?.close(), site?.close()]));

const lines = (events) => events.map((event) => JSON.stringify(event)).join('\n');

/** A player with the recording; `shown(at)` goes there and gives the count that the page showed then. */
async function opened(orders = []) {
  const page = await browser.newPage();
  const errors = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  await page.goto(site.url);
  await page.evaluate(() => studio.open(1));
  const say = (order) => page.evaluate((order) => studio.say(0, order), order);
  const last = () => page.evaluate(() => studio.heard[0].findLast(({ say }) => say === 'state'));
  const player = page.frames()[1];
  await say({ say: 'events', lines: lines(recording()) });
  for (const order of orders) await say(order);
  const count = () =>
    player.evaluate(() => document.querySelector('#stage iframe').contentDocument.querySelector('#count')?.textContent);
  const shown = async (at) => {
    await say({ say: 'seek', at });
    await eventually(`it is at ${at}`, async () => (await last())?.at === at);
    return count();
  };
  await eventually('its length is known', async () => (await last())?.length === 60_000);
  return { page, player, say, last, count, shown, errors };
}

test('the policy is what the design says', () => {
  assert.equal(
    POLICY,
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; media-src 'none'; frame-src 'none'; connect-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'",
  );
});

test('the recorded page stands in a frame that may do nothing else', async () => {
  const { page, player } = await opened();
  assert.equal(await player.getAttribute('#stage iframe', 'sandbox'), 'allow-same-origin');
  assert.equal(await player.evaluate(() => document.querySelectorAll('iframe').length), 1);
  await page.close();
});

test('any moment is shown as it was, forward and back', async () => {
  const { page, shown, errors } = await opened();
  const counts = [];
  for (const at of [0, 30_500, 60_000, 10_500, 45_000]) counts.push(await shown(at));
  assert.deepEqual(counts, ['0', '30', '59', '10', '44']);
  assert.deepEqual(errors, []);
  await page.close();
});

test('it plays, faster too, and stops at the end', async () => {
  const { page, player, say, last, count } = await opened();
  await player.selectOption('#speed', '16');
  await player.click('#play');
  await eventually('it plays', async () => (await last()).playing);
  assert.equal(await player.getAttribute('#play', 'aria-label'), 'Pause');
  await player.click('#play');
  await eventually('it stops', async () => (await last()).playing === false);
  await say({ say: 'seek', at: 55_000 });
  await player.click('#play');
  await eventually('it ends', () => page.evaluate(() => studio.heard[0].some(({ say }) => say === 'ended')));
  assert.equal(await count(), '59');
  assert.equal(await player.textContent('#time'), '1:00');
  await page.close();
});

test('speeds stay within what a person can follow', async () => {
  const { page, player, say } = await opened();
  await say({ say: 'speed', times: 1000 });
  await eventually('it is the fastest', async () => (await player.inputValue('#speed')) === '16');
  await page.close();
});

test('what is missing is told, and the page hatched until it is known again', async () => {
  const start = recording()[0].timestamp;
  const { page, player, shown } = await opened([
    { say: 'gap', from: start + 41_000, until: start + 53_000, what: 'lost' },
  ]);
  const hatched = () => player.evaluate(() => document.getElementById('stage').matches('.hatched'));
  await shown(20_000);
  assert.equal(await hatched(), false);
  assert.equal(await player.isVisible('#notice'), false);
  await shown(41_000);
  assert.equal(await hatched(), true);
  assert.equal(await player.textContent('#notice'), '12 s of page changes lost at 0:41');
  await shown(59_000);
  assert.equal(await hatched(), true, 'no snapshot yet');
  assert.equal(await player.evaluate(() => document.querySelectorAll('#gaps span').length), 1);
  await page.close();
});

test('a line that cannot be shown is told, and the rest plays on', async () => {
  const { page, say, shown } = await opened();
  await say({ say: 'events', lines: '{"type":3,' });
  await eventually('it is told', () => page.evaluate(() => studio.heard[0].some(({ say }) => say === 'failed')));
  assert.equal(await shown(30_500), '30');
  await page.close();
});

test('only the page around it can hand in a recording', async () => {
  const page = await browser.newPage();
  await page.goto(site.url);
  await page.evaluate(async () => {
    const add = (src) => {
      const frame = document.createElement('iframe');
      frame.src = src;
      document.body.append(frame);
      return frame;
    };
    const ready = new Promise((done) => addEventListener('message', done, { once: true }));
    studio.player = add('/player');
    await ready;
    await new Promise((done) => {
      add('/').onload = done;
    });
  });
  const [, , stranger] = page.frames();
  const hand = (from, frame) =>
    from.evaluate((frame) => {
      const { port1, port2 } = new MessageChannel();
      globalThis.heard = [];
      port1.onmessage = ({ data }) => heard.push(data);
      const player = frame ?? parent.frames[0];
      player.postMessage('telemetry-player-port', location.origin, [port2]);
      port1.postMessage({ say: 'pause' });
    }, frame);
  await hand(stranger);
  await hand(page, await page.evaluateHandle(() => studio.player.contentWindow));
  await eventually('the page around it is answered', () => page.evaluate(() => heard.length > 0));
  assert.equal(await stranger.evaluate(() => heard.length), 0);
  await page.close();
});
