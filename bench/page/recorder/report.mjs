// The figures of all sessions as a table of Markdown, and which goals are reached. No I/O.
import { figure, median, ratio, table } from '../statistics.mjs';
import { pageNamed } from './pages.mjs';

/** Of one task of the main thread, at a quarter of the speed. */
const TASK_MS_MAX = 50;
const NOTE = '(¹) More than the 50,000 nodes that ours records: what it costs is to notice, and nothing is recorded.';

/** The medians of one subject on a page; what a page costs alone until the snapshot, in the session of the same round, is taken off. */
export function summariseRecorder({ measured, traced, nothing }) {
  const pairs = measured.map((session) => [session, nothing.find(({ round }) => round === session.round)]);
  const beyond = (key) => median(pairs.map(([session, alone]) => (alone ? session[key] - alone[key] : null)));
  return {
    recorded: measured.every(({ recorded }) => recorded),
    snapshot: beyond('snapshotMs'),
    changes: median(measured.map(({ changesMs }) => changesMs)),
    bytes: median(measured.map(({ bytes }) => bytes)),
    taskMs: traced.length ? Math.max(...traced.map(({ ownMs }) => ownMs)) : null,
  };
}

const HEAD = [
  ...['page', 'what', 'ours ms', 'rrweb ms', 'ours / rrweb'],
  ...['longest task, 4×: ours ms', 'rrweb ms', 'ours KiB', 'rrweb KiB'],
];

const whatOf = (page) => (page === 'changing' ? ['snapshot', 'changes'] : ['snapshot']);
const shareOf = ({ ours, rrweb }, what) => (ours.recorded ? ratio(ours[what], rrweb[what]) : null);

/** `results`: page → summaries of ours and of rrweb. */
export function recorderTable(pages, results) {
  const rows = pages.flatMap((page) =>
    whatOf(page).map((what, n) => {
      const { ours, rrweb } = results[page];
      const once = (cell) => (n ? '' : cell);
      return [
        once(pageNamed(page).title),
        what,
        figure(ours[what], 1),
        figure(rrweb[what], 1),
        figure(shareOf(results[page], what), 2),
        ...[ours, rrweb].map(({ taskMs }) => once(figure(taskMs, 1))),
        ...[ours, rrweb].map(({ bytes }) => once(figure(bytes === null ? null : bytes / 1024, 1))),
      ];
    }),
  );
  return [table(HEAD, rows), ...(pages.includes('large') ? [NOTE] : [])].join('\n\n');
}

/** One line a page: each part of the goal with what was seen. */
export const recorderGoals = (pages, results) => pages.map((page) => `- ${page}: ${partsOf(page, results[page])}`);

function partsOf(page, result) {
  const { ours, rrweb } = result;
  const parts = Object.entries(pageNamed(page).goals).map(([what, most]) =>
    part(`${what} ${figure(shareOf(result, what), 2)} × rrweb's`, shareOf(result, what), most),
  );
  parts.push(part(`longest task at 4× ${figure(ours.taskMs, 1)} ms`, ours.taskMs, TASK_MS_MAX));
  if (ours.recorded)
    parts.push(part(`bytes ${figure(ours.bytes / rrweb.bytes, 2)} × rrweb's`, ours.bytes / rrweb.bytes, 1));
  return parts.join('; ');
}

const part = (text, value, most) => `${value !== null && value <= most ? '✓' : '✗'} ${text} (goal ≤ ${most})`;
