import { expect, test } from 'vitest';
import { Quiet } from '../src/quiet.ts';

const node = (tagName: string, id: number, attributes: Record<string, unknown>) => ({ tagName, id, attributes });

test('no relation is left but that of a style sheet', () => {
  const event = {
    data: {
      node: {
        childNodes: [node('link', 1, { rel: 'preconnect', href: 'a' }), node('LINK', 2, { REL: 'StyleSheet preload' })],
      },
      adds: [{ node: node('link', 3, { rel: 'dns-prefetch' }) }, {}],
      attributes: [{ id: 1, attributes: { Rel: 'prerender', class: 'a' } }],
    },
  };
  new Quiet().hush(event);
  expect(event).toEqual({
    data: {
      node: { childNodes: [node('link', 1, { href: 'a' }), node('LINK', 2, { REL: 'stylesheet' })] },
      adds: [{ node: node('link', 3, {}) }, {}],
      attributes: [{ id: 1, attributes: { class: 'a' } }],
    },
  });
});

test('a frame goes nowhere, however late it is told to', () => {
  const quiet = new Quiet();
  const snapshot = { data: { node: { childNodes: [node('IFrame', 1, { src: 'a' }), node('img', 2, { src: 'b' })] } } };
  const change = (id: number) => ({
    data: { attributes: [{ id, attributes: { SRC: 'c', srcdoc: 'd', class: 'e' } }] },
  });
  const [ofFrame, ofImage] = [change(1), change(2)];
  for (const event of [snapshot, ofFrame, ofImage]) quiet.hush(event);
  expect(snapshot.data.node.childNodes.map(({ attributes }) => attributes)).toEqual([{}, { src: 'b' }]);
  expect(ofFrame.data.attributes[0]?.attributes).toEqual({ class: 'e' });
  expect(ofImage).toEqual(change(2));
});

test('whatever an event holds, it is passed over', () => {
  for (const event of [{}, { data: null }, { data: { node: null, adds: 7, attributes: [null, { attributes: null }] } }])
    expect(() => new Quiet().hush(event as never)).not.toThrow();
});

test('depth is no matter', () => {
  let deep: object = { attributes: { rel: 'preconnect' } };
  for (let depth = 0; depth < 100_000; depth++) deep = { childNodes: [deep] };
  expect(() => new Quiet().hush({ data: { node: deep } })).not.toThrow();
});
