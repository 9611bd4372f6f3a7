/** What the worker is told of a page view. */
import { expect, test, vi } from 'vitest';
import { keepBooks } from '../src/page/replay/books.ts';
import type { Tracker } from '../src/page/tracker.ts';
import type { ToReplay } from '../src/shared/replay_messages.ts';

const BASE = 'https://cdn.example/shop/';
// Nothing but a browser heeds a `base`.
vi.mock('../src/page/natives.ts', async (natives) => ({ ...(await natives<object>()), baseOf: () => BASE }));

test('addresses are relative to what the page says that they are', () => {
  const told: ToReplay[] = [];
  const port = { onmessage: null, postMessage: (message: ToReplay) => told.push(message) } as unknown as MessagePort;
  const tracker = {
    view: { viewport: [1, 1] },
    setup: { data: {} },
    stats: () => ({ visitor_id: 'v', tab_id: 't' }),
    pageView: () => 'p',
    atEnd() {},
  } as unknown as Tracker;
  keepBooks(tracker, port, () => {});
  expect(told[0]).toMatchObject({ replay: 'page_view', page_view_id: 'p', url: BASE });
});
