import { expect, test } from 'vitest';
import { Film } from '../page/film.ts';
import type { PageView, Piece, Range, Session, Source } from '../page/recording.ts';
import type { Order } from '../src/protocol.ts';

/** Lets everything go on that can. */
const settle = () => new Promise((done) => setTimeout(done));

/** A page view of ten minutes with a snapshot each minute, whose frames come when a test hands them out. */
function film() {
  const asked: {
    range: Range;
    take(piece: Piece): void;
    end(next_at: number | null, after?: number | null): void;
    fail(): void;
  }[] = [];
  const source = {
    frames: (_: Session, __: PageView, range: Range, take: (piece: Piece) => void) =>
      new Promise<void>((done, failed) => {
        const end = (next_at: number | null, after: number | null = 9) => {
          take({ end: { after, next_at } });
          done();
        };
        asked.push({ range, take, end, fail: () => failed(new Error('it broke off')) });
      }),
  } as unknown as Source;
  const chunks = Array.from({ length: 10 }, (_, seq) => ({ seq, kind: 'snapshot', first_at: seq * 60_000 }));
  const view = { started_at: 0, ended_at: 600_000, chunks, missing: [], degraded: [] } as unknown as PageView;
  const said: string[] = [];
  const failures: string[] = [];
  const port = {
    onmessage: null,
    postMessage: (order: Order) => {
      if (order.say === 'seek') said.push(`seek ${order.at}`);
      if (order.say === 'events') said.push(order.lines);
      if (order.say === 'reset') said.push('reset');
      if (order.say === 'gap') said.push(`gap ${order.from} to ${order.until}: ${order.what}`);
    },
  } as unknown as MessagePort;
  const plays = (at: number) =>
    port.onmessage?.({
      data: { say: 'state', at, length: 600_000, playing: true, shown: 'wireframe' },
    } as MessageEvent);
  const heard = { state: () => {}, lost: () => {}, failed: (why: string) => void failures.push(why) };
  return { asked, said, failures, plays, shown: new Film(port, source, {} as Session, view, heard) };
}

function chunk(take: (piece: Piece) => void, seq: number): void {
  take({ chunk: { seq, kind: 'snapshot', first_at: seq * 60_000, last_at: seq * 60_000 + 1, shift_ms: 0 } });
  take({ lines: `events of ${seq}` });
}

test('a time is shown when the frames before it are there, and not the minute behind them', async () => {
  const { asked, said, shown } = film();
  const opened = shown.open(90_000);
  await settle();
  expect(asked[0]?.range).toEqual({ at: 90_000, until: 150_000, after: null });
  const { take, end } = asked[0] as (typeof asked)[0];
  chunk(take, 1);
  await settle();
  expect(said).toEqual(['reset', 'events of 1']);
  chunk(take, 2);
  await opened;
  expect(said).toEqual(['reset', 'events of 1', 'events of 2', 'seek 90000']);
  // Nearby, of which everything is there: nothing is waited for.
  await shown.seek(100_000);
  expect(said.at(-1)).toBe('seek 100000');
  end(180_000);
  await settle();
  expect(asked.length).toBe(1);
});

test('who goes on to another time is not taken back, and goes to an earlier one by another snapshot', async () => {
  const { asked, said, shown } = film();
  void shown.open(300_000);
  await settle();
  const first = asked[0] as (typeof asked)[0];
  chunk(first.take, 5);
  void shown.seek(350_000);
  void shown.seek(10_000);
  await settle();
  expect(said).toEqual(['reset', 'events of 5']);
  chunk(first.take, 6);
  first.end(420_000);
  await settle();
  expect(said).toEqual(['reset', 'events of 5', 'events of 6', 'reset']);
  const second = asked[1] as (typeof asked)[0];
  expect(second.range).toEqual({ at: 10_000, until: 70_000, after: null });
  chunk(second.take, 0);
  second.end(60_000);
  await settle();
  expect(said.slice(4)).toEqual(['events of 0', 'seek 10000']);
});

test('what breaks off after the time was shown is told', async () => {
  const { asked, said, failures, shown } = film();
  const opened = shown.open(0);
  await settle();
  const { take, fail } = asked[0] as (typeof asked)[0];
  chunk(take, 0);
  chunk(take, 1);
  await opened;
  expect(said.at(-1)).toBe('seek 0');
  fail();
  await settle();
  expect(failures).toEqual(['it broke off']);
});

test('a recording that begins later is asked for again before it is come to', async () => {
  const { asked, said, plays, shown } = film();
  const opened = shown.open(0);
  await settle();
  asked[0]?.end(240_000, null);
  await opened;
  expect(said).toEqual(['reset', 'seek 0']);
  plays(100_000);
  expect(asked.length).toBe(1);
  plays(225_000);
  expect(asked[1]?.range).toEqual({ at: 0, until: 300_000, after: null });
  asked[1]?.end(240_000, null);
  void shown.seek(500_000);
  await settle();
  expect(asked[2]?.range).toEqual({ at: 500_000, until: 560_000, after: null });
});

test('who plays on does not ask again and again for what could not be had, and who chooses a time does', async () => {
  const { asked, failures, plays, shown } = film();
  const opened = shown.open(0);
  await settle();
  asked[0]?.fail();
  await expect(opened).rejects.toThrow('it broke off');
  for (let at = 0; at < 5; at++) plays(at);
  await settle();
  expect(asked.length).toBe(1);
  expect(failures).toEqual(['it broke off']);
  void shown.seek(10);
  await settle();
  expect(asked.length).toBe(2);
});

test('what breaks off while it plays is told once', async () => {
  const { asked, failures, plays, shown } = film();
  const opened = shown.open(0);
  await settle();
  chunk((asked[0] as (typeof asked)[0]).take, 0);
  asked[0]?.end(60_000);
  await opened;
  plays(50_000);
  asked[1]?.fail();
  await settle();
  expect(failures).toEqual(['it broke off']);
});

test("what the recorder left out is a gap, each time that the player has forgotten it, by the page's clock", async () => {
  const { asked, said, shown } = film();
  shown.view.degraded.push({ at: 70_000.5, what: 'replay_dom:error' });
  for (const chunk of shown.view.chunks) chunk.whole = true;
  const first = (seq: number) => ({
    chunk: { seq, kind: 'snapshot', first_at: seq * 60_000, last_at: seq * 60_000 + 1, shift_ms: 0.4 },
  });
  const gap = 'gap 70000.1 to 119999: left out: the recorder failed';
  void shown.open(300_000);
  await settle();
  const { take, end } = asked[0] as (typeof asked)[0];
  take(first(5));
  take(first(6));
  expect(said).toEqual(['reset', gap]);
  end(360_000);
  await settle();
  void shown.seek(60_000);
  await settle();
  asked[1]?.take(first(1));
  expect(said.filter((what) => what !== 'seek 300000')).toEqual(['reset', gap, 'reset', gap]);
});
