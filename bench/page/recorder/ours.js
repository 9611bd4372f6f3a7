// Our recorder and its encoder in a worker, without the SDK around them: `recorder.begun` and `recorder.bytes()`, as rrweb.js has them.
import { record } from '../../../web/sdk/src/page/replay/record.ts';
import { createAfterFrame } from '../../../web/sdk/src/page/view.ts';

const worker = new Worker(new URL('ours.worker.js', document.currentScript.src));
const tracker = { afterFrame: createAfterFrame(), nextSeq: () => 0 };
const answers = {};
worker.onmessage = ({ data }) => answers[data.kind](data.value);
const answer = (kind) => new Promise((done) => (answers[kind] = done));

let own;
answers.rules = (of) => own.rules(of);
window.recorder = {
  bytes() {
    own.flush();
    worker.postMessage({ replay: 'bytes' });
    return answer('bytes');
  },
};
addEventListener('bench-record', () => {
  recorder.begun = answer('snapshot');
  // A task of its own: a trace tells whose it is.
  setTimeout(() => {
    own = record(tracker, (message, transfer) => {
      if (message.replay === 'stopped') answers.snapshot(false);
      else worker.postMessage(message, transfer);
    });
  });
});
