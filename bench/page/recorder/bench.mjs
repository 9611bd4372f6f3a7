// Our recorder beside rrweb's, each alone: what it takes of the page's main thread.
import { buildRecorder, buildScript } from '../build.mjs';
import { MARK, openSite } from '../site.mjs';
import { documentOf } from './pages.mjs';
import { recorderGoals, recorderTable, summariseRecorder } from './report.mjs';
import { measuredRecorder, tracedRecorder } from './session.mjs';

/** The first script of each is for the page. */
const SUBJECTS = {
  nothing: {},
  ours: { 'ours.js': buildRecorder, 'ours.worker.js': buildScript },
  rrweb: { 'rrweb.js': buildScript },
};
const HERE = new URL('.', import.meta.url).pathname;

async function prepare(name) {
  const scripts = Object.entries(SUBJECTS[name]);
  const files = await Promise.all(scripts.map(async ([file, build]) => [file, await build(HERE + file)]));
  const tags = () =>
    files
      .slice(0, 1)
      .map(([file]) => `<script defer src="/subject/${name}/${file}"></script>`)
      .join('');
  return { name, files: Object.fromEntries(files), tags, mine: (url) => url.includes(`/subject/${name}/`) };
}

/** Page by page and round by round, each subject once a round. Returns page → subject → its sessions. */
async function everySession(setting, subjects, { pages, runs, ...rest }) {
  const sessions = {};
  for (const page of pages) {
    const of = Object.fromEntries(subjects.map(({ name }) => [name, { measured: [], traced: [] }]));
    for (let round = 0; round < runs; round++) {
      for (const subject of subjects)
        of[subject.name].measured.push({ round, ...(await measuredRecorder({ ...setting, subject }, page, rest)) });
      console.error(`recorder, ${page}: round ${round + 1} of ${runs}, ${Math.round(process.uptime())} s`);
    }
    for (const subject of subjects.filter(({ name }) => name !== 'nothing'))
      of[subject.name].traced.push(await tracedRecorder({ ...setting, subject }, page, rest));
    sessions[page] = of;
  }
  return sessions;
}

/** The text of the section below its heading, and all sessions. */
export async function benchRecorder(browser, { pages, runs, seconds }) {
  const site = await openSite(async (name) => documentOf(name.replace('.html', ''), MARK));
  try {
    const subjects = await Promise.all(Object.keys(SUBJECTS).map(prepare));
    const cdpOfBrowser = await browser.newBrowserCDPSession();
    const sessions = await everySession({ browser, site }, subjects, { pages, runs, seconds, cdpOfBrowser });
    const results = {};
    for (const page of pages) {
      const { nothing, ours, rrweb } = sessions[page];
      const summary = (own) => summariseRecorder({ ...own, nothing: nothing.measured });
      results[page] = { ours: summary(ours), rrweb: summary(rrweb) };
    }
    const goals = `Goals of ours:\n\n${recorderGoals(pages, results).join('\n')}`;
    return { text: `${recorderTable(pages, results)}\n\n${goals}`, sessions };
  } finally {
    site.close();
  }
}
