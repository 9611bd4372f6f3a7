// Each page lives twice, with the SDK and without, and is visited by the same seeded hand: whatever the page can tell of
// itself is the same.
import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { bundlePages } from './bundle_pages.mjs';
import { eventually } from './eventually.mjs';
import { open, stub } from './laboratory.mjs';
import { seeded } from './person.mjs';
import { DOCUMENT, PLATFORM, TRACES } from './picture_of_page.mjs';
import { wander } from './wander.mjs';
import { seedRandom, stepClock, witnessEvents, witnessTimers } from './witness.mjs';

const PAGES = new URL('./pages/', import.meta.url);
const STEPS = 16;

const STRICT =
  "default-src 'none'; script-src 'self'; worker-src 'self'; connect-src 'self' COLLECTOR; style-src 'self'";
const HEADERS = {
  strict: { 'Content-Security-Policy': STRICT },
  trusted: { 'Content-Security-Policy': "require-trusted-types-for 'script'" },
};

/** The shell that a bundled page lives in. */
const shell = (name) =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${name}</title><!--sdk--></head><body><div id="app"></div><script src="/${name}.js"></script></body></html>`;
/** Angular loads zone.js first; most sites load us before, some after. */
const lateShell = (name) => shell(name).replace('<!--sdk-->', '').replace('</body>', '<!--sdk--></body>');

let folder;
const pages = new Map();

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pages-'));
  for (const [path, file] of await bundlePages(folder)) stub.files.set(path, file);
  for (const name of ['strict.js', 'service_worker.js'])
    stub.files.set(`/${name}`, await readFile(new URL(name, PAGES)));
  for (const file of await readdir(PAGES)) {
    const name = file.split('.')[0];
    if (file.endsWith('.html')) pages.set(name, String(await readFile(new URL(file, PAGES))));
  }
  pages.set('trusted', pages.get('strict'));
});

after(() => rm(folder, { recursive: true, force: true }));

/** Whether it is loaded. */
const RECORDER =
  "return performance.getEntriesByType('resource').some(({ name }) => name.endsWith('/telemetry.replay.js'))";

/** Scripts that run before the page's. */
const BEFORE = [seedRandom, witnessTimers, witnessEvents];
const CLOCKS = new Set(['codemirror', 'prosemirror']);

/** Without what differs from run to run: the key of the trial, names of blobs, and the empty script's name. */
const plain = (value) =>
  JSON.parse(
    JSON.stringify(value)
      .replaceAll(/k\d{4}/g, 'key')
      .replaceAll(/blob:[^ "]+/g, 'blob:')
      .replaceAll('/sdk/nothing.js', '/sdk/telemetry.js'),
  );

/** Lines that differ, of two records of texts: thousands of properties are the same. */
function differences(expected, seen) {
  const keys = new Set([...Object.keys(expected), ...Object.keys(seen)]);
  return [...keys]
    .filter((key) => expected[key] !== seen[key])
    .map((key) => `${key}: ${expected[key]} became ${seen[key]}`);
}

/** When a selection or a toggle is told of, beside what the visitor does next, is the browser's to choose. */
function inOrder(names) {
  const [own, toggles] = [false, true].map((wanted) => names.filter((name) => name.startsWith('toggle ') === wanted));
  return [...own.filter((name, i) => !name.startsWith('select ') && name !== own[i - 1]), ...toggles];
}

async function visit(t, page, seed, sdk) {
  const trial = await open(t, { ...page, sdk, frames: { frame: pages.get('frame') } });
  await trial.run('return window.ready');
  await trial.settled();
  if (sdk) await eventually('a recorder', () => trial.look(RECORDER));
  const did = await wander(trial, seeded(seed), STEPS);
  await trial.settled();
  const asked = trial.requests.map((request) => {
    const { 'content-type': type, accept, referer, ...rest } = request.headers();
    const own = Object.keys(rest).filter((name) => !/^(sec-|user-agent|accept|upgrade)/.test(name));
    return [
      request.method(),
      request.url(),
      request.resourceType(),
      request.postData(),
      type,
      accept,
      referer,
      own,
    ].join(' ');
  });
  const story = plain({
    did,
    document: await trial.look(DOCUMENT),
    console: trial.console,
    errors: trial.errors,
    seen: await trial.seen(),
    requests: asked.sort(),
    timers: await trial.run('return __live()'),
    order: inOrder(await trial.run('return __order')),
    traces: await trial.run(TRACES),
  });
  return { trial, story: { ...story, platform: await trial.run(PLATFORM) } };
}

const NAMES = ['react', 'preact', 'lit', 'vue', 'svelte', 'jquery', 'angular', 'codemirror', 'prosemirror'];
const HTML = [
  'forms',
  'editor',
  'streams',
  'service_worker',
  'written',
  'frames',
  'strict',
  'trusted',
  'polluted',
  'platform',
];

const CASES = [
  ...NAMES.map((name) => [name, () => shell(name)]),
  ['angular, the SDK after it', () => lateShell('angular')],
  ['react, the SDK after it', () => lateShell('react')],
  ...HTML.map((name) => [name, () => pages.get(name)]),
];

for (const [index, [name, html]] of CASES.entries())
  test(`${name}: the same with the SDK and without`, async (t) => {
    const headers = HEADERS[name] && JSON.parse(JSON.stringify(HEADERS[name]).replace('COLLECTOR', stub.collector));
    const before = CLOCKS.has(name) ? [...BEFORE, stepClock] : BEFORE;
    // Whoever is recorded must not notice it either.
    const page = { html: html(), headers, before, attributes: 'data-ct-replay="always"' };
    const [without, with_] = await Promise.all([visit(t, page, index + 1, false), visit(t, page, index + 1, true)]);
    for (const [part, expected] of Object.entries(without.story))
      await t.test(part, () => {
        const seen = with_.story[part];
        if (part === 'platform') assert.deepEqual(differences(expected, seen), []);
        else assert.deepEqual(seen, expected);
      });
    await t.test('the SDK was there, and captured', async () => {
      await with_.trial.delivered();
      const types = new Set(with_.trial.events().map(({ type }) => type));
      assert.ok(types.has('page_view') && types.has('click'), [...types].join());
    });
  });
