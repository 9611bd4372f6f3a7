// Policies of a page: its content security policy, and Trusted Types. No policy is violated, and events arrive all the same.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { open, stub } from '../laboratory.mjs';

const BODY = '<button id="buy">Buy</button>';

async function clicksArrive(trial) {
  await trial.page.click('#buy');
  await trial.delivered();
  assert.equal(trial.events('click')[0]?.element.id, 'buy');
}

const withoutWorkers = () => {
  delete window.Worker;
};

test('require-trusted-types-for: all works, nothing is violated', async (t) => {
  const headers = { 'Content-Security-Policy': "require-trusted-types-for 'script'" };
  const trial = await open(t, { headers, body: `<button id="buy" onclick="telemetry.track('bought')">Buy</button>` });
  await trial.unharmed();
  await clicksArrive(trial);
  assert.ok(trial.custom('bought'), "the page's own handler reached the API");
  await trial.unharmed();
});

test('require-trusted-types-for, without workers', async (t) => {
  const headers = { 'Content-Security-Policy': "require-trusted-types-for 'script'" };
  const trial = await open(t, { headers, body: BODY, before: [withoutWorkers] });
  await clicksArrive(trial);
  await trial.unharmed();
});

test("trusted-types 'none': no policy can be made, the API is there and nothing throws", async (t) => {
  const headers = { 'Content-Security-Policy': "require-trusted-types-for 'script'; trusted-types 'none'" };
  const trial = await open(t, { headers, body: `<button id="buy" onclick="telemetry.track('bought')">Buy</button>` });
  await trial.page.click('#buy');
  await trial.run("telemetry.track('more'); telemetry.identify('a'); telemetry.flush()");
  const { errors, rejections } = await trial.seen();
  assert.deepEqual([errors, rejections, trial.errors], [[], [], []]);
  assert.equal(await trial.run('return typeof telemetry.track'), 'function');
});

test("the page's own default policy refuses strangers: nothing throws", async (t) => {
  const headers = { 'Content-Security-Policy': "require-trusted-types-for 'script'; trusted-types default" };
  const before = () => {
    window.trustedTypes.createPolicy('default', {
      createScriptURL() {
        throw new TypeError('not mine');
      },
    });
  };
  const trial = await open(t, { headers, body: BODY, before: [before] });
  await trial.page.click('#buy');
  const { errors, rejections } = await trial.seen();
  assert.deepEqual([errors, rejections, trial.errors], [[], [], []]);
  assert.equal(await trial.run('return typeof telemetry.track'), 'function');
});

test('the strictest policy that the README names', async (t) => {
  const policy = `default-src 'none'; script-src 'self'; worker-src 'self'; connect-src ${stub.collector}`;
  const trial = await open(t, { headers: { 'Content-Security-Policy': policy }, body: BODY });
  await clicksArrive(trial);
  await trial.unharmed();
});

/** What a page allows that names its scripts one by one, and whether the worker is among it. */
const NONCES = {
  'a policy of nonces': ["script-src 'nonce-n1'; worker-src 'self'", []],
  'a policy of nonces, without workers': ["script-src 'nonce-n1'", [withoutWorkers]],
  'a policy of nonces and of what their scripts load': ["script-src 'nonce-n1' 'strict-dynamic'", []],
  'the same, without workers': ["script-src 'nonce-n1' 'strict-dynamic'", [withoutWorkers]],
  'the same, with Trusted Types': [
    "script-src 'nonce-n1' 'strict-dynamic'; require-trusted-types-for 'script'",
    [withoutWorkers],
  ],
};

for (const [name, [allowed, before]] of Object.entries(NONCES))
  test(name, async (t) => {
    const policy = `default-src 'none'; connect-src ${stub.collector}; ${allowed}`;
    const headers = { 'Content-Security-Policy': policy };
    const trial = await open(t, { headers, attributes: 'nonce="n1"', body: BODY, before });
    await clicksArrive(trial);
    await trial.unharmed();
  });

test('workers that are forbidden: the page delivers itself', async (t) => {
  const policy = `default-src 'none'; script-src 'self'; worker-src 'none'; connect-src ${stub.collector}`;
  const trial = await open(t, { headers: { 'Content-Security-Policy': policy }, body: BODY });
  await clicksArrive(trial);
  const { errors, rejections } = await trial.seen();
  assert.deepEqual([errors, rejections, trial.errors], [[], [], []]);
});

test('a collector that is forbidden: nothing throws, and the API answers', async (t) => {
  const policy = "default-src 'none'; script-src 'self'; worker-src 'self'";
  const trial = await open(t, { headers: { 'Content-Security-Policy': policy }, body: BODY });
  await trial.page.click('#buy');
  await trial.run("telemetry.track('x'); telemetry.flush()");
  assert.equal((await trial.run('return telemetry.stats()')).captured.click, 1);
  const { errors, rejections } = await trial.seen();
  assert.deepEqual([errors, rejections, trial.errors], [[], [], []]);
});

test('a page that embeds only what agrees (COEP), and a document of its own group (COOP)', async (t) => {
  const headers = { 'Cross-Origin-Embedder-Policy': 'require-corp', 'Cross-Origin-Opener-Policy': 'same-origin' };
  const trial = await open(t, { headers, body: BODY });
  await clicksArrive(trial);
  await trial.unharmed();
});
