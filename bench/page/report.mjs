// The figures of all sessions as tables of Markdown, and whether the goal is reached. No I/O.
import { shares } from './captured.mjs';
import { total } from './score.mjs';
import { figure, median, ratio, table } from './statistics.mjs';

export const TITLES = {
  form: 'A form',
  table: 'A table of 10,000 rows with hover',
  changing: 'A page that changes 200 nodes a second',
  load: 'A load without input',
};

/** What ours may cost; DEFINITIONS of the columns stand in bench/README.md. */
export const GOAL = { sketchRatio: 1.2, longestMs: 2, forced: 0, longTasks: 0 };
/** Below this many milliseconds a ratio would be one of noise. */
const LEAST_MS = 2;

/**
 * The medians of a subject on a page. `measured` and `traced` are lists of sessions, `nothing` the measured sessions of the
 * page alone, paired by round: what a subject costs is its session less that of the same round with nothing.
 */
export function summarise({ measured, traced, nothing }) {
  const inputs = total(measured[0]?.counts ?? {});
  /** Per 1,000 interactions; per load on the page without input. */
  const per = (value, count = inputs) => (value !== null && count ? (value / count) * 1000 : value);
  const pairs = measured.map((session) => [session, nothing.find(({ round }) => round === session.round)]);
  const complete = pairs.filter(([, other]) => other);
  const beyond = (key) => median(complete.map(([session, other]) => session[key] - other[key]));
  const of = (list, value) => median(list.map(value));
  const forcedMs = of(traced, ({ forcedMs: ms, interactions }) => per(ms, interactions));
  const scriptMs = beyond('scriptMs');
  return {
    scriptMs: scriptMs === null ? null : per(scriptMs) + (forcedMs ?? 0),
    heapKib: beyond('heapBytes') === null ? null : beyond('heapBytes') / 1024,
    forcedMs,
    forced: of(traced, ({ forced, interactions }) => per(forced, interactions)),
    longestMs: of(traced, ({ longest: [first] }) => first?.ms ?? 0),
    longestName: traced[0]?.longest[0]?.name ?? '',
    longTasks: of(traced, ({ longTasks }) => longTasks),
    blockingMs: of(traced, ({ blockingMs }) => blockingMs),
    sentKib: of(measured, ({ received }) => per(received.reduce((sum, { body }) => sum + body.length, 0) / 1024)),
    requests: of(measured, ({ received }) => per(received.length)),
  };
}

const HEAD = [
  ...['subject', 'script ms', '× sketch', '× empty', 'forced layouts (ms)', 'longest call ms'],
  ...['long tasks, 4×', 'blocking ms, 4×', 'heap KiB', 'sent KiB', 'requests'],
];

/** `results`: page → subject name → summary. */
export function pageTable(page, subjects, results) {
  const rows = subjects
    .filter(({ name }) => name !== 'nothing')
    .map(({ name, title }) => {
      const summary = results[page][name];
      const to = (other) => figure(ratio(summary.scriptMs, results[page][other]?.scriptMs ?? null, LEAST_MS), 2);
      return [
        title,
        figure(summary.scriptMs, 1),
        to('sketch'),
        to('empty'),
        `${figure(summary.forced)} (${figure(summary.forcedMs, 1)})`,
        figure(summary.longestMs, 2),
        figure(summary.longTasks),
        figure(summary.blockingMs),
        figure(summary.heapKib),
        figure(summary.sentKib, 1),
        figure(summary.requests),
      ];
    });
  return `### ${TITLES[page]}\n\n${table(HEAD, rows)}`;
}

/** Per cent of the interactions that stand in what was sent, over all pages with input; a dash where it cannot be known. */
export function capturedTable(subjects, sessions) {
  const rows = subjects
    .filter(({ name }) => name !== 'nothing')
    .map(({ name, title, captured }) => {
      const own = captured ? sessions.filter(({ subject, counts }) => subject === name && total(counts)) : [];
      const all = own.map(({ counts, received }) => shares(counts, captured(received)));
      const cell = (kind) => {
        const value = median(all.map((share) => share[kind]));
        return figure(value === null ? null : value * 100);
      };
      return [title, ...['all', 'samples', 'clicks', 'keys', 'wheels'].map(cell)];
    });
  return table(['captured, % of', 'all interactions', 'samples', 'clicks', 'keys', 'wheel turns'], rows);
}

/** One line a page: each part of the goal with what was seen. Empty without both ours and the sketch. */
export function goalLines(pages, results) {
  return pages
    .filter((page) => results[page].ours && results[page].sketch)
    .map((page) => {
      const { ours, sketch } = results[page];
      const always = [
        part('forced layouts', ours.forced, GOAL.forced, '', 1),
        part('long tasks at 4×', ours.longTasks, GOAL.longTasks, '', 0),
      ];
      // A load is one call: the evaluation of the script, of which the sketch has next to nothing.
      const withInput = [
        part('script', ratio(ours.scriptMs, sketch.scriptMs, LEAST_MS), GOAL.sketchRatio, '× sketch', 2),
        part('longest call', ours.longestMs, GOAL.longestMs, 'ms', 2),
      ];
      const parts = page === 'load' ? always : [...withInput, ...always];
      const reached = parts.every(({ ok }) => ok);
      return `- ${page}: ${reached ? 'reached' : 'NOT reached'}. ${parts.map(({ text }) => text).join('; ')}. Longest: ${ours.longestName || '–'}`;
    });
}

function part(name, value, most, unit, digits) {
  const ok = value !== null && value <= most;
  const written = `${figure(value, digits)}${unit && ` ${unit}`}`;
  return { ok, text: `${ok ? '✓' : '✗'} ${name} ${written} (goal ${most ? `≤ ${most}` : 0})` };
}
