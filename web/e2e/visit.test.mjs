// A whole visit against a collector that answers, fails, and answers again: what the pages counted is what arrived.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { serve } from '../shop/serve.mjs';
import { wrongWith } from './contract.mjs';
import { chunksIn } from './frames.mjs';

const CANARY = 'Zanzibartypedtext';

/** Runs the driver as its users do; resolves with its JSON, rejects with what it complained about. */
function visit(shopUrl, ...more) {
  const script = new URL('visit.mjs', import.meta.url).pathname;
  const child = spawn(process.execPath, [script, '--shop', shopUrl, '--canary', CANARY, '--json', ...more]);
  let out = '';
  let complaints = '';
  child.stdout.on('data', (data) => {
    out += data;
  });
  child.stderr.on('data', (data) => {
    complaints += data;
  });
  return new Promise((resolve, reject) => {
    child.on('close', (code) =>
      code === 0 ? resolve(JSON.parse(out)) : reject(new Error(`exit ${code}: ${complaints}`)),
    );
  });
}

/** Per tab: its events by seq, and batch numbers, over all batches that were answered 200. */
function arrived(batches) {
  const tabs = new Map();
  for (const batch of batches.filter(({ attempt }) => attempt.status === 200)) {
    const tab = tabs.get(batch.tab_id) ?? { events: new Map(), numbers: new Map(), samples: 0 };
    tabs.set(batch.tab_id, tab);
    for (const event of batch.events) {
      const known = tab.events.get(event.seq);
      if (known) assert.deepEqual(event, known, 'a repeat is the same event');
      else tab.samples += event.trail?.x.length ?? 0;
      tab.events.set(event.seq, event);
    }
    assert.equal(tab.numbers.get(batch.batch_seq) ?? batch.batch_id, batch.batch_id, 'a batch number names one batch');
    tab.numbers.set(batch.batch_seq, batch.batch_id);
  }
  return tabs;
}

function countTypes(events) {
  const counts = {};
  for (const { type } of events) counts[type] = (counts[type] ?? 0) + 1;
  return counts;
}

function compare({ visitors }, batches) {
  const tabs = arrived(batches);
  const types = new Set();
  for (const { visitor_id, tabs: documents } of visitors)
    for (const { tab_id, captured, pointer_samples, dispatched_samples } of documents) {
      const { events, numbers, samples } = tabs.get(tab_id);
      assert.deepEqual(countTypes(events.values()), captured, `events of tab ${tab_id} of visitor ${visitor_id}`);
      assert.deepEqual(
        [...events.keys()].sort((a, b) => a - b),
        [...Array(events.size).keys()],
        'seq without gaps',
      );
      assert.deepEqual(
        [...numbers.keys()].sort((a, b) => a - b),
        [...Array(numbers.size).keys()],
        'batch_seq without gaps',
      );
      assert.equal(samples, pointer_samples, 'samples that arrived');
      assert.equal(pointer_samples, dispatched_samples, 'pointer at device rate');
      for (const type of Object.keys(captured)) types.add(type);
    }
  return types;
}

test('what the pages of a visit counted is what the collector got', async (t) => {
  const server = await serve();
  t.after(() => server.close());
  const result = await visit(server.shopUrl, '--seconds', '35', '--visitors', '2', '--seed', '11');
  const types = compare(result, server.batches);
  for (const batch of server.batches) assert.equal(wrongWith(batch), null);
  assert.ok(types.size >= 12, `only ${[...types]}`);
  const chunks = server.batches
    .flatMap(({ events, page_view_id }) => events.map((event) => ({ ...event, page_view_id })))
    .filter(({ type, replay }) => type === 'page_leave' && replay)
    .map(({ page_view_id, replay }) => ({ told: replay.chunks, got: chunksIn(server.frames, page_view_id) }));
  // A tail may be lost with its page, but never unsaid.
  for (const { told, got } of chunks) assert.ok(got.length <= told, `${got.length} chunks, ${told} told`);
  assert.ok(
    chunks.some(({ told, got }) => got.length === told && got[0].header.kind === 'snapshot'),
    'pages of the shop are recorded',
  );
  const text = JSON.stringify(server.batches) + chunks.map(({ got }) => got.map(({ text }) => text)).join('');
  assert.ok(!text.includes(CANARY), 'typed text left the page');
  assert.ok(!text.includes(CANARY.toLowerCase()), 'typed text left the page');
});

test('a collector that fails half of the time loses nothing', async (t) => {
  const server = await serve();
  t.after(() => server.close());
  let turn = 0;
  server.answer = () => [503, 200, 429, 200][turn++ % 4];
  const result = await visit(server.shopUrl, '--seconds', '25', '--seed', '12');
  compare(result, server.batches);
});
