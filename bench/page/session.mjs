// One subject on one page in a fresh context of the browser: once measured and, apart from that, once traced under throttle.
import { trace } from '../../web/e2e/tracing.mjs';
import { interactions, score, total, VIEWPORT } from './score.mjs';
import { analyse, CATEGORIES } from './trace.mjs';

/** Like a visitor's: some scripts leave out browsers that say they are headless. */
const AGENT = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36';
/** What a page and its scripts get to start, before input; on the page without input: all that they get. */
const SETTLE_MS = { form: 300, table: 300, changing: 300, load: 1500 };
export const THROTTLE = 4;
/** What a closing page sends has arrived by then, on this machine. */
const TAIL_MS = 150;

/** A recorder may take long over a large page, the longer the busier the machine is. */
const LOAD_MS_MAX = 60_000;

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Opens a context, runs `inside` in it, and returns what that returned with what the stub received. */
export async function inContext({ browser, site, subject }, inside) {
  site.begin(subject);
  const context = await browser.newContext({ viewport: VIEWPORT, userAgent: AGENT });
  try {
    const tab = await context.newPage();
    tab.setDefaultNavigationTimeout(LOAD_MS_MAX);
    const errors = [];
    tab.on('pageerror', (error) => errors.push(error.message));
    const cdp = await context.newCDPSession(tab);
    // The process of the site is there before anything is measured.
    await tab.goto(`${site.siteUrl}/blank`);
    const found = await inside(tab, cdp);
    await tab.close();
    await sleep(TAIL_MS);
    return { ...found, errors, received: site.received };
  } finally {
    await context.close();
  }
}

export async function metrics(cdp) {
  const { metrics: list } = await cdp.send('Performance.getMetrics');
  return Object.fromEntries(list.map(({ name, value }) => [name, value]));
}

async function heapBytes(cdp) {
  for (let n = 0; n < 2; n++) await cdp.send('HeapProfiler.collectGarbage');
  return (await cdp.send('Runtime.getHeapUsage')).usedSize;
}

/**
 * CPU time of the main thread from `Performance.getMetrics` in thread ticks: nothing is recorded for each call, so calls of
 * some microseconds cost what they cost. A trace adds more than that to each of them. The browser leaves style and layout
 * out of the script's time, also when a script forces them.
 */
export function measured(setting, page, { seed, seconds, play }) {
  const inputs = score(page, seed, seconds);
  return inContext(setting, async (tab, cdp) => {
    await cdp.send('Performance.enable', { timeDomain: 'threadTicks' });
    const atStart = await metrics(cdp);
    await tab.goto(`${setting.site.siteUrl}/page/${page}.html`);
    await sleep(SETTLE_MS[page]);
    const loaded = await metrics(cdp);
    if (inputs.length) await play(cdp, inputs, seconds);
    const after = await metrics(cdp);
    const [from, to] = inputs.length ? [loaded, after] : [atStart, loaded];
    const ms = (name) => (to[name] - from[name]) * 1000;
    return {
      counts: interactions(inputs),
      scriptMs: ms('ScriptDuration') + ms('V8CompileDuration'),
      layoutMs: ms('LayoutDuration') + ms('RecalcStyleDuration'),
      taskMs: ms('TaskDuration'),
      heapBytes: await heapBytes(cdp),
    };
  });
}

/**
 * The calls at full speed, from the first input until the page is left, which is when much is sent; then the same on a
 * device of a quarter of the speed, for the tasks. Apart from each other, since the browser slows a page down by making its
 * thread busy, which makes short calls look long.
 */
export function traced(setting, page, { seed, seconds, play, cdpOfBrowser }) {
  const inputs = score(page, seed, seconds);
  return inContext(setting, async (tab, cdp) => {
    const go = (path) => tab.goto(setting.site.siteUrl + path);
    const visit = () => go(`/page/${page}.html`).then(() => sleep(SETTLE_MS[page]));
    const found = async (rate) => {
      if (inputs.length) await visit();
      await cdp.send('Emulation.setCPUThrottlingRate', { rate });
      const events = await trace(cdpOfBrowser, CATEGORIES, async () => {
        await (inputs.length ? play(cdp, inputs, seconds) : visit());
        await go('/blank');
      });
      return analyse(events, scriptsOf(setting));
    };
    const { longTasks: _, blockingMs: __, ownMs: ___, ...calls } = await found(1);
    const { longTasks, blockingMs } = await found(THROTTLE);
    return { interactions: total(interactions(inputs)), ...calls, longTasks, blockingMs };
  });
}

/** For `analyse`. */
export const scriptsOf = ({ site, subject }) => ({
  isSite: (url) => url.startsWith(site.siteUrl),
  // The pages make no promises of their own: a microtask is the subject's.
  isSubject: (url, call) => subject.mine(url) || call === 'RunMicrotasks',
});
