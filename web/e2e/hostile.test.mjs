// Recordings that try to run or to load something, in a real browser, with one layer at a time. A layer that needs another is none.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { launch } from './browser.mjs';
import { eventually } from './eventually.mjs';
import { FOREIGN, foreignHost, playerSite } from './player_site.mjs';

const replay = new URL('../../replay/', import.meta.url).pathname;
/** How many players one page has at a time. */
const BATCH = 12;

const vector = (file) => ({
  name: file.replace('.json', ''),
  ...JSON.parse(readFileSync(`${replay}hostile/${file}`, 'utf8')),
});
/** As anybody could have posted them. */
const raw = readdirSync(`${replay}hostile`)
  .map(vector)
  .sort((one, other) => (one.name < other.name ? -1 : 1));
/** As the first layer leaves them: the Rust test of the same name holds the file to what the sanitiser does today. */
const clean = readFileSync(`${replay}hostile.clean.jsonl`, 'utf8').trim().split('\n').map(JSON.parse);

let host, browser;
before(async () => {
  host = await foreignHost();
  browser = await launch(host.flags);
});
after(() => Promise.all([browser?.close(), host?.close()]));

test('the corpus is whole', () => {
  assert.ok(raw.length >= 60, `${raw.length}`);
  assert.deepEqual(
    clean.map(({ name }) => name),
    raw.map(({ name }) => name),
  );
});

test('without the first two layers recordings do reach the foreign host: this test would see it', async () => {
  const { requests, ran } = await play(raw, { policy: false });
  assert.ok(requests.length > 20, `${requests.length} requests`);
  assert.deepEqual(ran, [], 'and yet the third layer alone lets none run');
});

test('the second and third layer alone: nothing runs, nothing is loaded', async () => {
  assert.deepEqual(await play(raw, { policy: true }), { requests: [], connections: [], ran: [] });
});

test('the first and third layer alone: nothing runs, nothing is loaded', async () => {
  assert.deepEqual(await play(clean, { policy: false }), { requests: [], connections: [], ran: [] });
});

test('all layers: nothing runs, nothing is loaded', async () => {
  assert.deepEqual(await play(clean, { policy: true }), { requests: [], connections: [], ran: [] });
});

test('a script that ran would be seen', async () => {
  const site = await playerSite({ policy: false });
  const page = await browser.newPage();
  await page.goto(site.url);
  await page.evaluate(() => {
    const frame = document.createElement('iframe');
    frame.srcdoc = '<script>top.ran0=1</script>';
    document.body.append(frame);
  });
  await eventually('the script has run', async () => (await marks(page)).length === 1);
  await Promise.all([page.close(), site.close()]);
});

/** Plays all, then once more from the start and to the end at once; what came of it. */
async function play(vectors, { policy }) {
  const site = await playerSite({ policy });
  const found = { requests: [], connections: [], ran: [] };
  try {
    for (let first = 0; first < vectors.length; first += BATCH)
      await playTogether(site, vectors.slice(first, first + BATCH), found);
    return found;
  } finally {
    await site.close();
  }
}

async function playTogether(site, batch, found) {
  host.requests.length = 0;
  host.connections = 0;
  const page = await browser.newPage();
  try {
    await page.goto(site.url);
    await page.evaluate((count) => studio.open(count), batch.length);
    await Promise.all(batch.map((vector, place) => playOne(page, place, marked(vector, place))));
    await settled(page);
    found.requests.push(...host.requests);
    if (host.connections) found.connections.push(`${host.connections} by ${batch.map(({ name }) => name)}`);
    found.ran.push(...(await marks(page)).map((mark) => batch[mark].name));
    assert.equal(new URL(page.url()).origin, site.url, 'the page is still the studio');
  } finally {
    await page.close();
  }
}

/** Its lines, in which whatever runs or loads says which vector it is. */
function marked({ name, events }, place) {
  const lines = events.map((event) => JSON.stringify(event)).join('\n');
  return lines.replaceAll(FOREIGN, `${name}.${FOREIGN}`).replaceAll('top.ran=1', `top.ran${place}=1`);
}

async function playOne(page, place, lines) {
  const say = (order) => page.evaluate(([place, order]) => studio.say(place, order), [place, order]);
  const ends = () =>
    page.evaluate(
      (place) => studio.heard[place].filter(({ say }) => say === 'ended' || say === 'failed').length,
      place,
    );
  await say({ say: 'events', lines });
  await say({ say: 'play' });
  await eventually('it was played', async () => (await ends()) > 0);
  await say({ say: 'pause' });
  await say({ say: 'seek', at: 0 });
  await say({ say: 'seek', at: 1e9 });
}

/** Until every frame was drawn twice, and a request that was begun after all else has been answered. */
async function settled(page) {
  const address = `http://sentinel.${FOREIGN}/`;
  await page.evaluate(async (address) => {
    const drawn = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    await drawn();
    await new Promise((done) => requestIdleCallback(done, { timeout: 2000 }));
    await drawn();
    await fetch(address, { mode: 'no-cors' });
  }, address);
  const own = (request) => request.startsWith(`sentinel.${FOREIGN}`);
  host.connections -= 1;
  host.requests = host.requests.filter((request) => !own(request));
}

/** The numbers of those that ran. */
const marks = (page) =>
  page.evaluate(() =>
    Object.keys(window)
      .map((name) => /^ran(\d+)$/.exec(name)?.[1])
      .filter(Boolean)
      .map(Number),
  );
