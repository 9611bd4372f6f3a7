/** Who carries the page's orders out: a worker; else its file as a script of the page; else the page itself. */
import { clientNow, encodeBatch } from '../shared/batch.ts';
import { WORKER_WITHIN_MS } from '../shared/limits.ts';
import type { Order, Report } from '../shared/messages.ts';
import { trusted } from '../shared/trusted.ts';
import { erase } from './erase.ts';
import { guarded } from './guard.ts';
import { append, fetchNow, later, makeElement, rootElement } from './natives.ts';
import type { Settings } from './settings.ts';
import { toolsInTheEnd } from './tools.ts';

export type Post = (order: Order) => void;
type Receive = (report: Report) => void;
/** Gives what takes orders to `found`, now or later, or fails. */
type Way = (failed: () => void) => void;

declare global {
  interface Window {
    /** Set by telemetry.worker.js when it is loaded as a plain script, for browsers without workers. */
    telemetryCourier?: (report: Receive) => Post;
  }
  /** Of telemetry.worker.js, as the build made it: a page that answers in its stead must not run as a script. */
  const WORKER_INTEGRITY: string;
}

export function findWay(
  { worker: address, nonce, hooks }: Settings,
  ingest: string,
  receive: Receive,
  degraded: (what: string) => void,
  use: (post: Post) => void,
): void {
  let worker: Worker | undefined;
  let done = false;
  const found = (post: Post) => {
    done = true;
    use(post);
  };
  const inWorker: Way = (failed) => {
    const given = new Worker(trusted(address));
    worker = given;
    given.onmessage = ({ data }) =>
      guarded(() => (data.kind === 'ready' ? done || found((order) => given.postMessage(order)) : receive(data)));
    given.onerror = (event) => {
      // Else the browser tells it as an error of the page.
      event.preventDefault();
      failed();
    };
  };
  /** The same class as in the worker, in idle moments of the page. */
  const asScript: Way = (failed) => {
    worker?.terminate();
    const script = makeElement(document, 'script') as HTMLScriptElement;
    script.integrity = WORKER_INTEGRITY;
    script.crossOrigin = 'anonymous';
    script.nonce = nonce;
    script.onload = () => {
      const courier = window.telemetryCourier;
      if (!done && courier) found(courier(receive));
      else failed();
    };
    script.onerror = failed;
    script.src = trusted(address);
    append(rootElement(document), script);
    script.remove();
  };
  /** Each batch once, and no more than that. */
  const alone = () => {
    let sent = Promise.resolve();
    const send = async ({ header, chunk }: Order & { kind: 'batch' }) => {
      const late = await toolsInTheEnd;
      // Nothing leaves past the site's own filter, which only a worker has.
      if (!late || hooks) return;
      const { rest, events } = late.encodeRest(header, chunk);
      const body = encodeBatch(rest, clientNow(), null);
      const answer = await fetchNow.call(window, ingest, { method: 'POST', body }).catch(() => null);
      const acknowledged = answer?.ok ? events : 0;
      const { batch_seq } = header;
      receive({ kind: 'settled', batch_seq, acknowledged, dropped: events - acknowledged, clock: null });
    };
    found((order) => {
      if (order.kind === 'batch') sent = sent.then(() => send(order)).catch(() => {});
      if (order.kind === 'flush') sent.then(() => receive({ kind: 'flushed', id: order.id }));
      if (order.kind === 'forget') erase(() => receive({ kind: 'forgotten' }));
    });
    degraded('worker');
  };
  const attempt = (way: Way, otherwise: () => void) => {
    new Promise<void>((_, failed) => {
      later(failed, WORKER_WITHIN_MS);
      way(failed);
    }).catch(() => done || guarded(otherwise));
  };
  attempt(inWorker, () => attempt(asScript, alone));
}
