// The yardstick: how little full capture can cost. It notes and describes what the SDK notes and describes, without masks,
// consent or numbering, and sends nothing. Numbers go into a typed buffer at the event, an element is described once and
// in idle time, and the buffer is handed over whole.
const WIDTH = 6;
const ROWS = 1024;
const HAND_OVER_MS = 1000;
const SIBLINGS_MAX = 99;
const ANCESTORS_MAX = 8;
const CHAIN_MAX = 12;

let ring = new Float64Array(WIDTH * ROWS);
let at = 0;
/** Buffers that came back from the worker. */
const spare = [];
/** Descriptions, which go with the next buffer. */
let described = [];
const worker = new Worker('/subject/sketch/sketch.worker.js');
worker.onmessage = ({ data }) => spare.push(new Float64Array(data));

function handOver() {
  if (!at) return;
  const text = described.length ? JSON.stringify(described) : '';
  worker.postMessage({ ring: ring.buffer, length: at, described: text }, [ring.buffer]);
  ring = spare.pop() ?? new Float64Array(WIDTH * ROWS);
  at = 0;
  described = [];
}
setInterval(handOver, HAND_OVER_MS);

function put(kind, time, element, a, b, c) {
  if (at === ring.length) handOver();
  const row = ring;
  row[at++] = kind;
  row[at++] = time;
  row[at++] = element;
  row[at++] = a;
  row[at++] = b;
  row[at++] = c;
}

const numbers = new WeakMap();
let nextNumber = 1;
const waiting = [];
let idleAsked = false;

/** An element as a small integer; at first sight it is noted for description. */
function numberOf(element) {
  if (element.nodeType !== 1) return 0;
  let number = numbers.get(element);
  if (number === undefined) {
    number = nextNumber++;
    numbers.set(element, number);
    waiting.push([number, element]);
    if (!idleAsked) requestIdleCallback(describe);
    idleAsked = true;
  }
  return number;
}

function describe(deadline) {
  while (waiting.length && deadline.timeRemaining() > 1) {
    const [number, element] = waiting.pop();
    const { localName } = element;
    described.push(
      number,
      localName,
      pathOf(element),
      element.getAttribute('role'),
      element.getAttribute('name'),
      textOf(element),
    );
  }
  idleAsked = waiting.length > 0;
  if (idleAsked) requestIdleCallback(describe);
}

function positionOf(element) {
  let position = 1;
  for (let other = element.previousElementSibling; other; other = other.previousElementSibling)
    if (other.localName === element.localName && ++position > SIBLINGS_MAX) return '';
  return `:${position}`;
}

function pathOf(element) {
  const parts = [];
  for (let here = element; here && parts.length < ANCESTORS_MAX; here = here.parentElement) {
    if (here.id) {
      parts.push(`#${here.id}`);
      break;
    }
    parts.push(here.localName + positionOf(here));
  }
  return parts.reverse().join('>');
}

function textOf({ firstChild }) {
  return firstChild?.nodeType === 3 && firstChild.data.length < 400 ? firstChild.data.trim().slice(0, 80) : '';
}

const on = (type, handler) => addEventListener(type, handler, { capture: true, passive: true });

on('pointermove', (event) => {
  const samples = event.getCoalescedEvents();
  if (samples.length > 1) for (const s of samples) put(1, s.timeStamp, 0, s.clientX, s.clientY, 0);
  else put(1, event.timeStamp, 0, event.clientX, event.clientY, 0);
});

/** The elements under the pointer, innermost first. */
let over = [];
on('pointerover', ({ target, timeStamp, clientX, clientY }) => {
  const chain = [];
  for (let here = target; here?.nodeType === 1 && chain.length < CHAIN_MAX; here = here.parentElement) chain.push(here);
  const was = over;
  let same = 0;
  const shorter = Math.min(was.length, chain.length);
  while (same < shorter && was[was.length - 1 - same] === chain[chain.length - 1 - same]) same++;
  for (let i = 0; i < was.length - same; i++) put(3, timeStamp, numberOf(was[i]), 0, 0, 0);
  for (let i = chain.length - same - 1; i >= 0; i--) put(2, timeStamp, numberOf(chain[i]), clientX, clientY, 0);
  over = chain;
});

const point = (kind) => (event) =>
  put(kind, event.timeStamp, numberOf(event.target), event.clientX, event.clientY, event.button);
on('pointerdown', point(4));
on('pointerup', point(5));
on('click', point(6));
on('dblclick', point(7));
on('contextmenu', point(8));

on('keydown', (event) => put(9, event.timeStamp, 0, event.key.length === 1 ? 1 : event.keyCode, 0, 0));
on('input', ({ target, timeStamp }) =>
  put(10, timeStamp, numberOf(target), target.value ? target.value.length : 0, 0, 0),
);

const plain = (kind) => (event) => put(kind, event.timeStamp, numberOf(event.target), 0, 0, 0);
on('change', plain(11));
on('submit', plain(12));
on('focusin', plain(13));
on('focusout', plain(14));

// Where it scrolled to is read once a frame and after layout, by a message: reading it in the handler would force layout.
let scrolled = null;
const afterFrame = new MessageChannel();
afterFrame.port1.onmessage = () => {
  const { target, timeStamp } = scrolled;
  scrolled = null;
  const element = target === document ? document.scrollingElement : target;
  put(15, timeStamp, target === document ? 0 : numberOf(target), element.scrollLeft, element.scrollTop, 0);
};
on('scroll', ({ target, timeStamp }) => {
  if (!scrolled) requestAnimationFrame(() => afterFrame.port2.postMessage(0));
  scrolled = { target, timeStamp };
});
on('resize', plain(16));
on('copy', plain(17));
on('cut', plain(18));
on('paste', plain(19));
