/** Entry of telemetry.worker.js: in a worker, messages; on a page, a function that carries orders out in idle moments. */
import { timezone } from '../shared/encode.ts';
import type { Order, Report } from '../shared/messages.ts';
import type { Platform } from '../shared/platform.ts';
import { Courier } from './courier.ts';
import { platform } from './platform.ts';

/** An order of a page without workers waits at most so long for an idle moment. */
const IDLE_WITHIN_MS = 1000;

/** What is there when this file runs as a plain script of a page. */
interface Page {
  telemetryCourier?: (report: (report: Report) => void, given: Platform) => (order: Order) => void;
}

if (typeof WorkerGlobalScope !== 'undefined' && self instanceof WorkerGlobalScope) {
  const scope = self as unknown as DedicatedWorkerGlobalScope;
  const courier = new Courier((report) => {
    scope.postMessage(report);
    if (report.kind === 'forgotten') scope.close();
  });
  scope.onmessage = ({ data }) => courier.receive(data);
  scope.addEventListener('online', () => courier.online());
  scope.postMessage({ kind: 'ready', timezone: timezone() });
} else {
  const page = globalThis as Page;
  page.telemetryCourier = (report, given) => {
    Object.assign(platform, given);
    const courier = new Courier(report);
    return (order) => given.whenIdle(() => courier.receive(order), IDLE_WITHIN_MS);
  };
}
