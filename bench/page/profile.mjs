// Where a subject's time goes: its dearest functions by the sampling profiler, its longest calls by a trace.
import { mkdirSync, writeFileSync } from 'node:fs';
import { score, VIEWPORT } from './score.mjs';
import { traced } from './session.mjs';
import { figure } from './statistics.mjs';

const SAMPLE_EVERY_US = 100;
/** A longer pause between two samples is one of the thread, taken from it by another process. */
const SAMPLE_US_MAX = 3 * SAMPLE_EVERY_US;
const FUNCTIONS_SHOWN = 15;
const SETTLE_MS = 300;
const LOAD_MS = 2000;

/** The functions with the most self time among those at addresses that `mine` knows, as [ms, share, name]. Pure. */
export function dearest({ nodes, samples, timeDeltas }, mine) {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const ms = new Map();
  let all = 0;
  samples.forEach((id, i) => {
    const { functionName, url, lineNumber } = byId.get(id).callFrame;
    if (!url || !mine(url)) return;
    // A delta is the time before its sample; the one after it is the time that the sample stands for.
    const own = Math.min(timeDeltas[i + 1] ?? 0, SAMPLE_US_MAX) / 1000;
    const name = `${functionName || '(anonymous)'} ${url.replace(/.*\//, '')}:${lineNumber + 1}`;
    ms.set(name, (ms.get(name) ?? 0) + own);
    all += own;
  });
  const sorted = [...ms].sort((a, b) => b[1] - a[1]);
  return { all, functions: sorted.map(([name, own]) => [own, own / all, name]) };
}

/** Profiles `subject` on a page, saves it to `folder`, and returns what to print. */
export async function profilePage(setting, page, chosen) {
  const { browser, site, subject } = setting;
  const { seed, seconds, play, folder } = chosen;
  site.begin(subject);
  const context = await browser.newContext({ viewport: VIEWPORT });
  const tab = await context.newPage();
  const cdp = await context.newCDPSession(tab);
  await tab.goto(`${site.siteUrl}/blank`);
  const inputs = score(page, seed, seconds);
  const visit = () =>
    tab.goto(`${site.siteUrl}/page/${page}.html`).then(() => tab.waitForTimeout(inputs.length ? SETTLE_MS : LOAD_MS));
  await cdp.send('Profiler.enable');
  await cdp.send('Profiler.setSamplingInterval', { interval: SAMPLE_EVERY_US });
  if (inputs.length) await visit();
  await cdp.send('Profiler.start');
  await (inputs.length ? play(cdp, inputs, seconds) : visit());
  const { profile } = await cdp.send('Profiler.stop');
  await context.close();
  mkdirSync(folder, { recursive: true });
  const file = `${folder}/${subject.name}-${page}.cpuprofile`;
  writeFileSync(file, JSON.stringify(profile));
  const { all, functions } = dearest(profile, subject.mine);
  const { longest } = await traced(setting, page, chosen);
  const ms = (value) => `${figure(value, 1).padStart(8)} ms`;
  return [
    `${page}: ${figure(all, 1)} ms in scripts of ${subject.name}, ${inputs.length} inputs; ${file}`,
    ...functions
      .slice(0, FUNCTIONS_SHOWN)
      .map(([own, share, name]) => `${ms(own)} ${figure(share * 100).padStart(3)} %  ${name}`),
    'longest calls:',
    ...longest.map((call) => `${ms(call.ms)}        ${call.name}`),
  ].join('\n');
}
