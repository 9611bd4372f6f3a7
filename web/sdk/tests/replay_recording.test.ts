/** From what the recorder saw to numbered frames. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { FromReplay, Rows } from '../src/shared/replay_messages.ts';
import type { Asset } from '../src/worker/replay/asset_source.ts';
import type { Frame } from '../src/worker/replay/frame.ts';
import {
  ASSETS_AFTER_MS,
  CHANGES_AT_ONCE_UNITS_MAX,
  CHUNK_MS_MAX,
  CHUNK_UNITS_MAX,
  PAGE_VIEW_BYTES_MAX,
  TAIL_BYTES_MAX,
} from '../src/worker/replay/limits.ts';
import type { Recorded } from '../src/worker/replay/recorded.ts';
import { Recording } from '../src/worker/replay/recording.ts';
import { change, eventsIn, type Read, read, recordedIn, rows, snapshot, VIEWED } from './replay_setup.ts';

let frames: Frame[];
let told: FromReplay[];
let tails: number;
/** Has the stand-in of the encoder wait for a file. */
let wait: (waits: boolean) => void;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  frames = [];
  told = [];
  tails = 0;
});
afterEach(() => vi.useRealTimers());

/** A snapshot that shows what lies at these addresses. */
function showing(...found: string[]) {
  const { turns, ...message } = rows(...snapshot(1));
  return { ...message, turns: turns.map((turn) => ({ ...turn, found })) };
}

function recording(mode = 'always'): Recording {
  const [ownFrames, ownTold] = [frames, told];
  const made = new Recording(
    {
      post: (message) => ownTold.push(message),
      encoder: (_, take, { found, caughtUp }) => {
        const waiting: Recorded[] = [];
        const encoder = {
          waits: false,
          encode(message: Rows) {
            for (const address of (message as { found?: string[] }).found ?? []) found(address, `shown:${address}`);
            if (encoder.waits) waiting.push(...recordedIn(message));
            else take(recordedIn(message));
          },
          hurry() {
            encoder.waits = false;
            if (waiting.length) take(waiting.splice(0));
          },
        };
        wait = (waits) => {
          if (waits) encoder.waits = true;
          else {
            encoder.hurry();
            caughtUp();
          }
        };
        return encoder;
      },
      sheet: async () => null,
      put: (frame) => ownFrames.push(frame),
      sendTail: () => tails++,
      own() {},
      read: async (address) => asset(address),
      missing: async (hashes) => hashes,
    },
    mode,
  );
  made.receive({ replay: 'page_view', ...VIEWED });
  return made;
}

const asset = (address: string): Asset => ({
  sha256: address.padStart(64, '0'),
  content_type: 'image/png',
  encoding: 'identity',
  raw_bytes: 3,
  payload: new Uint8Array([1, 2, 3]),
});

const heads = async () =>
  (await read(frames)).map(({ header }) => [header.kind, header.chunk_seq, header.events, header.final]);
/** Numbers of the events, chunk by chunk. */
const numbers = async () => {
  const chunks = new Map<string, Read[]>();
  for (const frame of await read(frames)) {
    const name = `${frame.header.page_view_id}:${frame.header.chunk_seq}`;
    chunks.set(name, [...(chunks.get(name) ?? []), frame]);
  }
  return [...chunks.values()].map((parts) => eventsIn(parts).map(({ n }) => n));
};
const count = () => told.filter((message) => message.replay === 'chunks').at(-1);
const degraded = () => told.flatMap((message) => (message.replay === 'degraded' ? [message.what] : []));
/** As the page counts: what it was told, and one more if it posted since. */
const expected = (posted: number) => (count()?.chunks ?? 0) + Number(posted > (count()?.rows ?? 0));

test('chunks are numbered from 0, whole and in order; the last one says so', async () => {
  const made = recording();
  made.receive(rows(...snapshot(1), change(3)));
  vi.advanceTimersByTime(CHUNK_MS_MAX);
  made.receive(rows(change(4)));
  made.receive({ replay: 'hidden' });
  made.receive(rows(change(5)));
  made.receive(rows(change(6)));
  expect(expected(4)).toBe(3);
  made.receive({ replay: 'left', ends: false, chunks: 0 });
  await made.packed();
  expect(await heads()).toEqual([
    ['snapshot', 0, 3, false],
    ['mutations', 1, 1, false],
    ['mutations', 2, 2, true],
  ]);
  expect(await numbers()).toEqual([[1, 1, 3], [4], [5, 6]]);
  expect(frames.map(({ batch_seq }) => batch_seq)).toEqual([0, 1, 2]);
});

test('the page expects what there will be, whenever it ends', async () => {
  const steps: [posted: number, expected: number, act: (made: Recording) => void][] = [
    [1, 1, (made) => made.receive(rows(...snapshot(1)))],
    [1, 1, () => vi.advanceTimersByTime(CHUNK_MS_MAX)],
    [2, 2, (made) => made.receive(rows(change(3)))],
    [3, 2, (made) => made.receive(rows(change(4)))],
    [3, 2, (made) => made.receive({ replay: 'hidden' })],
    [4, 3, (made) => made.receive(rows(change(5, CHUNK_UNITS_MAX)))],
    // The first event ends the chunk, the second begins another.
    [5, 5, (made) => made.receive(rows(change(6, CHUNK_UNITS_MAX), change(7)))],
  ];
  for (let last = 0; last < steps.length; last++) {
    frames = [];
    told = [];
    const made = recording();
    for (const [, , act] of steps.slice(0, last + 1)) act(made);
    const [posted, chunks] = steps[last] as (typeof steps)[number];
    expect([last, expected(posted)]).toEqual([last, chunks]);
    made.receive({ replay: 'left', ends: true, chunks: 0 });
    expect(new Set(frames.map(({ chunk }) => chunk)).size).toBeLessThanOrEqual(chunks);
    await made.packed();
    expect([last, new Set(frames.map(({ chunk }) => chunk)).size]).toEqual([last, chunks]);
  }
});

test.each([true, false])(
  'the last rows make no event: the chunk that was told is there all the same; the page ends: %s',
  async (ends) => {
    const made = recording();
    made.receive(rows(...snapshot(1)));
    made.receive({ replay: 'hidden' });
    made.receive(rows());
    // The page says so before it hears that nothing came of them.
    made.receive({ replay: 'left', ends, chunks: 2 });
    await made.packed();
    expect(await heads()).toEqual([
      ['snapshot', 0, 2, false],
      ['mutations', 1, 1, true],
    ]);
  },
);

test('another page view begins anew at 0', async () => {
  const made = recording();
  made.receive(rows(...snapshot(1)));
  made.receive({ replay: 'page_view', ...VIEWED, page_view_id: '01934f5e-6001-7000-8000-0000000000cc' });
  made.receive(rows(...snapshot(2)));
  made.receive({ replay: 'left', ends: false, chunks: 0 });
  await made.packed();
  expect(await heads()).toEqual([
    ['snapshot', 0, 2, true],
    ['snapshot', 0, 2, true],
  ]);
  expect((await read(frames)).map(({ header }) => String(header.page_view_id).slice(-2))).toEqual(['bb', 'cc']);
});

test('when the page ends, what is not compressed yet is packed before anybody waits', async () => {
  const made = recording();
  made.receive(rows(...snapshot(1)));
  made.receive({ replay: 'hidden' });
  made.receive(rows(change(3)));
  made.receive({ replay: 'left', ends: true, chunks: 0 });
  expect([frames.length, tails]).toEqual([2, 1]);
  expect(await numbers()).toEqual([[1, 1], [3]]);
  await made.packed();
  expect(frames).toHaveLength(2);
});

test('what is too large for a tail goes in its turn', async () => {
  const made = recording();
  made.receive(rows(...snapshot(1, { units: TAIL_BYTES_MAX + 1 })));
  made.receive({ replay: 'left', ends: true, chunks: 0 });
  expect(frames).toHaveLength(0);
  await made.packed();
  expect(await heads()).toEqual([['snapshot', 0, 2, true]]);
});

test('changes beyond the budget: told, cut, left out until there is a snapshot', async () => {
  const made = recording();
  made.receive(rows(...snapshot(1)));
  made.receive(rows(change(2), change(3, CHANGES_AT_ONCE_UNITS_MAX), change(4)));
  expect(degraded()).toEqual(['replay_dom:mutations']);
  // Nothing of it makes one more chunk.
  expect(expected(2)).toBe(1);
  vi.advanceTimersByTime(2000);
  expect(told).toContainEqual({ replay: 'snapshot' });
  made.receive(rows(...snapshot(5)));
  expect(expected(3)).toBe(2);
  made.receive({ replay: 'left', ends: false, chunks: 0 });
  await made.packed();
  expect(await numbers()).toEqual([
    [1, 1, 2],
    [5, 5],
  ]);
});

test('a snapshot that nobody may inflate ends the recording, and says why', async () => {
  const made = recording();
  made.receive(rows(...snapshot(1, { units: 8 * 1024 * 1024 })));
  await made.packed();
  expect(degraded()).toEqual(['replay_dom:too_large']);
  expect(told.at(-1)).toEqual({ replay: 'stop' });
  expect(frames).toEqual([]);
});

test('a page view has so many bytes, and no more', async () => {
  const made = recording();
  // Letters that do not compress, about three quarters of a byte each.
  const random = (units: number) =>
    Array.from({ length: units }, () => String.fromCharCode(35 + Math.floor(Math.random() * 56))).join('');
  const large = { units: 0, cost_ms: 20 };
  const line = JSON.stringify({ n: 1, data: random(3_000_000) });
  for (let n = 0; n * 2_100_000 < PAGE_VIEW_BYTES_MAX + 2_200_000; n++) {
    const [size, page] = snapshot(n, large);
    made.receive({ ...rows({ ...(size as object) } as never, { ...(page as object), line } as never) });
    made.receive({ replay: 'hidden' });
  }
  await made.packed();
  expect(degraded()).toEqual(['replay_dom:bytes']);
  expect(told.at(-1)).toEqual({ replay: 'stop' });
  const sent = frames.reduce((sum, { rest }) => sum + rest.length, 0);
  expect(sent).toBeLessThanOrEqual(PAGE_VIEW_BYTES_MAX);
  expect(sent).toBeGreaterThan(PAGE_VIEW_BYTES_MAX * 0.8);
}, 30_000);

test('friction: nothing leaves until something goes wrong; then what is kept, and all that follows', async () => {
  const made = recording('friction');
  made.receive(rows(...snapshot(1), change(3)));
  vi.advanceTimersByTime(CHUNK_MS_MAX);
  made.receive(rows(change(4)));
  await made.packed();
  expect([frames.length, expected(2)]).toEqual([0, 0]);
  made.saw([{ seq: 0, type: 'heartbeat', at: 0 }]);
  expect(frames).toEqual([]);
  made.saw([{ seq: 1, type: 'error', at: 0 }]);
  // What is open goes when it is cut.
  expect([frames.length, expected(2)]).toEqual([1, 2]);
  made.receive({ replay: 'hidden' });
  made.receive(rows(change(5)));
  expect(expected(3)).toBe(3);
  made.receive({ replay: 'left', ends: false, chunks: 0 });
  await made.packed();
  expect(await heads()).toEqual([
    ['snapshot', 0, 3, false],
    ['mutations', 1, 1, false],
    ['mutations', 2, 1, true],
  ]);
});

test('friction: a page view that nothing went wrong in leaves no trace, and the page may ask for it', async () => {
  const made = recording('friction');
  made.receive(rows(...snapshot(1)));
  made.receive({ replay: 'left', ends: true, chunks: 0 });
  await made.packed();
  expect(frames).toEqual([]);
  made.receive({ replay: 'page_view', ...VIEWED });
  made.receive(rows(...snapshot(2)));
  made.receive({ replay: 'hidden' });
  await made.packed();
  made.receive({ replay: 'keep' });
  // The page view before is within the last minute.
  expect((await read(frames)).map((frame) => eventsIn([frame])[0]?.n)).toEqual([1, 2]);
});

test('what is stopped takes, tells and keeps nothing', async () => {
  const made = recording();
  made.receive(rows(...snapshot(1)));
  made.receive({ replay: 'hidden' });
  made.stop();
  await made.packed();
  made.receive(rows(change(3)));
  made.receive({ replay: 'left', ends: true, chunks: 0 });
  expect([frames.length, tails]).toEqual([0, 0]);
});

test('the recording names its assets, the chunk too, and the page expects that chunk', async () => {
  const made = recording();
  made.receive(showing('a', 'b'));
  made.receive({ replay: 'hidden' });
  expect(expected(1)).toBe(1);
  await vi.advanceTimersByTimeAsync(ASSETS_AFTER_MS);
  expect(expected(1)).toBe(2);
  made.receive({ replay: 'left', ends: false, chunks: 2 });
  await made.packed();
  const all = await read(frames);
  const files = Object.fromEntries(['a', 'b'].map((name) => [`shown:${name}`, name.padStart(64, '0')]));
  const [, named] = all.filter(({ header }) => header.kind !== 'asset');
  expect(eventsIn([named as Read])).toMatchObject([{ type: 5, data: { tag: 'assets', payload: files } }]);
  expect(named?.header.assets).toEqual(Object.values(files));
  const sent = all.filter(({ header }) => header.kind === 'asset');
  expect(sent.map(({ header }) => [header.sha256, header.url])).toEqual(
    Object.entries(files).map(([shown, sha256]) => [sha256, shown]),
  );
});

test('friction: assets are not even asked for before something goes wrong', async () => {
  const made = recording('friction');
  made.receive(showing('a'));
  await vi.advanceTimersByTimeAsync(ASSETS_AFTER_MS * 2);
  expect(frames).toEqual([]);
  made.receive({ replay: 'keep' });
  await vi.advanceTimersByTimeAsync(ASSETS_AFTER_MS);
  await made.packed();
  expect((await read(frames)).map(({ header }) => header.kind).sort()).toEqual(['asset', 'snapshot']);
});

test('what waits for a file is in no chunk that was told, and comes when it is there', async () => {
  const made = recording();
  wait(true);
  made.receive(rows(...snapshot(1)));
  expect(count()).toMatchObject({ chunks: 0, rows: 0 });
  wait(false);
  made.receive({ replay: 'hidden' });
  await made.packed();
  expect(count()).toMatchObject({ chunks: 1, rows: 1 });
  expect(await heads()).toEqual([['snapshot', 0, 2, false]]);
});

test('when the page ends nothing is waited for', async () => {
  const made = recording();
  wait(true);
  made.receive(rows(...snapshot(1)));
  made.receive({ replay: 'left', ends: true, chunks: 1 });
  expect(await heads()).toEqual([['snapshot', 0, 2, true]]);
});
