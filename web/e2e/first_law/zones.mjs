// Angular's zone.js: an application is stable when its zone has no task left. None of ours may ever run in it.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { open, stub } from '../laboratory.mjs';

/** Longer than any of the SDK's short timers, so that one in the zone is seen while it waits. */
const WATCH_MS = 1_300;

/** A zone as Angular's NgZone makes it: it notes whether tasks are pending, and each task that runs in it. */
const ZONE = `<script>
  window.app = { pending: false, changes: [], ran: [], scheduled: [] };
  window.zone = Zone.current.fork({
    name: 'app',
    onHasTask(delegate, current, target, state) {
      delegate.hasTask(target, state);
      if (current !== target) return;
      if (state.change === 'macroTask') { app.pending = state.macroTask; app.changes.push(state.macroTask); }
    },
    onScheduleTask(delegate, current, target, task) { app.scheduled.push(task.type + ' ' + task.source); return delegate.scheduleTask(target, task); },
    onInvokeTask(delegate, current, target, task, self, parameters) { app.ran.push(task.type + ' ' + task.source); return delegate.invokeTask(target, task, self, parameters); },
  });
</script>`;

const ZONE_FILE = '<script src="/zone.js"></script>';
const ORDERS = {
  'zone.js before the SDK': (attributes) => ({
    html: `<!doctype html><head>${ZONE_FILE}<!--sdk-->${ZONE}</head><body><button id="b">b</button><input id="i">`,
    attributes,
  }),
  'zone.js after the SDK': (attributes) => ({
    html: `<!doctype html><head><!--sdk-->${ZONE_FILE}${ZONE}</head><body><button id="b">b</button><input id="i">`,
    attributes,
  }),
};

const openZone = async (t, page) => {
  stub.files.set('/zone.js', await readFile(createRequire(import.meta.url).resolve('zone.js')));
  return open(t, page);
};

/** What the page does inside its zone; without the SDK, calls of the API are nothing. */
const ACTS = {
  'a call of the API': "zone.run(() => { window.telemetry?.track('x', { n: 1 }); window.telemetry?.identify('a'); });",
  'a fetch': "zone.run(() => fetch('/api/ok').then((response) => response.text()));",
  'a fetch whose body is read later': "zone.run(() => fetch('/api/lines').then(() => {}));",
  'a fetch that fails': "zone.run(() => fetch('http://127.0.0.1:1/').catch(() => {}));",
  'an XMLHttpRequest':
    "zone.run(() => { const r = new XMLHttpRequest(); r.open('GET', '/api/ok'); r.onload = () => {}; r.send(); });",
  'a navigation inside the page':
    "zone.run(() => { history.pushState({}, '', '?a'); history.replaceState({}, '', '?b'); });",
  'an error': 'zone.run(() => { try { null.x; } catch {} });',
  'a timer of its own': 'zone.run(() => setTimeout(() => {}, 50));',
};

for (const [order, page] of Object.entries(ORDERS)) {
  test(`${order}: the zone has the page's own tasks and no other`, async (t) => {
    const told = [];
    for (const sdk of [false, true]) {
      const trial = await openZone(t, { ...page(''), sdk });
      for (const act of Object.values(ACTS))
        await trial.run(`${act} return new Promise((resolve) => Zone.root.run(() => setTimeout(resolve, 80)));`);
      await trial.page.click('#b');
      await trial.page.fill('#i', 'text');
      await new Promise((resolve) => setTimeout(resolve, WATCH_MS));
      told.push(await trial.run('return { ...app }'));
      if (sdk) await trial.unharmed();
    }
    const [without, with_] = told;
    assert.equal(with_.pending, false, 'the zone is stable');
    assert.deepEqual(with_.changes, without.changes, 'it was busy as often');
    for (const list of ['scheduled', 'ran']) {
      const [expected, seen] = [without[list], with_[list]].map((tasks) =>
        tasks.filter((task) => !task.startsWith('micro')),
      );
      assert.deepEqual(seen, expected, `${list}: timers, requests and listeners`);
      assert.deepEqual(with_[list], without[list], `${list}: microtasks too, each of which draws the application anew`);
    }
  });

  test(`${order}: stable at once after a call of the API`, async (t) => {
    const trial = await openZone(t, page(''));
    const pending = await trial.run("zone.run(() => telemetry.track('x')); return app.pending;");
    assert.equal(pending, false);
  });

  test(`${order}: consent that is given inside the zone starts nothing in it`, async (t) => {
    const trial = await openZone(t, page('data-ct-consent="pending"'));
    await trial.page.click('#b');
    await trial.run("zone.run(() => { telemetry.consent('granted'); });");
    await trial.page.click('#b');
    await new Promise((resolve) => setTimeout(resolve, WATCH_MS));
    assert.deepEqual(await trial.run('return { ...app }'), { pending: false, changes: [], ran: [], scheduled: [] });
    await trial.delivered();
    assert.equal(trial.events('click').length, 2);
    await trial.unharmed();
  });
}

test('timers that the page replaced are the page’s: none of ours is in them, and all is delivered', async (t) => {
  const fakes = `<script>
    window.set = [];
    for (const name of ['setTimeout', 'setInterval', 'requestAnimationFrame', 'requestIdleCallback', 'queueMicrotask'])
      window[name] = (run) => { set.push(name + ': ' + String(new Error().stack).split('\\n')[2]); return 1; };
  </script>`;
  const trial = await open(t, {
    html: `<!doctype html><head><!--sdk-->${fakes}</head><body><button id="b">b</button><div style="height:9000px">`,
  });
  await trial.page.click('#b');
  await trial.page.mouse.wheel(0, 500);
  await trial.run("return fetch('/api/ok').then((response) => response.text())");
  await trial.delivered();
  assert.equal(trial.events('click').length, 1);
  assert.deepEqual(await trial.run('return set'), []);
});
