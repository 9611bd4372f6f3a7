// Properties without end: what a page hands to `track` is walked within a budget, and never breaks its caller.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { open } from '../laboratory.mjs';

/** Processor time of the page's thread: in the call that the page waits for, and in what is left for later. */
const CALL_MS_MAX = 20;
const LATER_MS_MAX = 60;
const LATER_AFTER_MS = 120;
/** JavaScript lists the keys of an object all at once: 20 ms for 100,000. One such list is all that a walk may cost. */
const MANY_KEYS = 'a million keys';
const LISTS_MAX = 1.6;
/** A collection of the test's own garbage may fall into one attempt, not into three. */
const ATTEMPTS = 3;
/** The collector's limit for one event. */
const EVENT_BYTES_MAX = 64 * 1024;

/** Bodies of functions that return the properties. */
const PROPERTIES = {
  'three objects that know each other': `
    const [a, b, c] = [{}, {}, {}];
    for (const object of [a, b, c]) Object.assign(object, { a, b, c });
    return { a };`,
  'twelve objects that know each other': `
    const all = Array.from({ length: 12 }, () => ({}));
    for (const object of all) all.forEach((other, i) => { object['to' + i] = other; });
    return { first: all[0] };`,
  'an array of itself': 'const list = []; list.push(list, list, list); return { list };',
  'the event object of a framework': `
    const fiber = (depth, parent) => {
      const node = { return: parent, stateNode: document.createElement('div'), memoizedProps: {}, sibling: null };
      node.alternate = { ...node, alternate: node };
      node.stateNode['__reactFiber$x'] = node;
      node.memoizedProps.owner = node;
      if (depth) node.children = [1, 2, 3].map(() => fiber(depth - 1, node));
      return node;
    };
    const root = fiber(5, null);
    const event = new MouseEvent('click', { view: window });
    return { event: { nativeEvent: event, target: root.stateNode, _targetInst: root, view: window } };`,
  'a real event': 'return { event: new MouseEvent("click", { view: window }) };',
  'a page element': 'return { element: document.body };',
  'a list of elements': `
    for (let n = 0; n < 2000; n++) document.body.append(document.createElement('i'));
    return { all: document.querySelectorAll('*') };`,
  'the window': 'return { window };',
  'the window as properties': 'return window;',
  'a getter that throws': 'return { get bad() { throw new Error("mine"); }, good: 1 };',
  'a key list that throws': 'return new Proxy({}, { ownKeys() { throw new Error("mine"); } });',
  'getters that make new objects for ever': `
    const make = () => ({ get left() { return make(); }, get right() { return make(); }, get more() { return [make(), make()]; } });
    return make();`,
  'getters of 1 ms each': `
    const slow = {};
    for (let n = 0; n < 5000; n++)
      Object.defineProperty(slow, 'k' + n, { enumerable: true, get() { const end = performance.now() + 1; while (performance.now() < end); return n; } });
    return slow;`,
  'a proxy that answers itself': `
    const proxy = new Proxy({}, {
      get: (_, key) => (key === 'toJSON' ? undefined : proxy),
      ownKeys: () => ['a', 'b', 'c'],
      getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true, value: 1 }),
    });
    return { proxy };`,
  'a proxy that is revoked': 'const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); return { proxy };',
  'revoked properties': 'const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); return proxy;',
  [MANY_KEYS]: 'const many = {}; for (let n = 0; n < 1e6; n++) many["key" + n] = n; return many;',
  'thirty thousand keys, one level down':
    'const many = {}; for (let n = 0; n < 3e4; n++) many["key" + n] = n; return { many };',
  'a long list': 'return { list: Array.from({ length: 3e5 }, (_, n) => ({ n })) };',
  'a list of holes': 'return { list: new Array(4294967295) };',
  'a list with one far entry': 'const list = []; list[4294967290] = 1; return { list };',
  'a typed array of 40 MB': 'return { bytes: new Uint8Array(4e7), buffer: new ArrayBuffer(4e7) };',
  'a depth of 100,000': 'let deep = {}; for (let n = 0; n < 1e5; n++) deep = { deep }; return deep;',
  'lists in lists, 100,000 deep': 'let deep = []; for (let n = 0; n < 1e5; n++) deep = [deep]; return { deep };',
  'a string of 50 MB': 'const text = "x".repeat(5e7); text.charCodeAt(7); return { text };',
  'a string of 50 MB in pieces':
    'let text = ""; for (let n = 0; n < 5e4; n++) text += "y".repeat(1000); return { text };',
  'a key of 10 MB': 'return { ["k".repeat(1e7)]: 1 };',
  'ten thousand strings of 10 kB': 'return { list: Array.from({ length: 1e4 }, (_, n) => String(n).repeat(3000)) };',
  'an e-mail address of 1 MB': 'return { mail: "a.".repeat(5e5) + "@" + "b.".repeat(5e5) };',
  'spaces and digits of 1 MB': 'return { text: (" ".repeat(500) + "123 ").repeat(2000), digits: "1".repeat(1e6) };',
  'a BigInt': 'return { big: 12345678901234567890n };',
  'a BigInt of three million digits': 'return { big: 10n ** 3000000n };',
  symbols:
    'return { symbol: Symbol("s"), [Symbol("key")]: 1, [Symbol.toPrimitive]: () => { throw new Error("mine"); } };',
  functions: 'return { arrow: () => 1, klass: class { static secret = 1 }, bound: alert.bind(null) };',
  'maps, sets, dates, expressions, errors': `
    return { map: new Map([[{}, {}]]), set: new Set([1]), date: new Date(NaN), expression: /x/g, error: new Error('e', { cause: window }),
      promise: Promise.resolve(), weak: new WeakMap(), url: new URL(location), boxed: new String('x'.repeat(1e7)) };`,
  'an iterator without end': 'return { *[Symbol.iterator]() { for (;;) yield 1; } };',
  'toJSON that throws': 'return { bad: { toJSON() { throw new Error("mine"); } } };',
  'toJSON that never ends': 'const make = () => ({ toJSON: make, again: make }); return { made: make() };',
  'a date whose toJSON is slow': `
    return Array.from({ length: 500 }, () => Object.assign(new Date(), { toJSON() { const end = performance.now() + 1; while (performance.now() < end); return 'x'; } }));`,
  'a frozen object': 'return Object.freeze({ list: Object.freeze([Object.freeze({ n: 1 })]) });',
  'an object without prototype': 'return Object.assign(Object.create(null), { n: 1 });',
  'numbers that JSON does not have': 'return { nan: NaN, infinite: -Infinity, minus: -0, nothing: undefined };',
  nothing: 'return null;',
  'a list': 'return [1, 2, 3];',
  'a number': 'return 7;',
  'a function': 'return () => {};',
};

/** Processor milliseconds of one call of `track`, what it is allowed, and what it leaves for later. Rejects when it never ends. */
async function measure(trial, name, make) {
  await trial.run(`window.made = (() => { ${make} })(); return 0;`, 20_000);
  const made = await trial.threadMs();
  if (name === MANY_KEYS) await trial.run('for (const key in made) return key;', 20_000);
  const before = await trial.threadMs();
  const allowed = CALL_MS_MAX + (name === MANY_KEYS ? (before - made) * LISTS_MAX : 0);
  const thrown = await trial.run(
    `try { telemetry.track(${JSON.stringify(name)}, made); return null; } catch (error) { return String(error); }`,
    2000,
  );
  const called = await trial.threadMs();
  await new Promise((resolve) => setTimeout(resolve, LATER_AFTER_MS));
  return { thrown, allowed, call: called - before, later: (await trial.threadMs()) - called };
}

test('track takes any properties: within 20 ms, without a throw, and the event arrives', async (t) => {
  const trials = [await open(t, {})];
  for (const [name, make] of Object.entries(PROPERTIES))
    await t.test(name, async () => {
      try {
        let seen;
        for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
          seen = await measure(trials[0], name, make);
          if (seen.call <= seen.allowed && seen.later <= LATER_MS_MAX) break;
        }
        assert.equal(seen.thrown, null);
        assert.ok(seen.call <= seen.allowed, `track took ${seen.call} ms, of ${seen.allowed}`);
        assert.ok(seen.later <= LATER_MS_MAX, `${seen.later} ms more, afterwards`);
      } catch (error) {
        // What stands still now would stand still for the next one.
        trials.unshift(await open(t, {}));
        throw error;
      }
    });
  await t.test('all of them arrived, in events of a size that the collector takes', async () => {
    await trials[0].delivered();
    const events = trials.flatMap((trial) => trial.events('custom'));
    const names = new Set(events.map(({ name }) => name));
    assert.deepEqual(
      Object.keys(PROPERTIES).filter((name) => !names.has(name)),
      [],
    );
    for (const event of events) assert.ok(JSON.stringify(event).length < EVENT_BYTES_MAX, event.name);
    await trials[0].unharmed();
  });
});

test('small properties arrive as they are, beside one without end', async (t) => {
  const trial = await open(t, {});
  await trial.run(`
    telemetry.track('small', { n: 1, text: 'a', list: [1, { deep: true }], nothing: null });
    const graph = {}; graph.again = graph; graph.more = { graph };
    telemetry.track('beside', { price: 42, graph });`);
  await trial.delivered();
  assert.deepEqual(trial.custom('small').properties, { n: 1, text: 'a', list: [1, { deep: true }], nothing: null });
  assert.equal(trial.custom('beside').properties.price, 42);
});

test('what was handed to track is as it was', async (t) => {
  const trial = await open(t, {});
  const changed = await trial.run(`
    const child = { n: 1 }, properties = { child, again: child, list: [child] };
    properties.self = properties;
    const before = JSON.stringify([Reflect.ownKeys(properties), Reflect.ownKeys(child), properties.list.length]);
    telemetry.track('kept', properties);
    return before !== JSON.stringify([Reflect.ownKeys(properties), Reflect.ownKeys(child), properties.list.length]);`);
  assert.equal(changed, false);
});

test('each call of the API takes any arguments without a throw', async (t) => {
  const trial = await open(t, {});
  const thrown = await trial.run(`
    const bad = { toString() { throw new Error('mine'); } };
    const values = [undefined, null, 0, NaN, 1n, '', 'x'.repeat(1e7), Symbol('s'), {}, [], () => {}, bad, Object.create(null), window,
      new Proxy({}, { get() { throw new Error('mine'); } })];
    const thrown = [];
    const calls = { track: (v) => telemetry.track(v), trackWith: (v) => telemetry.track('x', v), identify: (v) => telemetry.identify(v),
      consent: (v) => telemetry.consent(v), flush: (v) => telemetry.flush(v), stats: (v) => telemetry.stats(v),
      detached: (v) => { const { track } = telemetry; track('detached', v); } };
    for (const [name, call] of Object.entries(calls))
      values.forEach((value, i) => { try { call(value); } catch (error) { thrown.push(name + ' ' + i + ': ' + error.message); } });
    return thrown;`);
  assert.deepEqual(thrown, []);
  await trial.unharmed();
});
