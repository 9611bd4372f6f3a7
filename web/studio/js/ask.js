// The SQL panel: examples, the editor, the result table and its CSV.

import { sql } from './api.js';
import { byId, make } from './dom.js';

const ROWS_SHOWN_MAX = 1000;

const EXAMPLES = [
  ['Events by type', 'select type, count(*) as events\nfrom events\ngroup by 1\norder by 2 desc'],
  [
    'Sessions',
    'select started_at, round(duration_ms / 1000) as seconds, events, entry_page, exit_page, browser_name\nfrom sessions\norder by started_at desc\nlimit 50',
  ],
  [
    'Longest hovers',
    "select element_path, count(*) as hovers, round(avg(duration_ms)) as mean_ms, max(duration_ms) as longest_ms\nfrom events\nwhere type = 'element_leave' and duration_ms >= 250\ngroup by 1\norder by hovers desc\nlimit 20",
  ],
  [
    'Slow requests',
    "select request_url, count(*) as calls, round(avg(request_duration_ms)) as mean_ms, max(request_status) as worst_status\nfrom events\nwhere type = 'request'\ngroup by 1\norder by mean_ms desc",
  ],
  [
    'Clicks a page',
    "select page_path, element_path, count(*) as clicks\nfrom events\nwhere type = 'click'\ngroup by 1, 2\norder by 3 desc\nlimit 30",
  ],
  [
    'Pointer samples',
    'select page_view_id, count(*) as trails, sum(array_length(x)) as samples\nfrom pointer\ngroup by 1\norder by 3 desc',
  ],
  [
    'Completeness',
    'select tab_id, events_expected, events_received, events_lost, duplicates\nfrom ledger\norder by events_lost desc, events_received desc\nlimit 50',
  ],
];

let shown = null;

export function startAsking() {
  const editor = byId('sql');
  editor.value = EXAMPLES[0][1];
  byId('examples').replaceChildren(
    ...EXAMPLES.map(([title, text]) => {
      const chip = make('button', { type: 'button' }, title);
      chip.addEventListener('click', () => {
        editor.value = text;
        run();
      });
      return chip;
    }),
  );
  byId('ask').addEventListener('submit', (event) => {
    event.preventDefault();
    run();
  });
  editor.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      run();
    }
  });
  byId('download').addEventListener('click', () => download(shown));
  run();
}

async function run() {
  const outcome = byId('outcome');
  outcome.textContent = 'running…';
  const began = performance.now();
  try {
    shown = await sql(byId('sql').value);
    byId('error').hidden = true;
    show(shown);
    const count = shown.rows.length;
    outcome.textContent = `${count.toLocaleString()} ${count === 1 ? 'row' : 'rows'} in ${Math.round(performance.now() - began)} ms`;
  } catch (problem) {
    shown = null;
    byId('result').replaceChildren();
    byId('error').textContent = problem.message;
    byId('error').hidden = false;
    outcome.textContent = problem.code ?? '';
  }
  byId('download').disabled = shown === null;
}

function show({ columns, rows }) {
  const numeric = columns.map(
    (_, index) => rows.length > 0 && rows.every((row) => row[index] === null || typeof row[index] === 'number'),
  );
  const cell = (value, index) => {
    if (value === null) return make('td', { class: 'null' }, 'null');
    const text =
      typeof value === 'object'
        ? JSON.stringify(value)
        : numeric[index]
          ? value.toLocaleString(undefined, { maximumFractionDigits: 3 })
          : String(value);
    return make('td', { title: text.slice(0, 2000), ...(numeric[index] && { class: 'number' }) }, text);
  };
  const head = make(
    'tr',
    {},
    ...columns.map((column, index) =>
      make('th', numeric[index] ? { class: 'number' } : {}, column.name, make('small', {}, column.type)),
    ),
  );
  const body = rows.slice(0, ROWS_SHOWN_MAX).map((row) => make('tr', {}, ...row.map(cell)));
  const parts = [make('table', {}, make('thead', {}, head), make('tbody', {}, ...body))];
  if (rows.length === 0) parts.push(make('p', { class: 'empty' }, 'The answer has no rows.'));
  if (rows.length > ROWS_SHOWN_MAX)
    parts.push(
      make('p', { class: 'empty' }, `The first ${ROWS_SHOWN_MAX.toLocaleString()} rows. The CSV has all of them.`),
    );
  byId('result').replaceChildren(...parts);
}

// A leading = + - @ would be a formula in a spreadsheet.
function csvCell(value) {
  if (value === null) return '';
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  const safe = typeof value !== 'number' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function download({ columns, rows }) {
  const lines = [columns.map((column) => column.name), ...rows].map((row) => row.map(csvCell).join(','));
  const link = make('a', {
    download: 'answer.csv',
    href: URL.createObjectURL(new Blob([`${lines.join('\r\n')}\r\n`], { type: 'text/csv' })),
  });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
