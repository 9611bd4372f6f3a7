/** Where there is no worker: its file as a script of the page; else the page itself. */
import { encodeBatch } from '../../shared/batch.ts';
import type { Chunk, Written } from '../../shared/chunk.ts';
import { writeBatch, writeEvents } from '../../shared/encode.ts';
import { ATTEMPT_TIMEOUT_MS, ORDERS_WAITING_MAX } from '../../shared/limits.ts';
import type { Order } from '../../shared/messages.ts';
import type { Platform } from '../../shared/platform.ts';
import type { Post, Receive } from '../attempt.ts';
import { attempt, clientNow, erase, trusted } from '../common.ts';
import { failed, guarded, quietly } from '../guard.ts';
import {
  append,
  fetched,
  isNative,
  later,
  makeElement,
  method,
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
  fetch: (address, init) =>
    fetched && isNative(fetched) ? method(fetched)(window, address, init) : beacon(address, init),
  later,
  notLater,
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
  /** Reported as a worker does, whatever comes of it: what the page keeps of a part until then would stay for ever. */
  const write = (chunk: Chunk, base: string) => {
    const written = (!hooks && guarded(() => writeEvents(chunk, base))) || { text: '', events: 0 };
    if (written.text) open.push(written);
    return written;
  };
  const send = async ({ header, chunk }: Order & { kind: 'batch' }) => {
    write(chunk, header.page.url);
    const { rest, events } = writeBatch(header, open);
    open = [];
    let acknowledged = 0;
    try {
      // A collector that never answers would let them grow.
      if (orders.length > ORDERS_WAITING_MAX) throw orders;
      const body = encodeBatch(rest, clientNow(), null);
      // Older browsers have no such signal, and wait as long as they do.
      const signal = quietly(() => AbortSignal.timeout(ATTEMPT_TIMEOUT_MS)) ?? null;
      const { ok } = await PLATFORM.fetch(ingest, { method: 'POST', body, signal });
      if (ok) acknowledged = events;
    } catch {
      // Neither the network nor the collector took it, or nobody answered.
    }
    const { batch_seq } = header;
    receive({ kind: 'settled', batch_seq, acknowledged, dropped: events - acknowledged, clock: null });
  };
  const work = async () => {
    busy = true;
    for (let order = orders.shift(); order; order = orders.shift())
      try {
        if (order.kind === 'part') receive({ kind: 'written', written: write(order.chunk, order.base) });
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
