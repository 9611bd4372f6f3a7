import { expect, test, vi } from 'vitest';
import { customProperties } from '../src/page/custom.ts';
import { PROPERTIES_UNITS_MAX } from '../src/shared/limits.ts';

const read = (properties: unknown) => {
  const text = customProperties(properties);
  return text && JSON.parse(text);
};

test('what JSON has, as JSON has it', () => {
  const when = new Date(0);
  const given = {
    text: 'a"b',
    n: 1.5,
    yes: true,
    none: null,
    list: [1, [2], undefined],
    when,
    deep: { a: { b: 'c' } },
  };
  expect(read(given)).toEqual(JSON.parse(JSON.stringify(given)));
});

test.each([
  [
    'functions, symbols and what is undefined are left out',
    { f() {}, [Symbol('s')]: 1, s: Symbol('s'), u: undefined },
    {},
  ],
  ['no number', { a: Number.NaN, b: Number.POSITIVE_INFINITY }, { a: null, b: null }],
  ['a big number', { a: 10n ** 30n }, { a: `1${'0'.repeat(30)}` }],
  ['no date', { a: new Date(Number.NaN) }, { a: null }],
  ['half a character', { a: 'x\ud800' }, { a: 'x\ufffd' }],
  ['inherited', Object.create({ hidden: 1 }, { own: { value: 2, enumerable: true } }), { own: 2 }],
  [
    'the same twice',
    ((address) => ({ billing: address, shipping: address }))({ city: 'Rome' }),
    { billing: { city: 'Rome' }, shipping: { city: 'Rome' } },
  ],
])('%s', (_, given, expected) => {
  expect(read(given)).toEqual(expected);
});

test('elements, the window, maps and bytes are told by their kind', () => {
  const div = document.createElement('div');
  const given = { div, map: new Map([[1, 2]]), bytes: new Uint8Array(1e6), error: new Error('x') };
  expect(read(given)).toEqual({ div: '[HTMLDivElement]', map: '[Map]', bytes: '[Uint8Array]', error: '[Error]' });
});

test('a toJSON of the page is not asked, but for dates', () => {
  const toJSON = () => 'not me';
  Object.assign(Array.prototype, { toJSON });
  try {
    expect(read({ list: [1], own: { toJSON, a: 1 }, when: Object.assign(new Date(0), { toJSON }) })).toEqual({
      list: [1],
      own: { a: 1 },
      when: '1970-01-01T00:00:00.000Z',
    });
  } finally {
    delete (Array.prototype as { toJSON?: unknown }).toJSON;
  }
});

test('what throws when it is read is left out alone', () => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  const trap = new Proxy(
    {},
    {
      ownKeys() {
        throw new Error('not yours');
      },
    },
  );
  const given = {
    get bad() {
      throw new Error('not now');
    },
    proxy,
    trap,
    good: 1,
  };
  expect(read(given)).toEqual({ good: 1 });
});

test('an object in itself is told by its kind where it would begin again', () => {
  const a: Record<string, unknown> = { n: 1 };
  a.self = a;
  a.list = [a];
  expect(read(a)).toEqual({ n: 1, self: '[Object]', list: ['[Object]'] });
});

/** Objects that all hold all. */
function knot(count: number): Record<string, object> {
  const objects = Array.from({ length: count }, () => ({}));
  const all = Object.fromEntries(objects.map((object, n) => [`o${n}`, object]));
  for (const object of objects) Object.assign(object, all);
  return all;
}

test.each([
  ['a knot', knot(8)],
  ['a chain', Array.from({ length: 1e5 }).reduce((inner: object) => ({ inner }), {})],
  ['a list without an end', { list: new Array(1e9) }],
  ['as many keys', Object.fromEntries(Array.from({ length: 1e5 }, (_, n) => [`k${n}`, n]))],
  ['as much inherited', { o: Object.create(Object.fromEntries(Array.from({ length: 1e5 }, (_, n) => [`k${n}`, n]))) }],
  ['as much text', { list: Array.from({ length: 900 }, () => 'x'.repeat(100)) }],
  [
    'a getter of getters',
    {
      get next() {
        return Object.create(Object.prototype, Object.getOwnPropertyDescriptors(this));
      },
    },
  ],
])('%s ends within the budget', (_, given) => {
  const reads = vi.spyOn(performance, 'now');
  const text = customProperties(given);
  reads.mockRestore();
  expect(text.length).toBeLessThanOrEqual(PROPERTIES_UNITS_MAX);
});

test('slow getters end by the clock, and small objects do not depend on a busy machine', () => {
  let reads = 0;
  const slow = (count: number, ms: number) => {
    const object = {};
    for (let n = 0; n < count; n++)
      Object.defineProperty(object, `k${n}`, {
        enumerable: true,
        get() {
          reads++;
          globalThis.aheadMs = (globalThis.aheadMs ?? 0) + ms;
          return n;
        },
      });
    return object;
  };
  expect(Object.keys(read(slow(4, 1000)))).toHaveLength(4);
  reads = 0;
  expect(read(slow(50, 1))).toBe('');
  expect(reads).toBeLessThan(8);
  globalThis.aheadMs = 0;
});

test.each([[null], ['text'], [[1]], [document], [new Map()], [Symbol('s')], [() => {}]])(
  'no properties: %s',
  (given) => {
    expect(customProperties(given)).toBe('');
  },
);
