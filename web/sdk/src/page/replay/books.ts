/** Has the recorder record, tells the worker whose page view it is, and the page view's end how many chunks there are. */
import type { FromReplay, NoReplay, Recorder, ToReplay } from '../../shared/replay_messages.ts';
import { guarded } from '../guard.ts';
import { baseOf, now, on, visibilityOf } from '../natives.ts';
import type { Tracker } from '../tracker.ts';
import { record } from './record.ts';

/** `not`: tells why there is no recording, or none any more. */
export function keepBooks(tracker: Tracker, port: MessagePort, not: (reason: NoReplay) => void): void {
  const { view, openPageView, paced, setup } = tracker;
  let recorder: Recorder | null = null;
  /** Messages of rows of this page view, and what the worker told of them. */
  let rows = 0;
  let told = { chunks: 0, rows: 0 };
  let stopped = false;

  const post = (message: ToReplay, transfer: Transferable[] = []) => {
    if (message.replay === 'rows') rows++;
    if (message.replay === 'stopped') {
      stopped = true;
      not(message.reason);
    }
    port.postMessage(message, transfer);
  };
  /** Everything that was seen is with the worker, and a page view that ends now knows what to tell. */
  const count = () => {
    recorder?.flush();
    if (told.chunks || !stopped) view.chunks = told.chunks + (!stopped && rows > told.rows ? 1 : 0);
  };
  const leave = (ends: boolean) => post({ replay: 'left', ends, chunks: view.chunks ?? 0 });
  const begin = () => {
    const { visitor_id, tab_id } = tracker.stats();
    const [width, height] = view.viewport;
    const ids = { visitor_id, tab_id, page_view_id: tracker.pageView() };
    post({ replay: 'page_view', ...ids, url: baseOf(document), viewport: [width, height] });
    if (recorder) recorder.snapshot();
    else recorder = record(tracker, post, setup.data.ctReplayCss === 'rules');
  };
  const receive = (message: FromReplay) => {
    switch (message.replay) {
      case 'snapshot':
        recorder?.snapshot();
        break;
      case 'stop':
        stopped = true;
        if (message.reason) not(message.reason);
        recorder?.stop();
        break;
      case 'rules':
        recorder?.rules(message.of);
        break;
      case 'chunks':
        told = message;
        break;
      case 'degraded':
        tracker.note('capture_degraded', now(), 0, { what: message.what }, 0);
        break;
      default:
        message satisfies never;
    }
  };

  // A page view ends when the next one is about to begin: what it has to tell is asked for right before that.
  tracker.paced = (kind, run) =>
    paced(kind, () => {
      if (kind === 'page_views') guarded(count);
      run();
    });
  tracker.openPageView = (referrer) => {
    if (!stopped) guarded(() => leave(false));
    openPageView(referrer);
    rows = 0;
    told = { chunks: 0, rows: 0 };
    view.chunks = undefined;
    if (!stopped) guarded(begin);
  };
  tracker.atEnd(() => {
    count();
    if (!stopped) leave(true);
  });
  tracker.keepReplay = () => post({ replay: 'keep' });
  on(document, 'visibilitychange', () => {
    if (stopped || visibilityOf(document) !== 'hidden') return;
    recorder?.flush();
    post({ replay: 'hidden' });
  });
  port.onmessage = ({ data }: MessageEvent<FromReplay>) => guarded(() => receive(data));
  begin();
}
