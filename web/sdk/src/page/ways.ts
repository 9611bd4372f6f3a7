/** Who carries the page's orders out: a worker; else its file as a script of the page; else the page itself. */
import { clientNow, encodeBatch } from '../shared/batch.ts';
import { WORKER_WITHIN_MS } from '../shared/limits.ts';
import type { Order, Report } from '../shared/messages.ts';
import { trusted } from '../shared/trusted.ts';
import { erase } from './erase.ts';
import { guarded } from './guard.ts';
import { append, fetchNow, later, makeElement, notLater, rootElement } from './natives.ts';
import type { Settings } from './settings.ts';
import { tools } from './tools.ts';

export type Post = (order: Order) => void;
type Receive = (report: Report) => void;
/** Calls one of both, or throws; returns how to give it up. */
type Way = (found: (post: Post) => void, failed: () => void) => (() => void) | undefined;

declare global {
  interface Window {
    /** Set by telemetry.worker.js when it is loaded as a plain script, for browsers without workers. */
    telemetryCourier?: (report: Receive) => Post;
  }
  /** Of telemetry.worker.js, as the build made it: a page that answers in its stead must not run as a script. */
  const WORKER_INTEGRITY: string;
}

export function findWay(
  { worker: address, hooks }: Settings,
  ingest: string,
  receive: Receive,
  degraded: (what: string) => void,
  found: (post: Post) => void,
): void {
  const inWorker: Way = (found, failed) => {
    const worker = new Worker(trusted(address));
    worker.onmessage = ({ data }) =>
      guarded(() => (data.kind === 'ready' ? found((order) => worker.postMessage(order)) : receive(data)));
    worker.onerror = (event) => {
      // Else the browser tells it as an error of the page.
      event?.preventDefault?.();
      failed();
    };
    return () => worker.terminate();
  };
  /** The same class as in the worker, in idle moments of the page. */
  const asScript: Way = (found, failed) => {
    const script = makeElement(document, 'script') as HTMLScriptElement;
    script.integrity = WORKER_INTEGRITY;
    script.crossOrigin = 'anonymous';
    script.onload = () => {
      const courier = window.telemetryCourier;
      if (courier) found(courier(receive));
      else failed();
    };
    script.onerror = failed;
    script.src = trusted(address);
    append(rootElement(document), script);
    script.remove();
    return undefined;
  };
  /** Each batch once, and no more than that. */
  const alone: Way = (found) => {
    let sent: Promise<unknown> = Promise.resolve();
    const send = async ({ header, chunk }: Order & { kind: 'batch' }) => {
      const encoded = tools()?.encodeRest(header, chunk);
      const events = encoded?.events ?? 0;
      const body = encodeBatch(encoded?.rest ?? '{}', clientNow(), null);
      const request: RequestInit = { method: 'POST', body, credentials: 'omit' };
      // Nothing leaves past the site's own filter, which only a worker has.
      const taken = encoded && !hooks && (await fetchNow.call(window, ingest, request).catch(() => null))?.ok;
      const acknowledged = taken ? events : 0;
      receive({
        kind: 'settled',
        batch_seq: header.batch_seq,
        acknowledged,
        dropped: events - acknowledged,
        clock: null,
      });
    };
    found((order) => {
      if (order.kind === 'batch') sent = Promise.all([sent, send(order).catch(() => {})]);
      else if (order.kind === 'flush') sent.then(() => receive({ kind: 'flushed', id: order.id }));
      else if (order.kind === 'forget') erase(() => receive({ kind: 'forgotten' }));
    });
    // A batch has an address only when the first page view has begun.
    later(() => guarded(() => degraded('worker')), 0);
    return undefined;
  };
  take([inWorker, asScript, alone], found);
}

/** The first way that leads somewhere. */
function take([way, ...others]: Way[], found: (post: Post) => void): void {
  let done = false;
  let giveUp: (() => void) | undefined;
  const end = () => {
    const first = !done;
    done = true;
    notLater(timer);
    return first;
  };
  const failed = () => {
    if (!end()) return;
    giveUp?.();
    take(others, found);
  };
  const timer = later(failed, WORKER_WITHIN_MS);
  try {
    giveUp = way?.((post) => end() && found(post), failed);
  } catch {
    failed();
  }
}
