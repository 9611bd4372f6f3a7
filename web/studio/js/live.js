// The live feed: asks for what arrived since the last look, about once a second, and shows it newest first.

import { rows } from './api.js';
import { byId, make } from './dom.js';
import { describe, family, visitorColour } from './events.js';
import { drawSparkline } from './sparkline.js';

const POLL_MS = 1000;
const COUNT_EVERY_POLLS = 3;
const FEED_ROWS_MAX = 200;
const RATE_SECONDS = 60;

const COLUMNS = `type, seq, tab_id, visitor_id, occurred_at, received_at, page_path, element_path, element_text,
  x, y, duration_ms, request_method, request_url, request_status, input_kind, input_length, change_index, error_message,
  vital_name, vital_value, custom_name, visibility_state, key_class`;

let newest = null;
let paused = false;
const perSecond = [];

export function startLive(onHealth) {
  const pause = byId('pause');
  pause.addEventListener('click', () => {
    paused = !paused;
    pause.setAttribute('aria-pressed', String(paused));
    pause.textContent = paused ? 'Go on' : 'Pause';
  });
  let polls = 0;
  const poll = async () => {
    try {
      if (!paused && !document.hidden) {
        const count = polls++ % COUNT_EVERY_POLLS === 0 ? countTypes() : undefined;
        await Promise.all([fetchNew(), count]);
        onHealth(true);
      }
    } catch (problem) {
      onHealth(false, problem.message);
    }
    setTimeout(poll, POLL_MS);
  };
  poll();
}

async function fetchNew() {
  const since = newest ? `where received_at >= timestamp '${newest}'` : '';
  const found = await rows(
    `select ${COLUMNS} from events ${since} order by received_at desc, seq desc limit ${FEED_ROWS_MAX}`,
  );
  const feed = byId('feed');
  const fresh = found.filter((event) => !document.getElementById(rowId(event)));
  const first = newest === null;
  if (found.length > 0) newest = found[0].received_at;
  for (const event of fresh.reverse()) feed.prepend(row(event, !first));
  while (feed.children.length > FEED_ROWS_MAX) feed.lastChild.remove();
  byId('feed-empty').hidden = feed.children.length > 0;
  feed.hidden = feed.children.length === 0;
  perSecond.push(first ? 0 : fresh.length);
  if (perSecond.length > RATE_SECONDS) perSecond.shift();
  drawSparkline(byId('sparkline'), perSecond, RATE_SECONDS);
}

async function countTypes() {
  const counts = await rows(`select type, count(*) as n, sum(count(*)) over () as total,
    (select count(distinct visitor_id) from events) as visitors from events group by 1 order by n desc`);
  byId('types').replaceChildren(
    ...counts.map(({ type, n }) =>
      make('span', { class: 'type', 'data-family': family(type) }, type, make('b', {}, Number(n).toLocaleString())),
    ),
  );
  const { total = 0, visitors = 0 } = counts[0] ?? {};
  byId('rate').textContent =
    `${Number(total).toLocaleString()} events, ${Number(visitors).toLocaleString()} ${visitors === 1 ? 'visitor' : 'visitors'}`;
}

const rowId = (event) => `event-${event.tab_id}-${event.seq}`;

function row(event, isNew) {
  const at = new Date(event.occurred_at);
  const clock = Number.isNaN(at.getTime())
    ? '–'
    : at.toLocaleTimeString([], { hour12: false }) + '.' + String(at.getMilliseconds()).padStart(3, '0');
  const who = make('span', { class: 'who', title: `visitor ${event.visitor_id}` }, event.visitor_id.slice(-4));
  who.style.setProperty('--visitor', visitorColour(event.visitor_id));
  const item = make(
    'li',
    { id: rowId(event), tabindex: '0', ...(isNew && { class: 'new' }) },
    make('time', { datetime: event.occurred_at }, clock),
    make('span', { class: 'type', 'data-family': family(event.type) }, event.type),
    make('span', { class: 'what' }, ...describe(event)),
    who,
  );
  const open = () => showDetails(event);
  item.addEventListener('click', open);
  item.addEventListener('keydown', (key) => {
    if (key.key === 'Enter') open();
  });
  return item;
}

async function showDetails({ tab_id, seq, type }) {
  const [event] = await rows(`select * from events where tab_id = '${tab_id}' and seq = ${Number(seq)}`);
  byId('details-title').textContent = `${type}, number ${seq} of its tab`;
  byId('details-list').replaceChildren(
    ...Object.entries(event ?? {})
      .filter(([, value]) => value !== null)
      .flatMap(([name, value]) => [
        make('dt', {}, name),
        make('dd', {}, typeof value === 'object' ? JSON.stringify(value) : value),
      ]),
  );
  byId('details').showModal();
}
