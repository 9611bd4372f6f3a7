/** Entry of telemetry.worker.js: in a worker, messages; on a page, a function that carries orders out in idle moments. */
import type { Order, Report } from '../shared/messages.ts';
import { Courier } from './courier.ts';

/** What is there when this file runs as a plain script of a page. */
interface Page {
  telemetryCourier?: (report: (report: Report) => void) => (order: Order) => void;
  requestIdleCallback?: (run: () => void, options: { timeout: number }) => void;
}

if (typeof WorkerGlobalScope !== 'undefined' && self instanceof WorkerGlobalScope) {
  const scope = self as unknown as DedicatedWorkerGlobalScope;
  const courier = new Courier((report) => {
    scope.postMessage(report);
    if (report.kind === 'forgotten') scope.close();
  });
  scope.onmessage = ({ data }) => courier.receive(data);
  scope.addEventListener('online', () => courier.online());
  scope.postMessage({ kind: 'ready' });
} else {
  const page = globalThis as Page;
  page.telemetryCourier = (report) => {
    const courier = new Courier(report);
    const idle = page.requestIdleCallback ?? ((run: () => void) => setTimeout(run, 1));
    return (order) => idle(() => courier.receive(order), { timeout: 1000 });
  };
}
