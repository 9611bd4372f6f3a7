// Pages that replace, freeze or break what the browser gave them. The page goes on, and so does capture.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wrongWith } from '../contract.mjs';
import { open, stub } from '../laboratory.mjs';

const BODY = '<button id="buy">Buy</button><input id="field"><p style="height:3000px">long</p>';

/** Sources of scripts of the page. */
const BREAKS = {
  'Array.prototype.toJSON, as Prototype 1.6 has it': `
    Array.prototype.toJSON = function () { return '[' + this.join() + ']'; };
    String.prototype.toJSON = function () { return 'text'; };`,
  'Object.prototype.toJSON': "Object.prototype.toJSON = () => 'mine';",
  'JSON that throws': "JSON.stringify = JSON.parse = () => { throw new Error('mine'); };",
  'JSON that answers nothing': 'JSON.stringify = () => undefined;',
  'Array.from without its second argument, as MooTools has it': 'Array.from = (list) => [].slice.call(list);',
  'methods of arrays that throw': `
    for (const name of ['map', 'filter', 'forEach', 'includes', 'indexOf', 'flatMap', 'join', 'push', 'splice', 'find', 'some', 'sort', 'concat'])
      Array.prototype[name] = () => { throw new Error('mine'); };`,
  'methods of strings that throw': `
    for (const name of ['replace', 'slice', 'trim', 'split', 'startsWith', 'match', 'includes', 'toLowerCase'])
      String.prototype[name] = () => { throw new Error('mine'); };`,
  'enumerable extras on every object': `
    Array.prototype.extra = () => 1; Object.prototype.extra = () => 1; Function.prototype.extra = () => 1;
    Object.prototype.get = undefined;`,
  'Function.prototype.bind, call and apply of its own': `
    for (const name of ['bind', 'call', 'apply']) Function.prototype[name] = () => { throw new Error('mine'); };`,
  'a Promise of its own': `
    window.Promise = class { constructor(run) { this.run = run; } then() { throw new Error('mine'); } static resolve() { return new this(); } };`,
  'promises that throw when asked': `
    Object.getPrototypeOf(Promise.resolve()).then = () => { throw new Error('mine'); };`,
  'Date.now that answers a Date, as datejs has it': 'Date.now = () => new Date();',
  'a clock that stands still': `
    const RealDate = Date, then = 978307200000;
    window.Date = class extends RealDate { constructor(...given) { given.length ? super(...given) : super(then); } static now() { return then; } };
    Performance.prototype.now = () => 5;`,
  'a Date that throws': "window.Date = function () { throw new Error('mine'); }; Date.now = window.Date;",
  'prototypes that are frozen': `
    for (const object of [Object, Array, Function, Promise, Element, Node, EventTarget, Event, XMLHttpRequest, History, Storage, Document, Window])
      Object.freeze(object.prototype);
    Object.freeze(JSON); Object.freeze(history); Object.freeze(navigator);`,
  'fetch that cannot be replaced': `
    Object.defineProperty(window, 'fetch', { value: fetch, writable: false, configurable: false });
    Object.freeze(XMLHttpRequest.prototype);`,
  'no fetch and no XMLHttpRequest': 'window.fetch = undefined; window.XMLHttpRequest = undefined;',
  'history without pushState, as Office has it': 'history.pushState = history.replaceState = null;',
  'history that throws': `
    for (const name of ['pushState', 'replaceState']) Object.defineProperty(History.prototype, name, { get() { throw new Error('mine'); } });`,
  'elements whose methods throw': `
    for (const name of ['getAttribute', 'hasAttribute', 'closest', 'matches', 'getBoundingClientRect', 'querySelector'])
      Element.prototype[name] = () => { throw new Error('mine'); };`,
  'elements whose properties throw': `
    for (const [object, names] of [[Element.prototype, ['id', 'localName', 'tagName', 'shadowRoot', 'previousElementSibling']],
      [Node.prototype, ['parentElement', 'parentNode', 'textContent', 'firstChild', 'nodeType', 'nodeValue']]])
      for (const name of names) Object.defineProperty(object, name, { get() { throw new Error('mine'); } });`,
  'events whose properties throw': `
    for (const name of ['target', 'timeStamp', 'type']) Object.defineProperty(Event.prototype, name, { get() { throw new Error('mine'); } });
    Event.prototype.composedPath = () => { throw new Error('mine'); };`,
  'addEventListener of its own': `
    const add = EventTarget.prototype.addEventListener;
    window.added = [];
    EventTarget.prototype.addEventListener = function (...given) { added.push(given[0]); return add.apply(this, given); };`,
  'no observers and no idle time': `
    for (const name of ['MutationObserver', 'PerformanceObserver', 'IntersectionObserver', 'ResizeObserver', 'requestIdleCallback', 'FinalizationRegistry', 'navigation', 'scheduler'])
      Object.defineProperty(window, name, { value: undefined, configurable: true, writable: true });`,
  'nothing of the last ten years': `
    for (const name of ['Worker', 'WeakRef', 'Intl', 'structuredClone', 'MessageChannel', 'TextEncoder', 'TextDecoder', 'CompressionStream', 'AbortController', 'BroadcastChannel', 'trustedTypes'])
      Object.defineProperty(window, name, { value: undefined, configurable: true, writable: true });`,
  'a Worker that throws': "window.Worker = class { constructor() { throw new Error('mine'); } };",
  'a Worker that never answers': 'window.Worker = class extends EventTarget { postMessage() {} terminate() {} };',
  'messages of a worker that cannot be sent':
    "Worker.prototype.postMessage = () => { throw new DOMException('mine', 'DataCloneError'); };",
  'crypto that throws':
    "for (const name of ['randomUUID', 'getRandomValues']) Crypto.prototype[name] = () => { throw new Error('mine'); };",
  'expressions that throw': "RegExp.prototype.exec = RegExp.prototype.test = () => { throw new Error('mine'); };",
  'maps and sets that throw': `
    for (const kind of [Map, Set, WeakMap, WeakSet]) for (const name of ['get', 'set', 'add', 'has', 'delete'])
      if (kind.prototype[name]) kind.prototype[name] = () => { throw new Error('mine'); };`,
  'lists that cannot be walked': 'Array.prototype[Symbol.iterator] = () => { throw new Error("mine"); };',
};

/** Broken so far that nobody could deliver: here only the page has to go on. */
const ONLY_UNHARMED = new Set([
  'methods of arrays that throw',
  'methods of strings that throw',
  'Function.prototype.bind, call and apply of its own',
  'a Promise of its own',
  'promises that throw when asked',
  'a Date that throws',
  'elements whose methods throw',
  'elements whose properties throw',
  'events whose properties throw',
  'expressions that throw',
  'maps and sets that throw',
  'lists that cannot be walked',
  'JSON that throws',
  'JSON that answers nothing',
  'Object.prototype.toJSON',
  'a Worker that never answers',
  'nothing of the last ten years',
  'messages of a worker that cannot be sent',
  'crypto that throws',
]);

for (const [where, place] of [
  ['before', (source) => `<script>${source}</script><!--sdk-->`],
  ['after', (source) => `<!--sdk--><script>${source}</script>`],
])
  test(`pages that break what the browser gave them, ${where} the SDK`, { concurrency: 3 }, async (t) => {
    const all = Object.entries(BREAKS).map(([name, source]) =>
      t.test(name, async (t) => {
        const html = `<!doctype html><head><meta charset="utf-8">${place(source)}</head><body>${BODY}`;
        const trial = await open(t, { html });
        const started = Date.now();
        await trial.page.mouse.click(20, 20);
        await trial.page.mouse.click(100, 20);
        await trial.page.keyboard.type('ab');
        await trial.page.mouse.wheel(0, 300);
        const thrown = await trial.run(`
          let thrown = '';
          const acts = [() => telemetry.track('x', { n: [1] }), () => telemetry.identify('a'), () => { telemetry.flush(); }, () => { telemetry.stats(); }];
          for (let i = 0; i < 4; i++) try { acts[i](); } catch (error) { thrown += i + ': ' + error.message + ' '; }
          return thrown;`);
        assert.equal(thrown, '');
        if (where === 'before' && ONLY_UNHARMED.has(name)) {
          // The listeners of the page's own errors need some time to be told.
          await new Promise((resolve) => setTimeout(resolve, 200));
          return trial.unharmed();
        }
        if (!ONLY_UNHARMED.has(name)) {
          await trial.run("telemetry.track('delivered'); telemetry.flush();");
          await trial.delivered('again');
          const [click] = trial.events('click');
          assert.equal(click?.element.id, 'buy');
          assert.ok(Math.abs(click.at - started) < 60_000, `a click at ${new Date(click.at).toISOString()}`);
          for (const { key, ...batch } of stub.batches) if (key === trial.key) assert.equal(wrongWith(batch), null);
        }
        return trial.unharmed();
      }),
    );
    await Promise.all(all);
  });
