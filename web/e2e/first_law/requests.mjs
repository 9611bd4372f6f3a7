// The page's own fetch, its promises, and XMLHttpRequest: each case runs with the SDK and without, and is the same.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { open } from '../laboratory.mjs';

/** Runs the body of an async function for each case, and notes what the page was told of errors until all is quiet. */
const runAll = (trial, cases) =>
  trial.run(`
    const cases = { ${Object.entries(cases).map(([name, body]) => `${JSON.stringify(name)}: async () => { ${body} }`)} };
    const quiet = () => new Promise((resolve) => setTimeout(resolve, 30));
    return (async () => {
      const told = {};
      for (const [name, act] of Object.entries(cases)) {
        let result;
        try { result = await act(); } catch (error) { result = 'threw ' + error; }
        await quiet();
        told[name] = { result, ...structuredClone(__seen) };
        for (const list of Object.values(__seen)) list.length = 0;
      }
      return told;
    })();`);

/** The same cases with the SDK and without it. */
async function same(t, page, cases) {
  const [without, with_] = [await open(t, { ...page, sdk: false }), await open(t, page)];
  const expected = await runAll(without, cases);
  const seen = await runAll(with_, cases);
  for (const name of Object.keys(cases)) await t.test(name, () => assert.deepEqual(seen[name], expected[name]));
  await t.test('console and uncaught errors', () => {
    assert.deepEqual(with_.errors, without.errors);
    assert.deepEqual(with_.console, without.console);
  });
  return with_;
}

/** The page's fetch asks `mock` what to answer, so that each case has its own. */
const MOCKED = `<script>
  window.calls = [];
  window.fetch = function (...parameters) { calls.push([this === window || this === undefined, parameters]); return mock.apply(this, parameters); };
</script>`;

const MOCKS = {
  'a promise of a plain object': 'window.mock = () => Promise.resolve({ ok: true }); return await fetch("/a");',
  'a promise of nothing': 'window.mock = () => Promise.resolve(); return await fetch("/a");',
  'a promise of an object whose parts throw': `
    window.mock = () => Promise.resolve(new Proxy({}, { get(_, key) { if (key !== 'then') throw new Error('mine'); } }));
    return typeof (await fetch('/a'));`,
  'an object that is no promise':
    'const answer = { ok: true }; window.mock = () => answer; return fetch("/a") === answer;',
  'nothing at all': 'window.mock = () => {}; return fetch("/a") === undefined;',
  null: 'window.mock = () => null; return fetch("/a") === null;',
  'a thenable, asked once': `
    let asked = 0;
    const answer = { get then() { asked++; return (resolve) => resolve(1); } };
    window.mock = () => answer;
    const same = fetch('/a') === answer;
    await null; await null;
    return [same, asked];`,
  'a thenable that throws': `
    const answer = { then() { throw new Error('mine'); } };
    window.mock = () => answer;
    return fetch('/a') === answer;`,
  'a promise of a kind of its own': `
    class Own extends Promise { static made = 0; constructor(run) { super(run); Own.made++; } }
    window.mock = () => new Own((resolve) => resolve({ status: 204 }));
    const answer = fetch('/a');
    return [answer instanceof Own, (await answer).status, answer.constructor === Own];`,
  'a throw':
    'window.mock = () => { throw new RangeError("mine"); }; try { fetch("/a"); } catch (error) { return error.message; }',
  'a rejection that nobody takes': 'window.mock = () => Promise.reject(new Error("mine")); fetch("/a");',
  'a rejection with nothing': 'window.mock = () => Promise.reject(); fetch("/a");',
  'a rejection that is taken':
    'window.mock = () => Promise.reject(new Error("mine")); return await fetch("/a").catch(String);',
  'a response that was read': `
    window.mock = async () => { const response = new Response('x'); await response.text(); return response; };
    return (await fetch('/a')).bodyUsed;`,
  'what it is called with': `
    window.calls = [];
    window.mock = () => Promise.resolve({});
    const init = { method: 1, headers: null };
    await fetch('/a', init); await fetch(); await fetch.call(undefined, 1, 2, 3); await window.fetch(null, undefined);
    return calls.map(([own, parameters]) => [own, parameters.length, parameters[1] === init]);`,
};

test("the page's fetch answers what it likes", (t) =>
  same(t, { html: `<!doctype html>${MOCKED}<!--sdk--><p>page` }, MOCKS));

test('the same, when the page replaces fetch after the SDK', (t) =>
  same(t, { html: `<!doctype html><!--sdk-->${MOCKED}<p>page` }, MOCKS));

/** `bad` is refused by the browser without asking the network. */
const BAD = 'http://127.0.0.1:1/';
/** Waits, in a case that waits for nothing itself, until a later call of the same kind has failed. */
const AFTER_IT = `await fetch('${BAD}').catch(() => {});`;

const NATIVE = {
  'no arguments': 'return await fetch().catch((error) => error.constructor.name + error.message);',
  'a method that is a number': 'const r = await fetch("/api/echo", { method: 1 }); return r.status;',
  'a method that is null': 'return (await fetch("/api/echo", { method: null })).status;',
  'a method that is an object': 'return (await fetch("/api/echo", { method: { toString: () => "post" } })).status;',
  'a method that is no word': 'return await fetch("/api/ok", { method: "a b" }).catch((error) => error.message);',
  'a method that throws':
    'return await fetch("/api/ok", { get method() { throw new Error("mine"); } }).catch((error) => error.message);',
  'a symbol': 'return await fetch(Symbol("x")).catch((error) => error.constructor.name);',
  'an address that throws':
    'return await fetch({ toString() { throw new Error("mine"); } }).catch((error) => error.message);',
  'an address that is read once':
    'let read = 0; await fetch({ toString() { read++; return "/api/ok"; } }); return read;',
  'an init that is read once': `
    const read = [];
    const init = { get method() { read.push('method'); return { toString() { read.push('text'); return 'POST'; } }; } };
    const inherits = new (class { get method() { read.push('inherited'); return 'PUT'; } })();
    for (const given of [init, inherits]) await fetch('/api/echo', given);
    return read;`,
  'an address of a kind of its own': `
    let read = 0;
    class Address extends URL { get href() { read++; return super.href; } toString() { read++; return super.toString(); } }
    await fetch(new Address('/api/ok', location));
    const r = new XMLHttpRequest(); r.open('GET', new Address('/api/ok', location));
    return read;`,
  'an init that is null': 'return (await fetch("/api/ok", null)).status;',
  'an init that is a number':
    'return await fetch("/api/ok", 1).then((r) => r.status, (error) => error.constructor.name);',
  'an address that is none': 'return await fetch("http://[").catch((error) => error.constructor.name);',
  'a URL object': 'return (await fetch(new URL("/api/ok", location))).status;',
  'no receiver': 'const { fetch: own } = window; return (await own("/api/ok")).status;',
  'a wrong receiver': 'return await fetch.call({}, "/api/ok").catch((error) => error.constructor.name);',
  'as a constructor': 'try { new fetch("/api/ok"); } catch (error) { return error.constructor.name; }',
  'a request':
    'const request = new Request("/api/echo", { method: "POST", body: "b" }); const r = await fetch(request); return [(await r.json()).body, request.bodyUsed];',
  'a request that was sent': `
    const request = new Request('/api/echo', { method: 'POST', body: 'b' });
    await fetch(request);
    return await fetch(request).catch((error) => error.constructor.name);`,
  'a request from another frame': `
    const frame = document.body.appendChild(document.createElement('iframe'));
    const request = new frame.contentWindow.Request('/api/echo', { method: 'PUT', body: 'b' });
    const { method } = await (await fetch(request)).json();
    frame.remove();
    return method;`,
  'what it answers': `
    const answer = fetch('/api/ok');
    const response = await answer;
    return [answer.constructor === Promise, Object.keys(answer).length, response.constructor === Response, response.bodyUsed, response.body.locked, response.url.slice(-7)];`,
  'a stream, as it comes': `
    const response = await fetch('/api/lines');
    const reader = response.body.getReader();
    let text = '';
    for (let part; !(part = await reader.read()).done; ) text += new TextDecoder().decode(part.value);
    return text;`,
  'a stream that is cancelled': `
    const response = await fetch('/api/lines');
    await response.body.cancel();
    return response.bodyUsed;`,
  'a call that is aborted': `
    const stop = new AbortController();
    const answer = fetch('/api/lines', { signal: stop.signal });
    stop.abort();
    return await answer.catch((error) => error.name);`,
  'a call with a reason to abort':
    'return await fetch("/api/ok", { signal: AbortSignal.abort("mine") }).catch(String);',
  'an answer of 404': 'const r = await fetch("/api/missing"); return [r.status, await r.text()];',
  'an opaque answer':
    'const r = await fetch(location.origin.replace("127.0.0.1", "localhost") + "/api/ok", { mode: "no-cors" }); return [r.type, r.status];',
  'a failure that nobody takes': `fetch('${BAD}'); ${AFTER_IT}`,
  'a failure taken in time': `return await fetch('${BAD}').catch((error) => error.message);`,
  'a failure taken late': `const answer = fetch('${BAD}'); await new Promise((r) => setTimeout(r, 60)); return await answer.catch((error) => error.message);`,
  'a failure taken by a branch only': `const answer = fetch('${BAD}'); answer.catch(() => {}); answer.then(() => {}); await answer.catch(() => {});`,
  'a failure passed on by finally': `fetch('${BAD}').finally(() => {}); ${AFTER_IT}`,
  'a failure that the listener stops': `addEventListener('unhandledrejection', (event) => event.preventDefault(), { once: true }); fetch('${BAD}'); ${AFTER_IT}`,
  'an error in the branch of success':
    'const answer = fetch("/api/ok"); answer.then(() => { throw new Error("mine"); }); await answer;',
  'a failure inside an async function': `(async () => { await fetch('${BAD}'); })(); ${AFTER_IT}`,
};

test('fetch, as the browser has it', (t) => same(t, {}, NATIVE));

const XHR = {
  'the order of its events': `
    const request = new XMLHttpRequest(), order = [];
    for (const type of ['readystatechange', 'loadstart', 'progress', 'load', 'error', 'abort', 'loadend']) {
      request['on' + type] = () => order.push('on ' + type + request.readyState);
      request.addEventListener(type, () => order.push(type + request.readyState));
    }
    request.open('GET', '/api/ok');
    await new Promise((resolve) => { request.addEventListener('loadend', resolve); request.send(); });
    return order;`,
  'one object, used again': `
    const request = new XMLHttpRequest(), texts = [];
    for (const path of ['/api/ok', '/api/missing', '/api/ok']) {
      request.open('GET', path);
      await new Promise((resolve) => { request.onload = resolve; request.send(); });
      texts.push(request.status + request.responseText);
    }
    return texts;`,
  'sent from its own loadend': `
    const request = new XMLHttpRequest();
    let sent = 0;
    await new Promise((resolve) => {
      request.onloadend = () => { if (++sent === 3) return resolve(); request.open('GET', '/api/ok'); request.send(); };
      request.open('GET', '/api/ok'); request.send();
    });
    return sent;`,
  synchronous: 'const r = new XMLHttpRequest(); r.open("GET", "/api/ok", false); r.send(); return r.responseText;',
  'synchronous, and failing': `const r = new XMLHttpRequest(); r.open('GET', '${BAD}', false); try { r.send(); } catch (error) { return error.name; }`,
  'sent before it was opened': 'try { new XMLHttpRequest().send(); } catch (error) { return error.name; }',
  'an address that is none':
    'try { new XMLHttpRequest().open("GET", "http://["); } catch (error) { return error.name; }',
  'a method that is no word': 'try { new XMLHttpRequest().open("a b", "/"); } catch (error) { return error.name; }',
  'arguments that throw':
    'try { new XMLHttpRequest().open({ toString() { throw new Error("mine"); } }, "/"); } catch (error) { return error.message; }',
  'arguments read once': `
    let read = 0;
    const r = new XMLHttpRequest();
    r.open({ toString() { read++; return 'GET'; } }, { toString() { read++; return '/api/ok'; } });
    return read;`,
  'two arguments are asynchronous':
    'const r = new XMLHttpRequest(); r.open("GET", "/api/ok"); r.send(); const now = r.readyState; await new Promise((d) => { r.onloadend = d; }); return now;',
  aborted:
    'const r = new XMLHttpRequest(); r.open("GET", "/api/lines"); r.send(); r.abort(); return [r.readyState, r.status];',
  'a blob':
    'const r = new XMLHttpRequest(); r.responseType = "blob"; r.open("GET", "/api/ok"); await new Promise((d) => { r.onloadend = d; r.send(); }); return r.response.size;',
  'a wrong receiver':
    'try { XMLHttpRequest.prototype.open.call({}, "GET", "/"); } catch (error) { return error.constructor.name; }',
  'a subclass': `
    class Own extends XMLHttpRequest { open(...parameters) { this.own = true; return super.open(...parameters); } }
    const r = new Own(); r.open('GET', '/api/ok');
    await new Promise((d) => { r.onloadend = d; r.send(); });
    return [r.own, r.status, Object.keys(r)];`,
};

test('XMLHttpRequest, as the browser has it', (t) => same(t, {}, XHR));

const PROMISES = {
  'an error that nobody catches': 'setTimeout(() => { throw new Error("mine"); });',
  'an error that is nothing': 'setTimeout(() => { throw undefined; });',
  'an error whose text throws': 'setTimeout(() => { throw { toString() { throw new Error("mine"); } }; });',
  'an error whose stack throws':
    'setTimeout(() => { const e = new Error("mine"); Object.defineProperty(e, "stack", { get() { throw new Error("stack"); } }); throw e; });',
  'an error whose name is a proxy':
    'setTimeout(() => { throw new Proxy(new Error("mine"), { get() { throw new Error("trap"); }, getPrototypeOf() { throw new Error("trap"); } }); });',
  'a rejection with a proxy that throws':
    'Promise.reject(new Proxy({}, { get(_, key) { if (key === "then") return; throw new Error("trap"); }, getPrototypeOf() { throw new Error("trap"); } }));',
  'a rejection with a DOMException': 'Promise.reject(new DOMException("mine", "AbortError"));',
  'a rejection handled late': `
    const handled = new Promise((resolve) => addEventListener('rejectionhandled', resolve, { once: true }));
    const p = Promise.reject(new Error('mine'));
    setTimeout(() => p.catch(() => {}), 10);
    await handled;`,
  'an event of a broken image':
    'const image = new Image(); document.body.append(image); await new Promise((resolve) => { image.onerror = resolve; image.src = "/api/missing"; });',
  'an event of our own kind':
    'dispatchEvent(new ErrorEvent("error", { message: "mine", error: null })); dispatchEvent(new Event("unhandledrejection"));',
  'onerror that returns true':
    'window.onerror = () => true; setTimeout(() => { throw new Error("mine"); }); await new Promise((r) => setTimeout(r, 20)); window.onerror = null;',
};

test('errors and rejections reach the page as they are', (t) => same(t, {}, PROMISES));

test('without workers, the page counts its own calls only', async (t) => {
  const before = () => delete window.Worker;
  const html = `<!doctype html>${MOCKED}<script>window.mock = () => Promise.resolve(new Response('{}'));</script><!--sdk--><button id="buy">Buy</button>`;
  const trial = await open(t, { html, before: [before] });
  await trial.page.click('#buy');
  await trial.run("return fetch('/mine').then(() => 1)");
  await trial.delivered();
  assert.deepEqual(await trial.run('return calls.map(([, [input]]) => String(input))'), ['/mine']);
  await trial.unharmed();
});

test('a call with a name and a password is told when it ends, without them', async (t) => {
  const trial = await open(t, {});
  await trial.run(`
    const request = new XMLHttpRequest();
    request.open('GET', '/api/ok', true, 'me', 'secret');
    return new Promise((resolve) => { request.onloadend = resolve; request.send(); }).then(() => undefined);`);
  await trial.delivered();
  const [told, ...others] = trial.events('request').filter(({ request }) => request.initiator === 'xhr');
  assert.deepEqual(
    [told?.request.method, new URL(told?.request.url, 'http://site').pathname, told?.request.status, others],
    ['GET', '/api/ok', 200, []],
  );
  assert.ok(!/secret|me@/.test(JSON.stringify(told)));
  await trial.unharmed();
});
