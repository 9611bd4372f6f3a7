// Ask SQL: an editor, example questions, and the answer as a table.

import { cellText, csv, isNumeric } from './answer.js';
import { byId, element } from './dom.js';
import { sql } from './server.js';

const SHOWN_ROWS_MAX = 500;

const EXAMPLES = [
  ['Events by type', 'select type, count(*) as n\nfrom events\ngroup by 1\norder by n desc'],
  [
    'Newest clicks',
    "select occurred_at, page_path, element_text, element_path, x, y\nfrom events\nwhere type = 'click'\norder by occurred_at desc\nlimit 50",
  ],
  [
    'Sessions',
    'select started_at, duration_ms / 1000 as seconds, engaged_ms / 1000 as engaged, page_views, events, entry_page, exit_page, completeness\nfrom sessions\norder by started_at desc\nlimit 50',
  ],
  [
    'Time on page',
    'select page_path, count(*) as views, round(avg(time_on_page_ms) / 1000, 1) as seconds, round(avg(engaged_ms) / 1000, 1) as engaged, max(max_scroll_y) as deepest_scroll\nfrom page_views\ngroup by 1\norder by views desc',
  ],
  [
    'Longest hovers',
    'select page_path, element_path, count(*) as times, round(avg(dwell_ms)) as mean_ms, sum(clicks) as clicks\nfrom hovers\ngroup by 1, 2\norder by mean_ms desc\nlimit 30',
  ],
  [
    'Slow requests',
    'select url, count(*) as n, round(avg(duration_ms)) as mean_ms, max(duration_ms) as slowest_ms\nfrom requests\ngroup by 1\norder by mean_ms desc',
  ],
  [
    'Friction',
    'select signal, count(*) as findings, count(distinct session_id) as sessions, page_path, element_path\nfrom friction\ngroup by 1, 4, 5\norder by sessions desc\nlimit 50',
  ],
  [
    'Pointer samples',
    'select occurred_at, cardinality(x) as samples, dt, x, y\nfrom pointer\norder by occurred_at desc\nlimit 20',
  ],
  [
    'Lost events',
    'select session_id, tab_id, events_expected, events_received, events_lost, duplicates, first_gap_seq\nfrom ledger\norder by events_lost desc\nlimit 20',
  ],
];

let answer;
let running;

export function startAsk() {
  for (const [name, text] of EXAMPLES) {
    const chip = element('button', name, { type: 'button' });
    chip.addEventListener('click', () => {
      byId('sql').value = text;
      run();
    });
    byId('examples').append(chip);
  }
  byId('sql').value = EXAMPLES[0][1];
  byId('form').addEventListener('submit', (submit) => {
    submit.preventDefault();
    run();
  });
  byId('sql').addEventListener('keydown', (key) => {
    if (key.key === 'Enter' && (key.ctrlKey || key.metaKey)) {
      key.preventDefault();
      run();
    }
  });
  byId('download').addEventListener('click', download);
}

/** Asks the first example, unless something was asked: a newcomer sees an answer beside the question. */
export function answerFirst() {
  if (!running) run();
}

async function run() {
  running?.abort();
  const mine = new AbortController();
  running = mine;
  byId('took').textContent = 'running …';
  byId('problem').hidden = true;
  const began = performance.now();
  try {
    answer = await sql(byId('sql').value, mine.signal);
    show(answer, performance.now() - began);
  } catch (problem) {
    if (mine.signal.aborted) return;
    fail(problem);
  }
}

function show({ columns, rows }, took) {
  const count = `${rows.length.toLocaleString()} ${rows.length === 1 ? 'row' : 'rows'}`;
  const cut = rows.length > SHOWN_ROWS_MAX ? `, the first ${SHOWN_ROWS_MAX} shown` : '';
  byId('took').textContent =
    `${count} in ${took < 1_000 ? `${Math.round(took)} ms` : `${(took / 1_000).toFixed(1)} s`}${cut}`;
  const numeric = columns.map(({ type }) => isNumeric(type));
  const head = element('tr');
  columns.forEach(({ name, type }, index) => {
    const cell = element('th', name, { scope: 'col', className: numeric[index] ? 'number' : '' });
    cell.append(element('small', shortType(type)));
    head.append(cell);
  });
  const [thead, tbody] = byId('answer').querySelector('table').children;
  thead.replaceChildren(head);
  tbody.replaceChildren(
    ...rows.slice(0, SHOWN_ROWS_MAX).map((row) => {
      const line = element('tr');
      for (const [index, value] of row.entries()) line.append(cell(value, numeric[index]));
      return line;
    }),
  );
  byId('answer').hidden = false;
  byId('download').hidden = false;
}

function cell(value, numeric) {
  if (value === null) return element('td', 'null', { className: 'null' });
  const text = cellText(value);
  return element('td', text, { className: numeric ? 'number' : '', title: text });
}

function shortType(type) {
  return type
    .replace(/^Timestamp.*/, 'time')
    .replace(/^List.*/, 'list')
    .replace(/^(Large)?Utf8(View)?$/, 'text')
    .replace(/^U?Int\d+$/, 'integer')
    .replace(/^Float\d+$/, 'number')
    .replace(/^Date\d+$/, 'date')
    .replace('Boolean', 'yes/no');
}

function fail(problem) {
  byId('took').textContent = '';
  const line = byId('problem');
  line.replaceChildren(
    element('code', problem.code ?? 'unreachable'),
    problem.code ? problem.message : 'the server does not answer',
  );
  line.hidden = false;
  byId('answer').hidden = true;
  byId('download').hidden = true;
}

function download() {
  const file = URL.createObjectURL(new Blob([csv(answer)], { type: 'text/csv' }));
  element('a', undefined, { href: file, download: 'answer.csv' }).click();
  setTimeout(() => URL.revokeObjectURL(file), 1_000);
}
