import { rowsOfTurns } from '../../../web/sdk/src/shared/replay_messages.ts';
import { Encoder } from '../../../web/sdk/src/worker/replay/encode/encoder.ts';
import { readSheet } from '../../../web/sdk/src/worker/replay/cache.ts';

const lines = [];
const viewed = { visitor_id: '', tab_id: '', page_view_id: '', url: location.origin, viewport: [0, 0] };
const take = (events) => {
  for (const { line } of events) lines.push(line);
  if (events.some(({ cost_ms }) => cost_ms !== undefined)) postMessage({ kind: 'snapshot', value: true });
};

const encoder = new Encoder(viewed, take, {
  found() {},
  sheet: readSheet,
  rules: (of) => postMessage({ kind: 'rules', value: of }),
  caughtUp() {},
  failed: () => postMessage({ kind: 'snapshot', value: false }),
});
onmessage = async ({ data }) => {
  if (data.replay === 'rows') for (const rows of rowsOfTurns(data)) encoder.encode(rows);
  if (data.replay !== 'bytes') return;
  const zipped = new Blob([lines.join('\n')]).stream().pipeThrough(new CompressionStream('gzip'));
  postMessage({ kind: 'bytes', value: (await new Response(zipped).arrayBuffer()).byteLength });
};
