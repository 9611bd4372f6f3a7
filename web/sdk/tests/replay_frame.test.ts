/** Frames, held to the contract's own examples. */
import { readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import type { Asset } from '../src/worker/replay/asset_source.ts';
import type { Stretch } from '../src/worker/replay/cutter.ts';
import { assetHead, bodyOf, type Frame, firstBody, partsOf, sizeOf } from '../src/worker/replay/frame.ts';
import { gzip, stored } from '../src/worker/replay/gzip.ts';
import { ASSETS_NAMED_MAX, BODY_BYTES_MAX, HEADER_BYTES_MAX, PAYLOAD_BYTES_MAX } from '../src/worker/replay/limits.ts';
import { framesIn, type Read, read, VIEWED } from './replay_setup.ts';

const GOOD = new URL('../../../schemas/examples/replay/good/', `file://${__dirname}/`);
const good = (name: string) => JSON.parse(readFileSync(new URL(`${name}.json`, GOOD), 'utf8'));

const STRETCH: Stretch = {
  kind: 'snapshot',
  text: '',
  events: 41,
  first_at: 1_732_276_480_010.25,
  last_at: 1_732_276_484_999.5,
  first_q: 16,
  last_q: 31,
  nodes: 1330,
  cost_ms: 4.9,
  partial: false,
  assets: good('snapshot').assets,
};
const TOLD = { chunk_seq: 0, raw_bytes: 122_971, final: false };

const made = (stretch: Stretch, told: typeof TOLD, payload: Uint8Array): Frame[] =>
  (partsOf(VIEWED, stretch, told, payload) ?? []).map((part, n) => ({
    tab_id: VIEWED.tab_id,
    visitor_id: VIEWED.visitor_id,
    batch_seq: n,
    created_at: 0,
    chunk: 'one',
    ...part,
  }));

/** The kind of each field, deeply. */
const kinds = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.slice(0, 2).map(kinds)
    : value && typeof value === 'object'
      ? Object.fromEntries(
          Object.entries(value)
            .sort(([a], [b]) => (a < b ? -1 : 1))
            .map(([key, inner]) => [key, kinds(inner)]),
        )
      : typeof value;

test('the header of a snapshot is the one of the contract', async () => {
  const frames = made(STRETCH, TOLD, new Uint8Array([1, 2, 3]));
  const clock = { offset_ms: -12.4, error_ms: 6.1 };
  const [frame] = framesIn(Buffer.from(await bodyOf(frames, clock).arrayBuffer()));
  expect(frame?.header).toEqual(good('snapshot'));
  expect([...(frame?.payload ?? [])]).toEqual([1, 2, 3]);
});

test('the header of changes has the fields of the contract, and no other', async () => {
  const { nodes: _, ...stretch } = STRETCH;
  const frames = made({ ...stretch, kind: 'mutations' }, { ...TOLD, final: true }, new Uint8Array(9));
  const [frame] = await read(frames);
  const { partial, assets, ...header } = (frame as Read).header;
  expect([partial, assets]).toEqual([false, STRETCH.assets]);
  expect(kinds({ ...header, clock: null })).toEqual(kinds(good('mutations')));
});

test('every good example of a chunk has no field that we do not send', () => {
  const [frame] = made(STRETCH, TOLD, new Uint8Array(1));
  const sent = Object.keys(JSON.parse(frame?.head ?? '{}'));
  for (const name of readdirSync(GOOD)) {
    const example = good(name.replace('.json', ''));
    if (example.kind === 'asset') continue;
    expect(Object.keys(example).filter((key) => key !== 'clock' && !sent.includes(key))).toEqual([]);
  }
});

test.each([
  [PAYLOAD_BYTES_MAX, 1],
  [PAYLOAD_BYTES_MAX + 1, 2],
  [PAYLOAD_BYTES_MAX * 8, 8],
])('a snapshot of %i bytes goes in %i parts, which joined are what they were', async (bytes, parts) => {
  const payload = Uint8Array.from({ length: bytes }, (_, n) => n % 251);
  const frames = await read(made(STRETCH, TOLD, payload));
  expect(frames.map(({ header }) => [header.part, header.parts])).toEqual(
    Array.from({ length: parts }, (_, part) => [part, parts]),
  );
  expect(Buffer.concat(frames.map(({ payload }) => payload)).equals(Buffer.from(payload))).toBe(true);
  for (const { payload } of frames) expect(payload.length).toBeLessThanOrEqual(PAYLOAD_BYTES_MAX);
});

test('what the collector would not take is not made: nine parts, or two of changes', () => {
  expect(partsOf(VIEWED, STRETCH, TOLD, new Uint8Array(PAYLOAD_BYTES_MAX * 8 + 1))).toBeNull();
  const changes: Stretch = { ...STRETCH, kind: 'mutations' };
  expect(partsOf(VIEWED, changes, TOLD, new Uint8Array(PAYLOAD_BYTES_MAX + 1))).toBeNull();
});

test('a header keeps below its limit with as many assets as there may be', () => {
  const assets = Array.from({ length: ASSETS_NAMED_MAX }, (_, n) => `${n}`.padStart(64, 'a'));
  const longest = { ...TOLD, chunk_seq: 32_767, raw_bytes: 8 * 1024 * 1024 };
  const [frame] = made({ ...STRETCH, assets }, longest, new Uint8Array(1));
  expect(frame?.head.length).toBeLessThan(HEADER_BYTES_MAX - 100);
});

test('a body has at most eight frames, of one visitor, and a mebibyte', async () => {
  const frame = (visitor_id: string, bytes: number): Frame => ({
    ...(made(STRETCH, TOLD, new Uint8Array(1))[0] as Frame),
    visitor_id,
    rest: new Uint8Array(bytes),
  });
  expect(firstBody(Array.from({ length: 20 }, () => frame('a', 10)))).toHaveLength(8);
  expect(firstBody([frame('a', 10), frame('a', 10), frame('b', 10)])).toHaveLength(2);
  const large = [PAYLOAD_BYTES_MAX, PAYLOAD_BYTES_MAX, 10].map((bytes) => frame('a', bytes));
  const body = firstBody(large);
  expect(body).toHaveLength(1);
  const { size } = bodyOf(body, { offset_ms: -123_456_789.125, error_ms: 123_456_789.125 });
  expect(size).toBeLessThanOrEqual(body.reduce((sum, one) => sum + sizeOf(one), 0));
  expect(size).toBeLessThanOrEqual(BODY_BYTES_MAX);
});

test('the header of an asset is the one of the contract', () => {
  const example = good('asset');
  const { sha256, content_type, encoding, raw_bytes, url } = example;
  const asset: Asset = { sha256, content_type, encoding, raw_bytes, payload: new Uint8Array(1) };
  expect(JSON.parse(assetHead(VIEWED, asset, url))).toEqual(example);
});

test.each([0, 1, 65_535, 65_536, 200_000])('%i bytes are one gzip member, compressed or not', async (length) => {
  const bytes = Uint8Array.from({ length }, (_, n) => (n * n) % 253);
  for (const payload of [await gzip(bytes), stored(bytes)])
    expect(gunzipSync(payload).equals(Buffer.from(bytes))).toBe(true);
});
