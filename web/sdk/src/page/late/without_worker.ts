/** Where there is no worker: its file as a script of the page; else the page itself. */
import { clientNow, encodeBatch } from '../../shared/batch.ts';
import type { Written } from '../../shared/chunk.ts';
import { writeBatch, writeEvents } from '../../shared/encode.ts';
import type { Order } from '../../shared/messages.ts';
import type { Platform } from '../../shared/platform.ts';
import { trusted } from '../../shared/trusted.ts';
import { attempt, type Post, type Receive } from '../attempt.ts';
import { erase } from '../erase.ts';
import { failed } from '../guard.ts';
import {
  append,
  every,
  fetchNow,
  later,
  makeElement,
  notLater,
  onItself,
  rootElement,
  sendBeacon,
  whenIdle,
} from '../natives.ts';
import type { Settings } from '../settings.ts';

declare global {
  interface Window {
    /** Set by telemetry.worker.js when it is loaded as a plain script, for browsers without workers. */
    telemetryCourier?: (report: Receive, platform: Platform) => Post;
  }
  /** Of telemetry.worker.js, as the build made it: a page that answers in its stead must not run as a script. */
  const WORKER_INTEGRITY: string;
}

/**
 * Where the page had replaced `fetch` before we came, a beacon has to do, which nobody answers: it counts as taken when the
 * browser has taken it. Another realm would have an untouched one, but to make a frame for that is to change the page.
 */
async function beacon(address: string, { body }: RequestInit): Promise<Response> {
  if (!sendBeacon(navigator, address, body ?? '')) throw body;
  return new Response('{}');
}

/** Not the page's: its `fetch` may be a mock, and its timers may be followed (zone.js). */
const PLATFORM: Platform = {
  fetch: (address, init) => (fetchNow ? fetchNow(window, address, init) : beacon(address, init)),
  later,
  notLater,
  every,
  whenIdle,
};

/** The class of the worker, in idle moments of the page. */
function asScript(
  { worker, nonce }: Settings,
  receive: Receive,
  found: (post: Post) => void,
  failed: () => void,
): void {
  const script = makeElement(document, 'script') as HTMLScriptElement;
  script.integrity = WORKER_INTEGRITY;
  script.crossOrigin = 'anonymous';
  script.nonce = nonce;
  onItself(script, 'load', () => {
    const courier = window.telemetryCourier;
    if (courier) found(courier(receive, PLATFORM));
    else failed();
  });
  onItself(script, 'error', failed);
  script.src = trusted(worker);
  append(rootElement(document), script);
  script.remove();
}

/** Each batch once, one after the other, and no more than that. Nothing leaves past the site's own filter, which only a worker has. */
function alone({ hooks }: Settings, ingest: string, receive: Receive): Post {
  const orders: Order[] = [];
  let open: Written[] = [];
  let busy = false;
  const send = async ({ header, chunk }: Order & { kind: 'batch' }) => {
    const { rest, events } = writeBatch(header, [...open, writeEvents(chunk, header.page.url)]);
    open = [];
    let acknowledged = 0;
    try {
      const { ok } = await PLATFORM.fetch(ingest, { method: 'POST', body: encodeBatch(rest, clientNow(), null) });
      if (ok) acknowledged = events;
    } catch {
      // Neither the network nor the collector took it.
    }
    const { batch_seq } = header;
    receive({ kind: 'settled', batch_seq, acknowledged, dropped: events - acknowledged, clock: null });
  };
  const work = async () => {
    busy = true;
    for (let order = orders.shift(); order; order = orders.shift())
      try {
        if (order.kind === 'part' && !hooks) open.push(writeEvents(order.chunk, order.base));
        if (order.kind === 'batch' && !hooks) await send(order);
        if (order.kind === 'flush') receive({ kind: 'flushed', id: order.id });
      } catch {
        failed();
      }
    busy = false;
  };
  return (order) => {
    if (order.kind === 'forget') return erase(() => receive({ kind: 'forgotten' }));
    orders.push(order);
    if (!busy) work();
  };
}

export function findWayWithout(
  settings: Settings,
  ingest: string,
  receive: Receive,
  degraded: (what: string) => void,
  use: (post: Post) => void,
): void {
  attempt(
    (found, failed) => asScript(settings, receive, found, failed),
    use,
    () => {
      use(alone(settings, ingest, receive));
      degraded('worker');
    },
  );
}
