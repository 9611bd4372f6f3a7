// What the SDK costs a page, beside its peers: `node main.mjs --help`. bench/README.md says how to read the table.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { launch } from '../../web/e2e/browser.mjs';
import { play } from './player.mjs';
import { profilePage } from './profile.mjs';
import { capturedTable, goalLines, pageTable, summarise } from './report.mjs';
import { benchRecorder } from './recorder/bench.mjs';
import { RECORDED_PAGES } from './recorder/pages.mjs';
import { heading, writeSection } from './results.mjs';
import { PAGES, total } from './score.mjs';
import { measured, traced } from './session.mjs';
import { openSite } from './site.mjs';
import { NAMES, prepare } from './subjects.mjs';

const HERE = new URL('.', import.meta.url).pathname;
const WORK = `${HERE}dist`;
const RESULTS = `${HERE}../RESULTS.md`;
const TITLE = 'Page';
const RECORDER_TITLE = 'Recorder';

const HELP = `usage: node main.mjs [options]
  --runs N              measured rounds; medians are shown (default 3)
  --subjects A,B        of ${NAMES.join(', ')}; "nothing" is always among them
  --pages A,B           of ${PAGES.join(', ')}
  --seed N              of the input (default 1)
  --seconds S           of input on a page, measured (default 5: a period of every sender is in it)
  --recorder A,B        instead of all that: our recorder beside rrweb's, each alone, on these of ${RECORDED_PAGES.join(', ')}, or all
  --cpuprofile SUBJECT  instead of measuring: a sampling profile of each page, its dearest functions and longest calls
  --out FILE            where the sections go, each written when all its subjects and pages took part (default bench/RESULTS.md).
                        With all subjects and pages the recorder's section is measured and written too
`;
/** Of each of the two traces of a session. */
const TRACED_SECONDS = 1.5;

const options = {
  runs: { type: 'string', default: '3' },
  subjects: { type: 'string', default: NAMES.join() },
  pages: { type: 'string', default: PAGES.join() },
  seed: { type: 'string', default: '1' },
  seconds: { type: 'string', default: '5' },
  recorder: { type: 'string' },
  cpuprofile: { type: 'string' },
  out: { type: 'string', default: RESULTS },
  help: { type: 'boolean', default: false },
};

function listOf(text, known) {
  const names = text.split(/[ ,]+/).filter(Boolean);
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length) throw new Error(`not known: ${unknown.join(', ')}; there are ${known.join(', ')}`);
  return known.filter((name) => names.includes(name));
}

function numberOf(text, name) {
  if (!(Number(text) > 0)) throw new Error(`--${name} takes a number above 0, not "${text}"`);
  return Number(text);
}

/** Pages of the recorder's section: chosen ones, or all where everything is measured. */
function recordedPages({ recorder, subjects, pages }) {
  if (recorder) return recorder === 'all' ? RECORDED_PAGES : listOf(recorder, RECORDED_PAGES);
  return subjects === NAMES.join() && pages === PAGES.join() ? RECORDED_PAGES : [];
}

function settings(values) {
  const subjects = listOf(`nothing,${values.cpuprofile ?? values.subjects}`, NAMES);
  const [runs, seed, seconds] = ['runs', 'seed', 'seconds'].map((name) => numberOf(values[name], name));
  return {
    ...values,
    runs,
    seed,
    seconds,
    subjects,
    pages: listOf(values.pages, PAGES),
    recorded: recordedPages(values),
    play,
  };
}

/** All sessions, page by page and round by round, each subject once a round: what the machine does meanwhile hits all alike. */
async function everySession(setting, subjects, { pages, runs, ...rest }) {
  const sessions = { measured: [], traced: [] };
  const run = async (kind, page, round, chosen, act) => {
    for (const subject of chosen) {
      try {
        const session = await act({ ...setting, subject }, page);
        sessions[kind].push({ page, round, subject: subject.name, ...session });
        complain(session, subject, page);
      } catch (error) {
        console.error(`  ${subject.name} on ${page}: left out, ${error.message.split('\n')[0]}`);
      }
    }
  };
  const scripts = subjects.filter(({ name }) => name !== 'nothing');
  for (const page of pages) {
    for (let round = 0; round < runs; round++) {
      await run('measured', page, round, subjects, (one) => measured(one, page, rest));
      console.error(`${page}: round ${round + 1} of ${runs}, ${Math.round(process.uptime())} s`);
    }
    await run('traced', page, 0, scripts, (one) => traced(one, page, { ...rest, seconds: TRACED_SECONDS }));
  }
  return sessions;
}

/** What would make a figure one of something else: a page with errors, or a subject that records nothing. */
function complain({ errors, received, counts = {} }, { name, captured }, page) {
  if (errors.length) console.error(`  ${name} on ${page}: ${errors.length} page errors, the first: ${errors[0]}`);
  if (captured && total(counts) && !received.length) console.error(`  ${name} on ${page}: sent nothing`);
}

function summaries({ measured, traced }, pages, subjects) {
  const of = (list, page, name) => list.filter((session) => session.page === page && session.subject === name);
  const results = {};
  for (const page of pages) {
    const nothing = of(measured, page, 'nothing');
    results[page] = Object.fromEntries(
      subjects.map(({ name }) => [
        name,
        summarise({ measured: of(measured, page, name), traced: of(traced, page, name), nothing }),
      ]),
    );
  }
  return results;
}

async function benchmark(setting, chosen) {
  const subjects = await prepare(chosen.subjects);
  const cdpOfBrowser = await setting.browser.newBrowserCDPSession();
  const sessions = await everySession(setting, subjects, { ...chosen, cdpOfBrowser });
  const results = summaries(sessions, chosen.pages, subjects);
  const goal = goalLines(chosen.pages, results);
  const section = [
    heading({
      command: `make bench-page RUNS=${chosen.runs} SEED=${chosen.seed}`,
      browser: `Chromium ${setting.browser.version()}`,
      versions: versions(),
      method: `medians of ${chosen.runs} rounds, each subject once a round and page, ${chosen.seconds} s of input; figures per 1,000 interactions, on the page without input per load`,
    }),
    ...chosen.pages.map((page) => pageTable(page, subjects, results)),
    capturedTable(subjects, sessions.measured),
    goal.length ? `Goal of ours:\n\n${goal.join('\n')}` : '',
  ].join('\n\n');
  console.log(section);
  mkdirSync(WORK, { recursive: true });
  writeFileSync(`${WORK}/page.json`, JSON.stringify({ results, sessions: slim(sessions) }, null, 1));
  const whole = subjects.length === NAMES.length && chosen.pages.length === PAGES.length;
  if (whole) writeSection(chosen.out, TITLE, section);
  console.error(`written: ${whole ? `${chosen.out} and ` : ''}${WORK}/page.json (${Math.round(process.uptime())} s)`);
}

/** Our recorder beside rrweb's. */
async function benchmarkRecorder({ browser }, { recorded: pages, recorder, runs, seconds, out }) {
  const { text, sessions } = await benchRecorder(browser, { pages, runs, seconds });
  const section = [
    heading({
      command: `make bench-page RUNS=${runs}${recorder ? ` RECORDER=${recorder}` : ''}`,
      browser: `Chromium ${browser.version()}`,
      versions: versions().filter((version) => version.startsWith('rrweb ')),
      method: `medians of ${runs} rounds, each recorder once a round and page, beyond the page alone; ${seconds} s of changes a round`,
    }),
    text,
  ].join('\n\n');
  console.log(section);
  mkdirSync(WORK, { recursive: true });
  writeFileSync(`${WORK}/recorder.json`, JSON.stringify(sessions, null, 1));
  const whole = pages.length === RECORDED_PAGES.length;
  if (whole) writeSection(out, RECORDER_TITLE, section);
  console.error(`written: ${whole ? `${out} and ` : ''}${WORK}/recorder.json (${Math.round(process.uptime())} s)`);
}

const slim = (sessions) =>
  Object.values(sessions)
    .flat()
    .map(({ received, ...rest }) => ({ ...rest, requests: received.length }));

function versions() {
  const { dependencies = {} } = JSON.parse(readFileSync(`${HERE}package.json`, 'utf8'));
  return Object.entries(dependencies).map(([name, version]) => `${name} ${version}`);
}

async function profile(setting, chosen) {
  const [subject] = (await prepare([chosen.cpuprofile], { readable: true })).filter(
    ({ name }) => name === chosen.cpuprofile,
  );
  const cdpOfBrowser = await setting.browser.newBrowserCDPSession();
  for (const page of chosen.pages)
    console.log(`${await profilePage({ ...setting, subject }, page, { ...chosen, cdpOfBrowser, folder: WORK })}\n`);
}

const { values } = parseArgs({ options });
if (values.help) {
  console.log(HELP);
} else {
  const chosen = settings(values);
  const site = await openSite();
  const browser = await launch();
  try {
    if (!chosen.recorder) await (chosen.cpuprofile ? profile : benchmark)({ site, browser }, chosen);
    if (chosen.recorded.length && !chosen.cpuprofile) await benchmarkRecorder({ browser }, chosen);
  } finally {
    await browser.close();
    site.close();
  }
}
