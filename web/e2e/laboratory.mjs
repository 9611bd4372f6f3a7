// One browser and one stub for all tests of a process; each test has a context, a page and a write key of its own.
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { launch } from './browser.mjs';
import { eventually } from './eventually.mjs';
import { startStub } from './stub.mjs';
import { trace } from './tracing.mjs';
import { witnessErrors } from './witness.mjs';

/** Pages of tests end their work within a second on a quiet machine. */
const PATIENCE_MS = 10_000;
/** A request or a timer that one leads to has begun by then. */
const SETTLE_MS = 25;
const AT_REST = 'return Object.values(__live()).every((count) => count === 0)';

export let stub;
let browser;
let trials = 0;

before(async () => {
  stub = await startStub();
  // A name of the web: to browsers, other plain addresses than the loopback's are insecure.
  browser = await launch(['--host-resolver-rules=MAP shop.example 127.0.0.1']);
});

after(async () => {
  await browser?.close();
  stub?.close();
});

function within(ms, what, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms: ${what}`)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** A page that is open, and what was seen of it from outside. */
export class Trial {
  /** Messages of the browser's console, without those that only name a failed request. */
  console = [];
  /** Errors that the browser reports for any frame. */
  errors = [];
  /** What the page asked for, without the SDK's. */
  requests = [];
  #pending = new Set();

  constructor(page, cdp, key) {
    Object.assign(this, { page, cdp, key, context: page.context() });
    page.on('console', (message) => this.console.push(`${message.type()}: ${message.text()}`));
    page.on('pageerror', (error) => this.errors.push(String(error)));
    page.on('request', (request) => {
      const url = request.url();
      if (url.startsWith(stub.collector) || /\/sdk\/|\/favicon\.ico/.test(url)) return;
      this.requests.push(request);
      if (request.resourceType() !== 'eventsource') this.#pending.add(request);
    });
    for (const end of ['requestfinished', 'requestfailed']) page.on(end, (request) => this.#pending.delete(request));
  }

  /**
   * Evaluates a function's body in the page, by the debugger: nothing that the page broke is in its way. A promise is
   * awaited. A body that does not return is ended, and fails.
   */
  async run(body, timeout = PATIENCE_MS) {
    const evaluated = this.cdp.send('Runtime.evaluate', {
      expression: `(() => { ${body} })()`,
      awaitPromise: true,
      returnByValue: true,
      timeout,
    });
    const { result, exceptionDetails } = await within(timeout + 1000, body, evaluated);
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  }

  /** Milliseconds of processor time that the page's thread took so far. */
  async threadMs() {
    await this.cdp.send('Performance.enable', { timeDomain: 'threadTicks' });
    const { metrics } = await this.cdp.send('Performance.getMetrics');
    return metrics.find(({ name }) => name === 'ThreadTime').value * 1000;
  }

  /** Like `run`, in a world of its own, where the document is the page's and the language is as the browser has it. */
  async look(body) {
    const { frameTree } = await this.cdp.send('Page.getFrameTree');
    const { executionContextId } = await this.cdp.send('Page.createIsolatedWorld', {
      frameId: frameTree.frame.id,
      worldName: 'laboratory',
    });
    const { result, exceptionDetails } = await this.cdp.send('Runtime.evaluate', {
      expression: `(() => { ${body} })()`,
      contextId: executionContextId,
      returnByValue: true,
    });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  }

  /**
   * Waits until the page asks the network for nothing, and none of its own timers and frames waits, which `witnessTimers` has to see: a
   * busy machine shows no halves.
   */
  async settled() {
    const pause = () => new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    await pause();
    await eventually(
      'the end of requests, timers and frames',
      async () => !this.#pending.size && (await this.run(AT_REST)),
    );
    await pause();
  }

  /** What the page's own listeners were told. */
  seen() {
    return this.run('return __seen');
  }

  /** Events that arrived from this page, of one type or of any, in the order of capture. */
  events(type) {
    const arrived = stub.batches.filter(({ key }) => key === this.key).flatMap(({ events }) => events);
    const bySeq = new Map(arrived.map((event) => [`${event.seq}`, event]));
    return [...bySeq.values()].filter((event) => !type || event.type === type).sort((a, b) => a.seq - b.seq);
  }

  custom(name) {
    return this.events('custom').find((event) => event.name === name);
  }

  posts() {
    return stub.posts.filter(({ key }) => key === this.key);
  }

  /** Asks the SDK to deliver, and waits for the mark that it delivers last. */
  async delivered(mark = 'delivered') {
    await this.run(`window.telemetry.track('${mark}'); window.telemetry.flush()`);
    return eventually(`what ${this.key} captured`, () => this.custom(mark));
  }

  /** The first law: nothing threw, nothing was rejected, no policy was violated. */
  async unharmed() {
    assert.deepEqual(await this.seen(), { errors: [], rejections: [], handled: [], violations: [] });
    assert.deepEqual(this.errors, []);
    assert.equal(await this.run(`return typeof window.telemetry?.track`), 'function', 'the API is there');
  }
}

/**
 * Opens a page of its own for a test. `html` has `<!--sdk-->` where the SDK's script goes (default: first in the head of
 * `body`), `headers` and `attributes` are the page's and the script's, `sdk: false` opens the same page without it,
 * `before` are functions that run in every frame before anything else, `frames` further documents, at `/NAME-{key}`.
 */
export async function open(
  t,
  { body = '', head = '', html, before: scripts = [], from = 'origin', frames = {}, ...page },
) {
  const key = `k${String(++trials).padStart(4, '0')}`;
  const path = `/${key}`;
  const document =
    html ??
    `<!doctype html><html><head><meta charset="utf-8"><title>Page</title><!--sdk-->${head}</head><body>${body}</body></html>`;
  stub.pages.set(path, { ...page, html: document, key });
  for (const [name, frame] of Object.entries(frames)) stub.pages.set(`/${name}-${key}`, { ...page, html: frame, key });
  const context = await browser.newContext({ viewport: { width: 1000, height: 800 } });
  t.after(() => context.close());
  for (const script of [witnessErrors, ...scripts]) await context.addInitScript(script);
  const tab = await context.newPage();
  const trial = new Trial(tab, await context.newCDPSession(tab), key);
  await tab.goto(stub[from] + path);
  return trial;
}

/**
 * Milliseconds of processor time of each call from the browser into the SDK's page script during `act`, longest first: a
 * busy machine makes no call longer.
 */
export async function callsDuring(act) {
  const cdp = await browser.newBrowserCDPSession();
  const events = await trace(cdp, ['devtools.timeline'], act).finally(() => cdp.detach());
  const calls = events.filter(
    ({ name, args }) => name === 'FunctionCall' && /\/sdk\/telemetry[^/]*\.js/.test(args.data?.url),
  );
  return calls.map(({ tdur }) => (tdur ?? 0) / 1000).sort((a, b) => b - a);
}
