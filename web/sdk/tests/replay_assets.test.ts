/** Which files a recording names, and which are sent. */
import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Asset, readAsset } from '../src/worker/replay/asset_source.ts';
import { Assets } from '../src/worker/replay/assets.ts';
import { ASSET_BYTES_MAX, ASSETS_AFTER_MS, ASSETS_BYTES_MAX, ASSETS_NAMED_MAX } from '../src/worker/replay/limits.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const made = (address: string, bytes = 10): Asset => {
  const sha256 = createHash('sha256').update(address).digest('hex');
  return { sha256, content_type: 'image/png', encoding: 'identity', raw_bytes: bytes, payload: new Uint8Array(bytes) };
};

function assets({ has = [] as string[], bytes = 10, held = false } = {}) {
  const named: Record<string, string>[] = [];
  const sent: string[] = [];
  const asked: string[][] = [];
  const told = {
    named: (files: Record<string, string>) => named.push(files),
    send: (_: Asset, shown: string) => sent.push(shown),
    read: async (address: string) => (address.includes('gone') ? null : made(address, bytes)),
    missing: async (hashes: string[]) => {
      asked.push(hashes);
      return hashes.filter((hash) => !has.includes(hash));
    },
  };
  return { own: new Assets(told, held), named, sent, asked };
}
const later = async (times = 1) => {
  await vi.advanceTimersByTimeAsync(ASSETS_AFTER_MS * times);
  // What follows from it, in promises, has been done by then.
  await new Promise(setImmediate);
};

test('what the collector has is named, and not sent; what cannot be had is neither', async () => {
  const { own, named, sent } = assets({ has: [made('https://a/1').sha256] });
  for (const address of ['1', '2', 'gone', '2']) own.find(`https://a/${address}`, `shown ${address}`);
  await later();
  expect(named).toEqual([{ 'shown 1': made('https://a/1').sha256, 'shown 2': made('https://a/2').sha256 }]);
  expect(sent).toEqual(['shown 2']);
  own.find('https://a/2', 'shown 2');
  await later();
  expect(named).toHaveLength(1);
});

test('an address that stands for several files after it was masked names none of them', async () => {
  const { own, named, sent } = assets();
  own.find('https://a/?user=1', 'https://a/?user=');
  own.find('https://a/?user=2', 'https://a/?user=');
  own.find('https://a/3', 'https://a/3');
  await later();
  expect(named.map(Object.keys)).toEqual([['https://a/3']]);
  expect(sent).toEqual(['https://a/3']);
});

test('one question has no more hashes than a header can name; the rest comes later', async () => {
  const { own, asked } = assets();
  for (let n = 0; n < ASSETS_NAMED_MAX + 1; n++) own.find(`https://a/${n}`, `${n}`);
  await later(3);
  expect(asked.map(({ length }) => length)).toEqual([ASSETS_NAMED_MAX, 1]);
});

test('a page view has so many bytes of them', async () => {
  const { own, sent } = assets({ bytes: ASSET_BYTES_MAX });
  for (let n = 0; n < 20; n++) own.find(`https://a/${n}`, `${n}`);
  await later();
  expect(sent).toHaveLength(ASSETS_BYTES_MAX / ASSET_BYTES_MAX);
});

test('held back: nothing is asked or sent before it is released; nothing after the end', async () => {
  const { own, asked, sent } = assets({ held: true });
  own.find('https://a/1', '1');
  await later(2);
  expect(asked).toEqual([]);
  own.release();
  await later();
  expect(sent).toEqual(['1']);
  own.find('https://a/2', '2');
  own.end();
  await later(2);
  expect(sent).toEqual(['1']);
});

const answer = (type: string, body: BodyInit, headers: Record<string, string> = {}, status = 200) =>
  vi.stubGlobal('fetch', async (_: string, init: RequestInit) => {
    expect(init).toMatchObject({ cache: 'only-if-cached', mode: 'same-origin' });
    return new Response(body, { status, headers: { 'Content-Type': type, ...headers } });
  });

test('an image goes as it is, a drawing compressed, each named by the SHA-256 of what is sent', async () => {
  answer('image/png', new Uint8Array([1, 2, 3]));
  const image = await readAsset('https://shop.example/1', true);
  expect(image).toMatchObject({ content_type: 'image/png', encoding: 'identity', raw_bytes: 3 });
  answer('image/svg+xml; charset=utf-8', '<svg/>');
  const drawing = (await readAsset('https://shop.example/2', true)) as Asset;
  expect(drawing).toMatchObject({ content_type: 'image/svg+xml', encoding: 'gzip', raw_bytes: 6 });
  expect(String(gunzipSync(drawing.payload))).toBe('<svg/>');
  for (const { sha256, payload } of [image as Asset, drawing])
    expect(sha256).toBe(createHash('sha256').update(payload).digest('hex'));
});

test.each<[string, string, Record<string, string>, number]>([
  ['private', 'image/png', { 'Cache-Control': 'max-age=60, private' }, 200],
  ['not to be stored', 'image/png', { 'Cache-Control': 'No-Store' }, 200],
  ['no image or font', 'text/html', {}, 200],
  ['not there', 'image/png', {}, 504],
])('what is %s stays', async (_, type, headers, status) => {
  answer(type, 'x', headers, status);
  expect(await readAsset('https://shop.example/1', true)).toBeNull();
});

test('of another origin nothing is asked for', async () => {
  answer('image/png', 'x');
  await expect(readAsset('https://other.example/1', true)).rejects.toBe(undefined);
});

test('what is too large stays, and images where the site says so; fonts do not', async () => {
  answer('image/png', new Uint8Array(ASSET_BYTES_MAX + 1));
  expect(await readAsset('https://shop.example/1', true)).toBeNull();
  answer('image/png', 'x');
  expect(await readAsset('https://shop.example/1', false)).toBeNull();
  answer('font/woff2', 'x');
  expect(await readAsset('https://shop.example/1', false)).not.toBeNull();
});
