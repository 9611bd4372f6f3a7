// The pure parts of the page benchmark: seeded input, figures, traces, sections. Needs no browser and no packages.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deflateSync, gzipSync } from 'node:zlib';
import { openreplay, ours, rrweb, sentry, shares, snowplow } from './captured.mjs';
import { dearest } from './profile.mjs';
import { recorderGoals, recorderTable, summariseRecorder } from './recorder/report.mjs';
import { goalLines, summarise } from './report.mjs';
import { withSection } from './results.mjs';
import { interactions, PAGES, score, total, VIEWPORT } from './score.mjs';
import { figure, median, ratio, table } from './statistics.mjs';
import { analyse } from './trace.mjs';

test('one seed is one score, another seed another', () => {
  assert.deepEqual(score('form', 1, 3), score('form', 1, 3));
  assert.notDeepEqual(score('form', 1, 3), score('form', 2, 3));
});

test('a score lies in its time and in the window, in order, and leaves nothing pressed', () => {
  for (const page of PAGES.filter((name) => name !== 'load'))
    for (let seed = 1; seed <= 20; seed++) {
      const inputs = score(page, seed, 2 + seed / 7);
      assert.ok(inputs.length > 100, `${page} ${seed}: ${inputs.length} inputs`);
      for (const [i, { ms, x, y }] of inputs.entries()) {
        assert.ok(ms >= (inputs[i - 1]?.ms ?? 0) && ms < (2 + seed / 7) * 1000, `${page} ${seed}: ${ms}`);
        assert.ok(x >= 0 && x < VIEWPORT.width && y >= 0 && y < VIEWPORT.height, `${page} ${seed}: ${x}, ${y}`);
      }
      const buttons = inputs.filter(({ kind }) => kind === 'press' || kind === 'release').map(({ kind }) => kind);
      assert.deepEqual(
        buttons,
        buttons.map((_, i) => (i % 2 ? 'release' : 'press')),
      );
      assert.equal(buttons.length % 2, 0);
    }
});

test('the load has no input; the others have what their pages are for', () => {
  assert.equal(total(interactions(score('load', 1, 5))), 0);
  assert.ok(interactions(score('form', 1, 5)).keys > 30);
  assert.ok(interactions(score('table', 1, 5)).wheels > 1);
  assert.ok(interactions(score('changing', 1, 5)).clicks > 3);
});

test('medians leave out what was not measured', () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([1, 4, 2, 3]), 2.5);
  assert.equal(median([null, 7]), 7);
  assert.equal(median([]), null);
});

test('figures for people', () => {
  assert.equal(figure(1234567.4), '1,234,567');
  assert.equal(figure(-1234.56, 1), '-1,234.6');
  assert.equal(figure(-0.01, 1), '0.0');
  assert.equal(figure(null), '–');
  assert.equal(ratio(3, 2), 1.5);
  assert.equal(ratio(3, 0.1, 0.5), null);
  assert.equal(table(['a', 'b'], [['x', '1']]), '| a | b |\n| --- | --: |\n| x | 1 |');
});

const own = { isSubject: (url) => url.endsWith('sdk.js'), isSite: (url) => url.startsWith('/') };

/** A trace of one page thread: [name, start ms, length ms, address, type of the event]. */
function traceOf(...calls) {
  const thread = { pid: 1, tid: 2 };
  const events = calls.map(([name, start, ms, url, type]) => ({
    ...{ ...thread, ph: 'X', name, ts: start * 1000, dur: ms * 2000, tdur: ms * 1000 },
    args: url || type ? { data: { url, type, functionName: 'f', lineNumber: 1, columnNumber: 9 } } : {},
  }));
  return [{ ...thread, ph: 'M', name: 'thread_name', args: { name: 'CrRendererMain' } }, ...events];
}

test('layout within calls of the subject is forced, other layout is not', () => {
  const found = analyse(
    traceOf(
      ['RunTask', 0, 20],
      ['EventDispatch', 1, 4, '', 'click'],
      ['FunctionCall', 1, 4, '/sdk.js'],
      ['UpdateLayoutTree', 2, 1],
      ['Layout', 5, 1],
      ['FunctionCall', 20, 3, '/page.js'],
      ['Layout', 21, 1],
      ['Layout', 30, 2],
    ),
    own,
  );
  assert.deepEqual([found.calls, found.callsMs, found.forced, found.forcedMs], [1, 4, 2, 2]);
  assert.deepEqual(found.longest, [{ ms: 4, name: 'click: f sdk.js:1:9' }]);
});

test('a task is long because of a script only if it would not be long without it', () => {
  const because = analyse(traceOf(['RunTask', 0, 60], ['FunctionCall', 1, 20, '/sdk.js']), own);
  assert.deepEqual([because.longTasks, because.blockingMs], [1, 10]);
  const anyway = analyse(traceOf(['RunTask', 0, 90], ['FunctionCall', 1, 20, '/sdk.js']), own);
  assert.deepEqual([anyway.longTasks, anyway.blockingMs], [0, 20]);
  const pages = analyse(traceOf(['RunTask', 0, 90], ['FunctionCall', 1, 80, '/page.js']), own);
  assert.deepEqual([pages.longTasks, pages.blockingMs, pages.calls], [0, 0, 0]);
});

test('microtasks, which have no address, are told by the name of the call', () => {
  const microtasks = { ...own, isSubject: (_, name) => name === 'RunMicrotasks' };
  const found = analyse(
    traceOf(['RunTask', 0, 60], ['RunMicrotasks', 1, 20], ['FunctionCall', 2, 1, '/page.js']),
    microtasks,
  );
  assert.deepEqual([found.longest[0].ms, found.longTasks], [20, 1]);
});

test('a profile counts the time after a sample, without pauses of the thread, for the subject’s functions only', () => {
  const node = (id, functionName, url) => ({ id, callFrame: { functionName, url, lineNumber: 6 } });
  const nodes = [node(1, '(root)', ''), node(2, 'slow', '/subject/ours/a.js'), node(3, 'page', '/page/a.js')];
  const found = dearest({ nodes, samples: [2, 3, 2, 1], timeDeltas: [9, 200, 100, 90_000] }, (url) =>
    url.includes('/ours/'),
  );
  assert.deepEqual(found, { all: 0.5, functions: [[0.5, 1, 'slow a.js:7']] });
});

test('what ours sent is counted once, however often it was sent', () => {
  const events = [
    { seq: 0, type: 'pointer', trail: { dt: [0, 8], x: [1, 2], y: [1, 2] } },
    { seq: 1, type: 'click' },
    { seq: 2, type: 'input' },
  ];
  const body = Buffer.from(JSON.stringify({ tab_id: 'a', events }));
  const sent = [
    { method: 'POST', url: '/v1/events', body },
    { method: 'POST', url: '/v1/events?key=k', body: gzipSync(body) },
    { method: 'OPTIONS', url: '/v1/events', body: Buffer.alloc(0) },
  ];
  const found = ours(sent);
  assert.deepEqual(found, { samples: 2, clicks: 1, keys: 1, wheels: 0 });
  assert.deepEqual(shares({ samples: 4, clicks: 1, keys: 0, wheels: 0 }, found), { all: 0.6, samples: 0.5, clicks: 1 });
});

const post = (url, body) => ({ method: 'POST', url, body: Buffer.from(body) });

test('what peers sent is read in their own formats', () => {
  const events = [
    { type: 2, data: {} },
    { type: 3, data: { source: 1, positions: [{}, {}] } },
    { type: 3, data: { source: 2, type: 2 } },
    { type: 3, data: { source: 2, type: 1 } },
    { type: 3, data: { source: 5 } },
    { type: 3, data: { source: 3 } },
  ];
  const found = { samples: 2, clicks: 1, keys: 1, wheels: 1 };
  assert.deepEqual(rrweb([post('/rrweb', JSON.stringify({ events }))]), found);
  const recording = Buffer.concat([Buffer.from('{"segment_id":0}\n'), deflateSync(JSON.stringify(events))]);
  const head = `{"event_id":"a"}\n{"type":"replay_event"}\n{"x":1}\n{"type":"replay_recording","length":${recording.length}}\n`;
  assert.deepEqual(
    sentry([post('/api/1/envelope/', Buffer.concat([Buffer.from(head), recording, Buffer.from('\n')]))]),
    found,
  );
  const message = (type, ...payload) => [type, payload.length, 0, 0, ...payload];
  const batch = [
    81,
    1,
    0,
    0,
    200,
    1,
    1,
    97,
    ...message(20, 1, 2),
    ...message(20, 3, 4),
    ...message(68),
    ...message(18, 9),
    ...message(6),
  ];
  assert.deepEqual(openreplay([post('/v1/web/i?batch=0', batch), post('/v1/web/start', '{}')]), found);
  const click = JSON.stringify({ data: { schema: 'iglu:com.example/button_click/jsonschema/1-0-0' } });
  const data = [{ e: 'pv' }, { e: 'ue', ue_px: Buffer.from(click).toString('base64url') }];
  assert.equal(snowplow([post('/com.snowplowanalytics.snowplow/tp2', JSON.stringify({ data }))]).clicks, 1);
});

const session = (scriptMs, round = 0) => ({
  ...{
    round,
    scriptMs,
    taskMs: 0,
    heapBytes: 0,
    counts: { samples: 500, clicks: 0, keys: 0, wheels: 0 },
    received: [],
  },
});
const traced = { interactions: 250, forced: 0, forcedMs: 0, longest: [], longTasks: 0, blockingMs: 0 };

test('a subject costs what its session took beyond the page alone, of the same round', () => {
  const nothing = [session(10, 0), session(30, 1), session(20, 2)];
  const summary = summarise({ measured: [session(28, 2), session(15, 0), session(34, 1)], traced: [traced], nothing });
  assert.equal(summary.scriptMs, 10); // the median of 5, 4 and 8 ms for 500 interactions
  const forcing = summarise({
    measured: [session(15)],
    traced: [{ ...traced, forced: 1, forcedMs: 2 }],
    nothing: [session(10)],
  });
  assert.deepEqual([forcing.scriptMs, forcing.forcedMs, forcing.forced], [18, 8, 4]);
});

test('the goal is reached when every part of it is', () => {
  const summary = { scriptMs: 12, forced: 0, longestMs: 1, longTasks: 0, longestName: 'f' };
  const lineOf = (ours) => goalLines(['form'], { form: { ours, sketch: { ...summary, scriptMs: 10 } } })[0];
  assert.match(lineOf(summary), /^- form: reached\./);
  for (const [key, value] of Object.entries({ scriptMs: 12.1, forced: 1, longestMs: 2.1, longTasks: 1 }))
    assert.match(lineOf({ ...summary, [key]: value }), /NOT reached/, key);
  assert.deepEqual(goalLines(['form'], { form: { ours: summary } }), []);
});

test('a section is replaced, added, and leaves the others alone', () => {
  const text = '# Results\n\n## Pipeline\n\nold\n\n## Page\n\nold page\n\n### A form\n\n1\n\n## Storage\n\n2\n';
  assert.equal(
    withSection(text, 'Page', 'new'),
    '# Results\n\n## Pipeline\n\nold\n\n## Page\n\nnew\n\n## Storage\n\n2\n',
  );
  assert.equal(withSection('# Results\n', 'Page', 'new'), '# Results\n\n## Page\n\nnew\n');
});

test('a session that failed leaves a gap, not a wrong figure', () => {
  const nothing = [session(10, 0), session(30, 1)];
  assert.equal(summarise({ measured: [session(34, 1)], traced: [traced], nothing }).scriptMs, 8);
  const none = summarise({ measured: [], traced: [], nothing });
  assert.deepEqual([none.scriptMs, none.heapKib, none.longestMs, none.requests], [null, null, null, null]);
  assert.match(goalLines(['form'], { form: { ours: none, sketch: none } })[0], /NOT reached/);
});

const recorded = (snapshotMs, round = 0, more = {}) => ({
  ...{ round, recorded: true, snapshotMs, changesMs: 2 * snapshotMs, bytes: 1024, ...more },
});

test('a recorder costs what its session took beyond the page alone, of the same round', () => {
  const nothing = [recorded(1, 0), recorded(3, 1)];
  const summary = summariseRecorder({ measured: [recorded(13, 1), recorded(9, 0)], traced: [{ ownMs: 7 }], nothing });
  assert.deepEqual(summary, { recorded: true, snapshot: 9, changes: 22, bytes: 1024, taskMs: 7 });
});

test('each goal of the recorder is told by itself, and a page that is not recorded reaches none but that of its tasks', () => {
  const rrweb = { recorded: true, snapshot: 10, changes: 10, bytes: 1000, taskMs: 90 };
  const goals = (page, ours) => recorderGoals([page], { [page]: { ours: { ...rrweb, taskMs: 9, ...ours }, rrweb } })[0];
  assert.equal(goals('shop', { snapshot: 5 }).match(/✓/g).length, 3);
  assert.match(
    goals('shop', { snapshot: 5.1 }),
    /✗ snapshot 0\.51 × rrweb's \(goal ≤ 0\.5\); ✓ longest task .*; ✓ bytes/,
  );
  assert.match(goals('changing', { changes: 5.1 }), /✗ changes/);
  assert.match(goals('table', { snapshot: 2.5, taskMs: 51, bytes: 1001 }), /✓ snapshot .*; ✗ longest task .*; ✗ bytes/);
  const large = { recorded: false, snapshot: 1, bytes: null };
  assert.match(goals('large', large), /^- large: ✓ longest task[^;]*$/);
  assert.match(
    recorderTable(['large'], { large: { ours: { ...rrweb, ...large }, rrweb } }),
    /\| – \|[^]*\(¹\) More than/,
  );
});
