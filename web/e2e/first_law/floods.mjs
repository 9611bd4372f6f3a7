// Floods: a loop that fails or turns must not become a flood of requests, and what is left out is told.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../eventually.mjs';
import { open, stub } from '../laboratory.mjs';

/** Requests for one flood: its batches are cut as any others. */
const POSTS_MAX = 12;

/** Runs the flood, lets the page go on for a moment, and asks for delivery. */
async function flood(t, body, page = {}) {
  const trial = await open(t, page);
  await trial.run(`${body} return new Promise((resolve) => setTimeout(resolve, 300));`, 20_000);
  await trial.delivered();
  return trial;
}

const degraded = (trial, what) => trial.events('capture_degraded').filter((event) => what.test(event.degraded.what));

const bounded = (trial, max = POSTS_MAX) => assert.ok(trial.posts().length <= max, `${trial.posts().length} requests`);

test('300 errors: few requests, and one word of what was left out', async (t) => {
  const trial = await flood(t, 'for (let n = 0; n < 300; n++) setTimeout(() => { throw new Error("mine " + n); });');
  assert.equal((await trial.seen()).errors.length, 300, 'the page was told of all');
  bounded(trial);
  assert.ok(trial.events('error').length > 0);
  assert.ok(trial.events('error').length < 300);
  assert.equal(degraded(trial, /error/).length, 1);
});

test('one error 1,000 times', async (t) => {
  const trial = await flood(t, 'for (let n = 0; n < 1000; n++) setTimeout(() => { throw new Error("mine"); });');
  bounded(trial);
  assert.equal(degraded(trial, /error/).length, 1);
});

test('5,000 rejections', async (t) => {
  const trial = await flood(t, 'for (let n = 0; n < 5000; n++) Promise.reject(new Error("mine " + n));');
  assert.equal((await trial.seen()).rejections.length, 5000, 'the page was told of all');
  bounded(trial);
  assert.equal(degraded(trial, /error/).length, 1);
});

test('few errors are told whole, without a word of degradation', async (t) => {
  const trial = await flood(t, 'for (let n = 0; n < 5; n++) setTimeout(() => { throw new Error("mine " + n); });');
  assert.equal(trial.events('error').length, 5);
  assert.deepEqual(degraded(trial, /error/), []);
});

test('2,000 lines on the console', async (t) => {
  const trial = await flood(t, 'for (let n = 0; n < 2000; n++) console.error("mine", n, { n });');
  bounded(trial, 3);
  assert.deepEqual(trial.events('error'), []);
});

test('1,000 addresses by pushState: the first ones, the last one, and one word of what was left out', async (t) => {
  const trial = await flood(t, 'for (let n = 0; n < 1000; n++) history.pushState({}, "", "/page/" + n);');
  bounded(trial, 30);
  assert.equal(degraded(trial, /page_views/).length, 1);
  const last = () => stub.batches.findLast(({ key, events }) => key === trial.key && events.some(isView));
  const isView = ({ type }) => type === 'page_view';
  await eventually('where the page is', async () => {
    await trial.delivered();
    return last().page.url.endsWith('/page/999');
  });
  assert.ok(trial.events('page_view').length < 30);
});

test('1,000 submits, and the same person 1,000 times', async (t) => {
  const body = '<form id="form"><input name="a"></form>';
  const trial = await flood(
    t,
    `addEventListener('submit', (event) => event.preventDefault());
     for (let n = 0; n < 1000; n++) { document.getElementById('form').requestSubmit(); telemetry.identify('jo'); }`,
    { body },
  );
  bounded(trial);
});

test('1,000 persons with an event each: the first ones, the last one, and one word of what was left out', async (t) => {
  const trial = await flood(
    t,
    'for (let n = 0; n < 1000; n++) { telemetry.identify("person " + n); telemetry.track("seen", { n }); }',
  );
  const person = (n) => {
    const seen = ({ name, properties }) => name === 'seen' && properties.n === n;
    return stub.batches.find(({ key, events }) => key === trial.key && events.some(seen)).identity.user_id;
  };
  bounded(trial, 30);
  assert.equal(trial.events('custom').filter(({ name }) => name === 'seen').length, 1000);
  assert.equal(degraded(trial, /identify/).length, 1);
  assert.equal(person(0), 'person 0');
  await trial.delivered('afterwards');
  const last = stub.batches.findLast(({ key }) => key === trial.key);
  assert.equal(last.identity.user_id, 'person 999');
});

test('1,000 calls of flush() with an event each: all settle', async (t) => {
  const trial = await flood(
    t,
    `const all = [];
     for (let n = 0; n < 1000; n++) { telemetry.track('seen', { n }); all.push(telemetry.flush()); }
     Promise.all(all).then(() => { window.allSettled = true; });`,
  );
  await eventually('all settled', () => trial.run('return window.allSettled'));
  bounded(trial, 30);
  assert.equal(trial.events('custom').filter(({ name }) => name === 'seen').length, 1000);
});

test('1,000 times forgotten and asked again: after the first ones as if denied', async (t) => {
  const trial = await open(t, {});
  await trial.run(
    'for (let n = 0; n < 1000; n++) { telemetry.forget(); telemetry.consent("granted"); telemetry.track("seen", { n }); }',
  );
  await trial.run('return telemetry.flush()');
  bounded(trial, 30);
  assert.ok(trial.page.workers().length <= 30, `${trial.page.workers().length} workers`);
  assert.deepEqual(await trial.run('return telemetry.stats().then(({ captured }) => captured)'), {});
  await trial.unharmed();
});

test('1,000 letters of a search box by replaceState', async (t) => {
  const trial = await flood(t, 'for (let n = 0; n < 1000; n++) history.replaceState({}, "", "?q=" + n);');
  bounded(trial);
});

test('1,000 dialogs opened and closed', async (t) => {
  const body = '<dialog id="d">d</dialog><details id="e"><summary>s</summary>e</details><div id="p" popover>p</div>';
  const trial = await flood(
    t,
    `const [d, e, p] = ['d', 'e', 'p'].map((id) => document.getElementById(id));
     for (let n = 0; n < 1000; n++) { d.showModal(); d.close(); e.open = !e.open; p.showPopover(); p.hidePopover(); }`,
    { body },
  );
  bounded(trial);
});

test('1,000 requests of the page', async (t) => {
  const trial = await flood(t, 'for (let n = 0; n < 1000; n++) fetch("data:,x").then((response) => response.text());');
  bounded(trial);
});

test('20,000 custom events: batches of full size', async (t) => {
  const trial = await flood(t, 'for (let n = 0; n < 20000; n++) telemetry.track("tick", { n });');
  // 900 events or 40 KiB a batch, as the limits say; a tick is about 100 bytes.
  bounded(trial, 80);
});

test('focus changes, scrolls and resizes that the page makes', async (t) => {
  const body =
    '<input id="a"><input id="b"><div id="s" style="overflow:auto;height:50px"><p style="height:9000px">s</p></div>';
  const trial = await flood(
    t,
    `const [a, b, s] = ['a', 'b', 's'].map((id) => document.getElementById(id));
     for (let n = 0; n < 300; n++) { a.focus(); b.focus(); }
     for (let n = 0; n < 10000; n++) { s.scrollTop = n; dispatchEvent(new Event('resize')); }`,
    { body },
  );
  bounded(trial, 30);
});

test('1,000 shadow roots and frames that come and go', async (t) => {
  const trial = await flood(
    t,
    `for (let n = 0; n < 1000; n++) { const e = document.createElement('div'); e.attachShadow({ mode: 'open' }).innerHTML = '<input>'; document.body.append(e); e.remove(); }
     for (let n = 0; n < 50; n++) { const f = document.createElement('iframe'); document.body.append(f); f.remove(); }`,
  );
  bounded(trial);
  await trial.unharmed();
});
