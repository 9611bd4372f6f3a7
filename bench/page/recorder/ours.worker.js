import { createEncoder } from '../../../web/sdk/src/worker/replay/encode/encoder.ts';

const lines = [];
const viewed = { visitor_id: '', tab_id: '', page_view_id: '', url: location.origin, viewport: [0, 0] };
const encode = createEncoder(viewed, (events) => {
  for (const { line } of events) lines.push(line);
  if (events.some(({ cost_ms }) => cost_ms !== undefined)) postMessage({ kind: 'snapshot', value: true });
});
onmessage = async ({ data }) => {
  for (const rows of data.turns ?? []) encode(rows);
  if (data.replay !== 'bytes') return;
  const zipped = new Blob([lines.join('\n')]).stream().pipeThrough(new CompressionStream('gzip'));
  postMessage({ kind: 'bytes', value: (await new Response(zipped).arrayBuffer()).byteLength });
};
