// One recorder on one page in a fresh context of the browser: once measured and, apart from that, once traced under throttle.
import { trace } from '../../../web/e2e/tracing.mjs';
import { inContext, metrics, scriptsOf, sleep, THROTTLE } from '../session.mjs';
import { analyse, CATEGORIES } from '../trace.mjs';

/** What a page gets before it is recorded, and a recorder after its snapshot. */
const SETTLE_MS = 600;

const open = async (tab, site, page) => {
  await tab.goto(`${site.siteUrl}/page/${page}.html`);
  await sleep(SETTLE_MS);
};

/** Settles when the snapshot is taken: true; false where the page is not recorded. */
const recordIn = (tab) =>
  tab.evaluate(() => {
    dispatchEvent(new Event('bench-record'));
    return window.recorder?.begun;
  });
const changeFor = async (tab, ms) => {
  await tab.evaluate(() => void dispatchEvent(new Event('bench-change')));
  await sleep(ms);
};

/**
 * In ms: CPU time of the main thread, all of it, for the snapshot; the recorder's calls in it for the changes, which cost a browser so
 * much more to draw than a recorder to note that the difference of two sessions says nothing. And the bytes of everything recorded.
 */
export function measuredRecorder(setting, page, { seconds, cdpOfBrowser }) {
  return inContext(setting, async (tab, cdp) => {
    await open(tab, setting.site, page);
    await cdp.send('Performance.enable', { timeDomain: 'threadTicks' });
    const threadMs = async () => (await metrics(cdp)).ThreadTime * 1000;
    const start = await threadMs();
    const recorded = await recordIn(tab);
    await sleep(SETTLE_MS);
    const snapshotMs = (await threadMs()) - start;
    // It would cost each call something of its own.
    await cdp.send('Performance.disable');
    let changesMs = null;
    if (recorded && page === 'changing') {
      const events = await trace(cdpOfBrowser, CATEGORIES, () => changeFor(tab, seconds * 1000));
      changesMs = analyse(events, scriptsOf(setting)).callsMs;
    }
    const bytes = recorded ? await tab.evaluate(() => window.recorder.bytes()) : null;
    return { recorded, snapshotMs, changesMs, bytes };
  });
}

/** The most that the recorder takes of one task of the main thread, on a device of a quarter of the speed. */
export function tracedRecorder(setting, page, { seconds, cdpOfBrowser }) {
  return inContext(setting, async (tab, cdp) => {
    await open(tab, setting.site, page);
    await cdp.send('Emulation.setCPUThrottlingRate', { rate: THROTTLE });
    const events = await trace(cdpOfBrowser, CATEGORIES, async () => {
      await recordIn(tab);
      await changeFor(tab, page === 'changing' ? seconds * 1000 : SETTLE_MS);
    });
    const { ownMs, longTasks } = analyse(events, scriptsOf(setting));
    return { ownMs, longTasks };
  });
}
