/** Who carries the page's orders out: a worker, or what the late part finds where there is none. */
import type { ReplayOrder, Report } from '../shared/messages.ts';
import { trusted } from '../shared/trusted.ts';
import { attempt, type Post, type Receive, type Way } from './attempt.ts';
import { erase } from './erase.ts';
import { quietly } from './guard.ts';
import { onItself, postTo, Workers } from './natives.ts';
import type { Settings } from './settings.ts';
import { whenTools } from './tools.ts';

/** `ingest`: with the key. */
export function findWay(
  settings: Settings,
  ingest: string,
  receive: Receive,
  degraded: (what: string) => void,
  use: (post: Post) => void,
): void {
  let stop = () => {};
  const inWorker: Way = (found, failed) => {
    if (!postTo) return failed();
    const given = new Workers(trusted(settings.worker));
    stop = () => given.terminate();
    onItself(given, 'message', (event) => {
      const { data } = event as MessageEvent<Report>;
      receive(data);
      if (data.kind === 'ready') found((order) => postTo?.(given, order, (order as Partial<ReplayOrder>).ports));
    });
    onItself(given, 'error', (event) => {
      // Else the browser tells it as an error of the page.
      event.preventDefault();
      failed();
    });
  };
  const without = () => {
    quietly(stop);
    whenTools((late) => {
      if (late) late.findWayWithout(settings, ingest, receive, degraded, use);
      // Nothing can be written either, and so nothing leaves.
      else
        use((order) => {
          if (order.kind === 'flush') receive({ kind: 'flushed', id: order.id });
          if (order.kind === 'forget') erase(() => receive({ kind: 'forgotten' }));
        });
    });
  };
  attempt(inWorker, use, without);
}
