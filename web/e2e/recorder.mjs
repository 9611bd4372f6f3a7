// The recorder and its encoder on a page of a test, without what loads and sends them: what they say is kept on the page.
import { build } from 'esbuild';

const sdk = new URL('../sdk/src/', import.meta.url).pathname;

/**
 * `recorder.lines` is what was recorded so far, `recorder.settled()` settles when all that happened is, `recorder.sent` is what went to
 * the worker. The tracker of the page has no events.
 */
const SOURCE = `
import { record } from './page/replay/record.ts';
import { Encoder } from './worker/replay/encode/encoder.ts';
import { readSheet } from './worker/replay/cache.ts';
import { rowsOfTurns } from './shared/replay_messages.ts';

const channel = new MessageChannel();
const afterFrame = [];
channel.port1.onmessage = () => { for (const run of afterFrame.splice(0)) run(); };
const frame = requestAnimationFrame.bind(window);
const tracker = {
  afterFrame(run) {
    if (!afterFrame.length) frame(() => channel.port2.postMessage(0));
    afterFrame.push(run);
  },
  nextSeq: () => 0,
};
const recorder = {
  recorded: [],
  found: new Map(),
  stopped: null,
  get lines() { return recorder.recorded.map(({ line }) => line); },
  start() {
    const viewed = { visitor_id: '', tab_id: '', page_view_id: '', url: document.baseURI, viewport: [0, 0] };
    recorder.encoder = new Encoder(viewed, (events) => recorder.recorded.push(...events), {
      found: (address, shown) => recorder.found.set(shown, address),
      sheet: readSheet,
      rules: (of) => recorder.own.rules(of),
      caughtUp() {},
      failed: () => { recorder.stopped = 'error'; },
    });
    recorder.own = record(tracker, (message) => {
      if (message.replay === 'rows') for (const turn of rowsOfTurns(structuredClone(message))) recorder.encoder.encode(turn);
      else recorder.stopped = message.reason;
    });
  },
  async settled() {
    for (let turn = 0; turn < 3; turn++) await new Promise((done) => frame(() => setTimeout(done, 10)));
    // What was told may lead to a question, whose answer is told too.
    for (let turn = 0; turn < 2; turn++) {
      recorder.own.flush();
      while (recorder.encoder.waits) await new Promise((done) => setTimeout(done, 5));
    }
  },
};
Object.defineProperty(window, 'recorder', { value: recorder });
recorder.start();
`;

/** One script, to be loaded when a page is there. */
export async function buildRecorder() {
  const { outputFiles } = await build({
    stdin: { contents: SOURCE, resolveDir: sdk, loader: 'ts' },
    bundle: true,
    write: false,
    format: 'iife',
    target: 'es2022',
    legalComments: 'none',
    define: { WORKER_INTEGRITY: '""' },
  });
  return Buffer.from(outputFiles[0].contents);
}
