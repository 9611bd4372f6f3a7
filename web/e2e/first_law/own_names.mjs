// What a page calls by the names of the platform, at the top of a script: it hides the window's from every script, before us or after.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wrongWith } from '../contract.mjs';
import { open, stub } from '../laboratory.mjs';
import { LATE_IS_THERE } from '../late.mjs';

const BODY = '<nav id="nav"></nav><div id="view"></div><button id="buy">Buy</button><p style="height:3000px">long</p>';

/** Sources of scripts of the page. */
const OWN = [
  ...['Proxy', 'Reflect', 'WeakMap', 'WeakSet', 'Map', 'Object', 'Node', 'Element', 'Document', 'Event', 'Text', 'URL'],
  ...['Request', 'Response', 'Headers', 'XMLHttpRequest', 'HTMLInputElement', 'Number', 'Date', 'JSON'],
].map((name) => `class ${name} {}`);
OWN.push(
  'window.Proxy = function () {};',
  'window.Proxy = class {};',
  'function Node() {}',
  'function Element() {}',
  'function EventTarget() {}',
  'window.Response = class extends Response {};',
  'window.Request = class extends Request {};',
  "const screen = document.getElementById('view');",
  "var screen = document.getElementById('view');",
  "var innerWidth = '100%', innerHeight = null, scrollY = 'top';",
  'let performance = { total: 1 };',
  "var navigation = document.querySelector('nav');",
  'var navigation = { items: [] };',
  'Object.prototype.get = function (key) { return this[key]; }; Object.prototype.has = () => true; Object.prototype.set = () => {};',
  'Object.prototype.signal = {};',
  'Object.hasOwn = undefined;',
  "var URL = '/api/v2';",
  'function URL() {}',
  'var performance = { total: 1 };',
  'function performance() {}',
  'var performance = null;',
  'var Event = { list: [] };',
  'function Event() {}',
  'function Worker() { window.made = this; }',
  'var Worker = { name: 1 };',
  'function Object() {}',
  'var Object = null;',
  'var Number = { one: 1 };',
  'var screen = null;',
  "var Headers = ['Name', 'Price'];",
  ...['Request', 'Response', 'Text', 'CharacterData', 'DocumentFragment', 'Navigator'].map(
    (name) => `var ${name} = null;`,
  ),
  'var IntersectionObserver = { near: 1 };',
  'function Map() {}',
  'var Map = {};',
  'function Set() {}',
  'var HTMLInputElement = null;',
  'var HTMLTextAreaElement = {};',
  'var InputEvent = null;',
  'var Document = null;',
);
/** Without which capture fails: the page has an API all the same. */
const NEEDED = ['var WeakMap = {};', 'var Date = null;', 'var JSON = null;'];

for (const [where, place] of [
  ['before', (source) => `<script>${source}</script><!--sdk-->`],
  ['after', (source) => `<!--sdk--><script>${source}</script>`],
])
  test(`pages with names of their own, ${where} the SDK`, { concurrency: 3 }, async (t) => {
    const all = OWN.map((source) =>
      t.test(source, async (t) => {
        const html = `<!doctype html><head><meta charset="utf-8"><script>const keptXhr = XMLHttpRequest;</script></head><body>${BODY}${place(source)}`;
        const trial = await open(t, { html });
        const got = await trial.run(`
          const asked = new window.Promise((resolve) => {
            const request = new keptXhr();
            request.open('GET', '/nowhere?xhr');
            request.onloadend = () => resolve(request.status);
            request.send();
          });
          return (async () => [
            (await fetch('/nowhere?fetch')).status,
            (await fetch.call(window, '/nowhere?call')).status,
            await asked,
            typeof open, typeof confirm,
          ])();`);
        assert.deepEqual(got, [404, 404, 404, 'function', 'function']);
        await trial.run(`return ${LATE_IS_THERE}`);
        await trial.page.mouse.click(20, 20);
        await trial.run("history.pushState(null, '', location.pathname + '/next')");
        await trial.delivered();
        await trial.unharmed();
        assert.deepEqual(
          trial.events('click').map(({ element }) => element.id),
          ['buy'],
        );
        assert.equal(trial.events('page_view').length, 2, 'the route');
        const degraded = trial.events('capture_degraded').map((event) => event.degraded.what);
        assert.deepEqual(degraded, []);
        const batches = stub.batches.filter(({ key }) => key === trial.key);
        for (const { key, ...batch } of batches) {
          assert.equal(wrongWith(batch), null);
          assert.deepEqual(batch.page.viewport, [1000, 800]);
        }
      }),
    );
    await Promise.all(all);
  });

test('pages that hide what capture cannot do without have an API that throws nothing', {
  concurrency: 3,
}, async (t) => {
  const all = NEEDED.map((source) =>
    t.test(source, async (t) => {
      const html = `<!doctype html><head><meta charset="utf-8"><script>${source}</script><!--sdk--></head><body>${BODY}`;
      const trial = await open(t, { html });
      await trial.page.mouse.click(20, 20);
      assert.equal(
        await trial.run("return telemetry.track('x') === undefined && typeof telemetry.flush().then"),
        'function',
      );
      await trial.unharmed();
    }),
  );
  await Promise.all(all);
});
