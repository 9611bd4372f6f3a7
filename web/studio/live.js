// Events as they arrive: asks every second for what is newer than the newest seen, and lets the rows in one by one.

import { answerFirst } from './ask.js';
import { byId, element } from './dom.js';
import { sql } from './server.js';

const POLL_MS = 1_000;
const RETRY_MS = 3_000;
const WINDOW_MS = 10 * 60 * 1_000; // what the counters count
const OVERLAP_MS = 5_000; // partitions land at different moments, so look back a little; repeats are dropped
const ROWS_MAX = 150; // rows kept in the page
const POLL_ROWS_MAX = 2_000;
const SPARK_SECONDS = 60;

const KINDS = {
  page: ['page_view', 'page_leave', 'visibility', 'resize', 'heartbeat', 'print'],
  click: ['click', 'double_click', 'context_menu', 'pointer_down', 'pointer_up', 'pointer_cancel', 'effect', 'toggle'],
  pointer: ['pointer', 'element_enter', 'element_leave', 'scroll', 'drag'],
  input: ['focus', 'blur', 'input', 'composition', 'change', 'submit', 'key', 'clipboard'],
  network: ['request', 'web_vital', 'long_frame', 'media', 'custom'],
  error: ['error', 'capture_degraded'],
};
const KIND_OF = new Map(Object.entries(KINDS).flatMap(([kind, types]) => types.map((type) => [type, kind])));
const colour = (type) => `var(--${KIND_OF.get(type) ?? 'other'})`;

const COLUMNS = [
  'received_at',
  'occurred_at',
  'type',
  'visitor_id',
  'tab_id',
  'seq',
  'page_path',
  'element_path',
  'element_text',
  'request_method',
  'request_url',
  'request_status',
  'error_message',
  'vital_name',
  'vital_value',
  'custom_name',
  'key_class',
];

const seen = new Map(); // tab/seq -> received, milliseconds
const chosen = new Set(); // types to show; none chosen shows all
const waiting = []; // rows on their way into the table
let recent = []; // {type, at} of the last ten minutes
let newest = Date.now() - WINDOW_MS;
let paused = false;
let heldBack = 0;

export function startLive() {
  byId('pause').addEventListener('click', togglePause);
  setInterval(admit, 80);
  setInterval(drawRate, 1_000);
  poll(true);
}

async function poll(first = false) {
  let pause = POLL_MS;
  try {
    if (document.visibilityState === 'visible') take(await newer(), first);
    setState(paused ? 'paused' : 'live', paused ? '' : 'live');
  } catch (problem) {
    setState(problem.code ? `refused: ${problem.message}` : 'server away, trying again', 'lost');
    pause = RETRY_MS;
  }
  setTimeout(poll, pause);
}

async function newer() {
  const since = new Date(newest - OVERLAP_MS).toISOString();
  const { columns, rows } = await sql(
    `select ${COLUMNS.join(', ')} from events where received_at > timestamp '${since}' ` +
      `and event_date >= date '${new Date(newest - WINDOW_MS - 86_400_000).toISOString().slice(0, 10)}' ` +
      `order by received_at desc, seq desc limit ${POLL_ROWS_MAX}`,
  );
  return rows.map((row) => Object.fromEntries(columns.map(({ name }, index) => [name, row[index]]))).reverse();
}

function take(events, first) {
  for (const event of events) {
    const id = `${event.tab_id}/${event.seq}`;
    if (seen.has(id)) continue;
    const at = Date.parse(event.received_at);
    seen.set(id, at);
    newest = Math.max(newest, at);
    recent.push({ type: event.type, at });
    waiting.push(event);
  }
  if (first) waiting.splice(0, waiting.length - ROWS_MAX);
  forgetOld();
  drawTypes();
  byId('nothing').hidden = recent.length > 0;
  if (recent.length > 0) answerFirst();
}

function forgetOld() {
  const horizon = Date.now() - WINDOW_MS;
  recent = recent.filter(({ at }) => at >= horizon);
  for (const [id, at] of seen) if (at < newest - 2 * OVERLAP_MS && at < horizon) seen.delete(id);
}

/** A few rows at a time, so that a second's worth of events flows instead of jumping. */
function admit() {
  if (paused) return;
  const body = byId('events');
  for (const event of waiting.splice(0, Math.ceil(waiting.length / 10))) {
    if (chosen.size === 0 || chosen.has(event.type)) body.prepend(row(event));
  }
  while (body.rows.length > ROWS_MAX) body.lastElementChild.remove();
}

function row(event) {
  const made = element('tr', undefined, { className: 'new' });
  made.dataset.type = event.type;
  const kind = element('td', event.type, { className: 'kind' });
  kind.style.setProperty('--kind', colour(event.type));
  const visitor = element('td');
  // The end of a time-ordered id is what differs between visitors of one minute.
  const who = element('span', event.visitor_id.slice(-8), { className: 'who', title: event.visitor_id });
  who.style.setProperty('--who', `hsl(${parseInt(event.visitor_id.slice(-4), 16) % 360 || 0} 60% 55%)`);
  visitor.append(who);
  const [what, where] = [detail(event), event.element_path];
  made.append(
    element('td', clock(event.occurred_at)),
    kind,
    element('td', what, { title: where ? `${what}\n${where}` : what }),
    element('td', event.page_path ?? '', { title: event.page_path ?? '' }),
    visitor,
  );
  return made;
}

function detail(event) {
  if (event.request_url)
    return `${event.request_method ?? ''} ${event.request_url} ${event.request_status ?? ''}`.trim();
  if (event.error_message) return event.error_message;
  if (event.vital_name) return `${event.vital_name} ${event.vital_value ?? ''}`;
  if (event.custom_name) return event.custom_name;
  const parts = [event.element_text, event.element_path?.split('>').at(-1), event.key_class];
  return parts.filter((part) => part).join(' · ');
}

function clock(time) {
  const at = new Date(time);
  return `${at.toLocaleTimeString([], { hour12: false })}.${String(at.getMilliseconds()).padStart(3, '0')}`;
}

function drawTypes() {
  const counts = new Map();
  for (const { type } of recent) counts.set(type, (counts.get(type) ?? 0) + 1);
  const group = byId('types');
  const buttons = new Map([...group.children].map((button) => [button.dataset.type, button]));
  for (const [type, count] of [...counts].sort(([a], [b]) => a.localeCompare(b))) {
    const button = buttons.get(type) ?? newTypeButton(group, type);
    button.lastElementChild.textContent = count.toLocaleString();
    buttons.delete(type);
  }
  for (const [type, button] of buttons)
    if (!chosen.has(type)) button.remove();
    else button.lastElementChild.textContent = '0';
}

function newTypeButton(group, type) {
  const button = element('button', type, { type: 'button' });
  button.dataset.type = type;
  button.style.setProperty('--kind', colour(type));
  button.setAttribute('aria-pressed', 'false');
  button.append(element('b', '0'));
  button.addEventListener('click', () => choose(button, type));
  const after = [...group.children].find((other) => other.dataset.type > type);
  group.insertBefore(button, after ?? null);
  return button;
}

function choose(button, type) {
  if (!chosen.delete(type)) chosen.add(type);
  button.setAttribute('aria-pressed', String(chosen.has(type)));
  for (const shown of byId('events').rows) shown.hidden = chosen.size > 0 && !chosen.has(shown.dataset.type);
}

function drawRate() {
  const now = Math.floor(Date.now() / 1_000);
  const bins = new Array(SPARK_SECONDS).fill(0);
  for (const { at } of recent) {
    const age = now - Math.floor(at / 1_000);
    if (age >= 0 && age < SPARK_SECONDS) bins[SPARK_SECONDS - 1 - age] += 1;
  }
  const top = Math.max(4, ...bins);
  const step = 240 / (SPARK_SECONDS - 1);
  const points = bins.map((count, index) => `${(index * step).toFixed(1)},${(34 - (count / top) * 31).toFixed(1)}`);
  const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  path.setAttribute('d', `M0,36 L${points.join(' L')} L240,36 Z`);
  byId('spark').replaceChildren(path);
  // Events land a second or two after they are received: the mean of the last ten seconds is steady.
  const mean = bins.slice(-12, -2).reduce((sum, count) => sum + count, 0) / 10;
  byId('rate').textContent = mean >= 10 ? Math.round(mean).toLocaleString() : mean.toFixed(1).replace(/\.0$/, '');
  if (paused && waiting.length !== heldBack) {
    heldBack = waiting.length;
    byId('pause').textContent = heldBack ? `Resume (${heldBack.toLocaleString()})` : 'Resume';
  }
}

function togglePause() {
  paused = !paused;
  heldBack = 0;
  if (!paused) waiting.splice(0, waiting.length - ROWS_MAX);
  byId('pause').textContent = paused ? 'Resume' : 'Pause';
  byId('pause').setAttribute('aria-pressed', String(paused));
  setState(paused ? 'paused' : 'live', paused ? '' : 'live');
}

function setState(text, name) {
  const pill = byId('state');
  if (pill.textContent !== text) pill.textContent = text;
  pill.className = `pill ${name}`;
}
