import { expect, test, vi } from 'vitest';
import type { PageView, Piece, Session } from '../page/recording.ts';
import { Server } from '../page/server.ts';
import type { Reply, Request } from '../page/worker.ts';

/** 2026-11-20T12:00:00Z, as the first 48 bits of an id say it. */
const BEGAN = 1_795_176_000_000;
const ID = `${BEGAN.toString(16).padStart(12, '0').replace(/^.{8}/, '$&-')}-7000-8000-000000000001`;
const FIRST: Piece = { chunk: { seq: 0, kind: 'snapshot', first_at: BEGAN, last_at: BEGAN + 1, shift_ms: 0 } };
const END: Piece = { end: { after: 0, next_at: null } };

const session = { session_id: 's', site_id: 'shop', visitor_id: 'v' } as Session;
const view = { page_view_id: ID } as PageView;
const whole = { at: BEGAN + 5, until: BEGAN + 60_005, after: null };

/** A server whose worker answers as a test says. */
function server() {
  const asked: { query: URLSearchParams; say(reply: object): void }[] = [];
  vi.stubGlobal(
    'Worker',
    class {
      onmessage?: (event: { data: Reply }) => void;
      postMessage(request: Request & { ask: 'frames' }): void {
        const url = new URL(request.path, 'http://studio');
        expect(url.pathname).toBe(`/api/v1/replay/${ID}`);
        const say = (reply: object) => this.onmessage?.({ data: { id: request.id, ...reply } as Reply });
        asked.push({ query: url.searchParams, say });
      }
    },
  );
  vi.stubGlobal('fetch', async () => new Response('{}'));
  const taken: Piece[] = [];
  const made = new Server();
  const frames = (range = whole) => made.frames(session, view, range, (piece) => void taken.push(piece));
  return { asked, taken, made, frames };
}

test('the frames that an address names are asked for beside the session, and once', async () => {
  const { asked, taken, made, frames } = server();
  const opened = made.session('s', { page_view_id: ID, at: 2_000 });
  const { query, say } = asked[0] as (typeof asked)[0];
  expect([...query]).toEqual([
    ['from', 'snapshot'],
    ['at', String(BEGAN + 2_000)],
    ['until', String(BEGAN + 62_000)],
  ]);
  say({ piece: FIRST });
  await opened;
  const shown = frames();
  say({ piece: END });
  say({ done: undefined });
  await shown;
  expect(taken).toEqual([FIRST, END]);
  expect(asked.length).toBe(1);
  void frames({ ...whole, after: 0 } as never);
  await Promise.resolve();
  expect(asked[1]?.query.get('after')).toBe('0');
});

test.each([
  [
    'they begin later by the server’s clock',
    (say: (reply: object) => void) => {
      say({ piece: { end: { after: null, next_at: BEGAN + 99_000 } } });
      say({ done: undefined });
    },
  ],
  ['they could not be had', (say: (reply: object) => void) => say({ status: 409, message: 'several visitors' })],
])('they are asked for anew where %s', async (_, answer) => {
  const { asked, taken, made, frames } = server();
  await made.session('s', { page_view_id: ID, at: 0 });
  answer((asked[0] as (typeof asked)[0]).say);
  const shown = frames();
  await vi.waitUntil(() => asked.length === 2);
  const { query, say } = asked[1] as (typeof asked)[0];
  expect(Object.fromEntries(query)).toEqual({
    from: 'snapshot',
    at: String(whole.at),
    until: String(whole.until),
    site_id: 'shop',
    visitor_id: 'v',
  });
  say({ piece: FIRST });
  say({ done: undefined });
  await shown;
  expect(taken).toEqual([FIRST]);
});
