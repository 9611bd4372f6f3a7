// The npm package: what it holds, what it exports, and that a bundled page works.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { build } from 'esbuild';
import { launch } from './browser.mjs';
import { eventually } from './eventually.mjs';
import { site } from './site.mjs';

const sdk = new URL('../sdk/', import.meta.url).pathname;
const read = (name) => JSON.parse(readFileSync(sdk + name, 'utf8'));

test('the package holds what it exports, and no sources', () => {
  const [{ files }] = JSON.parse(execFileSync('npm', ['pack', '--dry-run', '--json'], { cwd: sdk }));
  const held = new Set(files.map(({ path }) => `./${path}`));
  const targets = Object.values(read('package.json').exports).flatMap((target) =>
    typeof target === 'string' ? [target] : Object.values(target),
  );
  for (const target of targets) assert.ok(held.has(target), `${target} is not in the package`);
  for (const name of ['plain.html', 'plain.js', 'react.jsx', 'vue.js']) assert.ok(held.has(`./examples/${name}`));
  assert.ok(![...held].some((path) => path.includes('/src/') || path.includes('test')));
});

test('types: nothing that is not in the package', () => {
  const seen = new Set();
  const follow = (name) => {
    if (seen.has(name)) return;
    seen.add(name);
    const text = readFileSync(`${sdk}dist/${name}`, 'utf8');
    for (const [, to] of text.matchAll(/from '\.\/([\w]+)\.ts'/g)) follow(`${to}.d.ts`);
    assert.ok(!/from '\.\.\//.test(text), name);
  };
  follow('server.d.ts');
  assert.ok(seen.has('api.d.ts'));
});

test('the version is the one that batches tell', () => {
  assert.match(readFileSync(`${sdk}src/shared/limits.ts`, 'utf8'), new RegExp(`'${read('package.json').version}'`));
});

test('the manifest names each file by its content', () => {
  const manifest = read('dist/manifest.json');
  for (const [name, { immutable, integrity, bytes }] of Object.entries(manifest)) {
    const content = readFileSync(`${sdk}dist/${name}`);
    assert.equal(integrity, `sha256-${createHash('sha256').update(content).digest('base64')}`);
    assert.equal(bytes, content.length);
    assert.ok(existsSync(`${sdk}dist/${immutable}`));
    assert.deepEqual(readFileSync(`${sdk}dist/${immutable}`), content);
  }
});

test('on a server the API does nothing, and settles', async () => {
  const { init } = await import('../sdk/dist/server.js');
  const telemetry = init({ key: 'k', endpoint: 'https://collect.example', worker: '/w.js' });
  telemetry.track('x');
  telemetry.consent('granted');
  await Promise.all([telemetry.flush(), telemetry.forget()]);
  assert.deepEqual(await telemetry.stats(), { captured: {} });
});

/** As a bundler for browsers makes it. */
async function bundled(input, options = {}) {
  const { outputFiles } = await build({
    ...input,
    bundle: true,
    write: false,
    format: 'esm',
    conditions: ['browser'],
    platform: 'browser',
    ...options,
  });
  return outputFiles[0].text;
}

test('the examples are of this API', async () => {
  for (const name of ['react.jsx', 'vue.js']) {
    const script = await bundled(
      { entryPoints: [`${sdk}examples/${name}`] },
      { external: ['react', 'react/jsx-runtime', 'vue'], jsx: 'automatic' },
    );
    assert.match(script, /ct_visitor/);
  }
});

for (const [what, inside] of [
  ['a bundled page', ''],
  ['one with an element of our name', '<div id="customerTelemetry"></div>'],
])
  test(`${what} captures and delivers, once for all who start it`, async (t) => {
    const server = await site();
    const browser = await launch();
    t.after(() => Promise.all([browser.close(), server.close()]));
    const start = `init({ key: 'shop-key', endpoint: ${JSON.stringify(server.collectorUrl)}, worker: '/telemetry.worker.js' })`;
    const contents = `
    import { init } from '@customer-telemetry/sdk';
    const telemetry = ${start};
    window.same = telemetry === ${start};
    telemetry.track('bought');
    telemetry.flush().then(() => { window.done = true; });
  `;
    const body = await bundled({ stdin: { contents, resolveDir: sdk } });
    server.files['/app.js'] = { type: 'text/javascript', body };
    server.files['/app'] = {
      type: 'text/html',
      body: `<!doctype html>${inside}<script type="module" src="/app.js"></script>`,
    };
    const page = await browser.newPage();
    await page.goto(`${server.url}/app`);
    await eventually('flush()', () => page.evaluate(() => window.done));
    assert.equal(await page.evaluate(() => window.same), true);
    const { tab_id } = await page.evaluate(() => window.customerTelemetry.stats());
    assert.ok(server.events(tab_id).some(({ name }) => name === 'bought'));
  });

test('the script as a module captures and delivers', async (t) => {
  const server = await site();
  const browser = await launch();
  t.after(() => Promise.all([browser.close(), server.close()]));
  const tag = `<script type="module" src="/telemetry.js" data-ct-key="shop-key" data-ct-endpoint="${server.collectorUrl}"></script>`;
  server.files['/module'] = { type: 'text/html', body: `<!doctype html><button id="buy">Buy</button>${tag}` };
  const page = await browser.newPage();
  await page.goto(`${server.url}/module`);
  await page.click('#buy');
  await page.evaluate(() => window.telemetry.flush());
  const { tab_id } = await page.evaluate(() => window.telemetry.stats());
  assert.equal(server.events(tab_id).find(({ type }) => type === 'click')?.element.id, 'buy');
});
