import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Telemetry } from '../src/page/api.ts';
import { TOOLS } from '../src/page/late/tools.ts';
import type { Settings } from '../src/page/settings.ts';
import { startTelemetry } from '../src/page/telemetry.ts';
import { bring } from '../src/page/tools.ts';
import { encodeBatch, type TelemetryEvent } from '../src/shared/batch.ts';
import type { Written } from '../src/shared/chunk.ts';
import { writeBatch, writeEvents } from '../src/shared/encode.ts';
import { DESCRIBE_AFTER_MS, FLUSH_MS, PART_AFTER_MS, PART_ROWS_MIN } from '../src/shared/limits.ts';
import type { Order, Report } from '../src/shared/messages.ts';
import { mayTell } from '../src/worker/sensitive.ts';
import { EVENT_TYPES, wrongWith } from './contract.ts';
import { removeListeners } from './setup.ts';

interface Batch {
  batch_id: string;
  batch_seq: number;
  visitor_id: string;
  page_view_id: string;
  page: { url: string; referrer: string };
  identity: Record<string, string | null>;
  client_hints: object;
  events: (TelemetryEvent & Record<string, never>)[];
}

// On a page an import brings them.
bring(TOOLS);

/** Stands in for the worker: keeps its orders, and reports what a test lets it report. */
class FakeWorker extends EventTarget {
  static last: FakeWorker;
  orders: Order[] = [];

  constructor() {
    super();
    FakeWorker.last = this;
  }

  terminate(): void {}

  postMessage(order: Order): void {
    this.orders.push(structuredClone(order));
  }

  report(report: Report): void {
    this.dispatchEvent(new MessageEvent('message', { data: report }));
  }

  /** The batches of the orders so far, as the worker would send them. */
  batches(): Batch[] {
    const made: Batch[] = [];
    let parts: Written[] = [];
    for (const order of this.orders) {
      if (order.kind !== 'part' && order.kind !== 'batch') continue;
      const base = order.kind === 'part' ? order.base : order.header.page.url;
      parts.push(writeEvents(order.chunk, base, mayTell));
      if (order.kind === 'part') continue;
      made.push(JSON.parse(encodeBatch(writeBatch(order.header, parts).rest, 1, null)));
      parts = [];
    }
    return made;
  }
}

const SETTINGS: Settings = {
  key: 'key',
  ingest: 'https://collect.example/v1/events',
  worker: '/telemetry.worker.js',
  nonce: '',
  hooks: '',
  late: '',
  data: {},
  consent: 'granted',
  memoryOnly: false,
  anonymous: false,
  test: true,
};

let telemetry: Telemetry;
let beacons: Batch[];
let undo: (() => void)[];

function start(settings: Partial<Settings> = {}): FakeWorker {
  telemetry = startTelemetry({ ...SETTINGS, ...settings });
  vi.advanceTimersByTime(0); // the worker begins in a task of its own
  const worker = FakeWorker.last;
  worker?.report({ kind: 'ready', timezone: 'Europe/Berlin' });
  return worker;
}

/** Dispatches an event as the browser would. */
function act(target: EventTarget, type: string, more: object = {}, kind: typeof Event = Event): void {
  const event = new kind(type, { bubbles: true, composed: true });
  for (const [name, value] of Object.entries(more)) Object.defineProperty(event, name, { value });
  target.dispatchEvent(event);
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
  vi.stubGlobal('Worker', FakeWorker);
  beacons = [];
  Object.defineProperty(navigator, 'sendBeacon', {
    configurable: true,
    value: (_: string, text: string) => beacons.push(JSON.parse(text)) > 0,
  });
  localStorage.clear();
  document.body.innerHTML =
    '<main><form id="f"><input name="colour"><input type="password" name="p"><select name="s"><option>a</option><option>b</option></select><input type="checkbox" name="c"><button id="buy">Buy now</button></form></main>';
  undo = [removeListeners];
  const { pushState, replaceState } = history;
  const { fetch } = window;
  undo.push(
    () => Object.assign(history, { pushState, replaceState }),
    () => Object.assign(window, { fetch }),
  );
});

afterEach(() => {
  for (const step of undo.reverse()) step();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const find = (selector: string) => document.querySelector(selector) as HTMLElement;
const types = (batches: Batch[]) => batches.flatMap(({ events }) => events.map(({ type }) => type));

describe('handing over', () => {
  test('5 s after the first event as a batch, and nothing before', () => {
    const worker = start();
    vi.advanceTimersByTime(4999);
    expect(worker.batches()).toHaveLength(0);
    vi.advanceTimersByTime(1);
    expect(types(worker.batches())).toEqual(['page_view']);
  });

  test('a size that a beacon could not carry makes a batch at once', () => {
    const worker = start();
    for (let n = 0; n < 60; n++) telemetry.track('big', { text: 'x'.repeat(1000) });
    const sizes = worker.batches().map((batch) => JSON.stringify(batch).length);
    expect(sizes.length).toBeGreaterThan(0);
    expect(Math.max(...sizes)).toBeLessThan(48 * 1024);
  });

  test('seq and batch_seq are gap-free, whatever cuts', () => {
    const worker = start();
    for (let n = 0; n < 3000; n++) telemetry.track('tick', { n });
    act(find('form'), 'submit');
    vi.advanceTimersByTime(5000);
    const batches = worker.batches();
    expect(batches.map(({ batch_seq }) => batch_seq)).toEqual(batches.map((_, n) => n));
    const seqs = batches.flatMap(({ events }) => events.map(({ seq }) => seq));
    expect(seqs).toEqual(seqs.map((_, n) => n));
    for (const batch of batches) expect(batch.events.length).toBeLessThanOrEqual(1000);
  });

  test('what is submitted goes to the worker at once, and ends no batch', () => {
    const worker = start();
    for (let n = 0; n < 3; n++) act(find('form'), 'submit');
    expect(worker.orders.map(({ kind }) => kind).filter((kind) => kind !== 'start')).toEqual(['part']);
    vi.advanceTimersByTime(5000);
    expect(worker.batches().map((batch) => types([batch]))).toEqual([['page_view', 'submit', 'submit', 'submit']]);
  });

  const handedOver = ({ orders }: FakeWorker) => orders.map(({ kind }) => kind).filter((kind) => kind !== 'start');

  test('what was noted goes over while the batch goes on, once a second at most where nothing new is met', () => {
    const worker = start();
    for (let n = 0; n < PART_ROWS_MIN; n++) telemetry.track('tick');
    vi.advanceTimersByTime(PART_AFTER_MS - 1);
    expect(handedOver(worker)).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(handedOver(worker)).toEqual(['part']);
    vi.advanceTimersByTime(FLUSH_MS);
    expect(handedOver(worker)).toEqual(['part', 'batch']);
    expect(types(worker.batches())).toEqual(['page_view', ...Array.from({ length: PART_ROWS_MIN }, () => 'custom')]);
  });

  test('and in the moments in which elements are described, which come anyway', () => {
    const worker = start();
    for (let n = 0; n < PART_ROWS_MIN; n++) telemetry.track('tick');
    act(find('#buy'), 'pointerover');
    vi.advanceTimersByTime(DESCRIBE_AFTER_MS);
    expect(handedOver(worker)).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(handedOver(worker)).toEqual(['part']);
  });

  test('the worker begins in a task of its own, and not when all is forgotten before', () => {
    FakeWorker.last = undefined as never;
    telemetry = startTelemetry({ ...SETTINGS });
    expect(FakeWorker.last).toBeUndefined();
    vi.advanceTimersByTime(0);
    expect(FakeWorker.last).toBeDefined();
    FakeWorker.last = undefined as never;
    telemetry = startTelemetry({ ...SETTINGS });
    telemetry.forget();
    vi.advanceTimersByTime(0);
    expect(FakeWorker.last).toBeUndefined();
  });

  test('a held key is told once, and one that is pressed again is told again', () => {
    const worker = start();
    const press = (key: string, repeat: boolean) => act(find('[name=colour]'), 'keydown', { key, repeat });
    for (const [key, repeat] of [
      ['a', false],
      ['a', true],
      ['a', true],
      ['a', false],
      ['b', false],
    ] as const)
      press(key, repeat);
    vi.advanceTimersByTime(FLUSH_MS);
    expect(types(worker.batches()).filter((type) => type === 'key')).toHaveLength(3);
  });

  test('batches fit the contract', () => {
    const worker = start();
    const button = find('#buy');
    act(button, 'pointerover', { clientX: 3.1, clientY: 4 });
    act(button, 'pointermove', { clientX: 3.1, clientY: 4 });
    for (const type of ['pointerdown', 'pointerup', 'click', 'dblclick', 'contextmenu'])
      act(button, type, { clientX: 3.1, clientY: 4, button: 0 });
    const input = find('[name=colour]') as HTMLInputElement;
    input.value = 'red';
    act(input, 'focusin');
    act(input, 'keydown', { key: 'd' });
    act(input, 'input', { inputType: 'insertText' });
    act(input, 'focusout');
    act(find('[name=s]'), 'change');
    act(find('[name=c]'), 'change');
    act(document, 'scroll');
    act(window, 'error', { message: 'x is not a function', filename: '/app.js', lineno: 3, colno: 4 });
    telemetry.track('coupon_opened', { code: 'none' });
    act(find('form'), 'submit');
    vi.advanceTimersByTime(31_000);
    act(window, 'pagehide', { persisted: true });
    const batches = worker.batches();
    for (const batch of batches) expect(wrongWith(batch)).toBeNull();
    const seen = new Set(types(batches));
    const headless = ['visibility', 'request', 'web_vital', 'capture_degraded'];
    const late = ['effect', 'pointer_cancel', 'drag', 'composition', 'media', 'toggle', 'print', 'long_frame'];
    const alsoLate = ['clipboard', 'resize', 'heartbeat'];
    const elsewhere = [...headless, ...late, ...alsoLate];
    expect(EVENT_TYPES.filter((type) => !seen.has(type as never)).sort()).toEqual(elsewhere.sort());
    expect(JSON.stringify(batches)).not.toContain('"red"');
  });
});

test('an element that is entered while a batch ends is one of the next batch', () => {
  const worker = start();
  for (let n = 0; n < 300; n++)
    for (const selector of ['#buy', '[name=colour]']) act(find(selector), 'pointerover', { clientX: 1, clientY: 1 });
  telemetry.flush();
  expect(worker.batches().length).toBeGreaterThan(5);
  const entered = worker.batches().flatMap(({ events }) => events.filter(({ type }) => type === 'element_enter'));
  expect(entered.map(({ element }) => element && (element as { tag: string }).tag)).toEqual(
    Array.from({ length: 600 }, (_, n) => (n % 2 ? 'input' : 'button')),
  );
});

describe('privacy', () => {
  test('values stay, unless the field is unmasked and harmless', () => {
    const worker = start();
    for (const name of ['colour', 'p']) {
      const input = find(`[name=${name}]`) as HTMLInputElement;
      input.value = 'teal';
      act(input, 'input', { inputType: 'insertText' });
      input.setAttribute('data-ct-unmask', '');
      act(input, 'input', { inputType: 'insertText' });
    }
    telemetry.flush();
    const inputs = worker.batches().flatMap(({ events }) => events.filter(({ type }) => type === 'input'));
    expect(inputs.map(({ input }) => input)).toEqual([
      { kind: 'insertText', length: 4 },
      { kind: 'insertText', length: 4, value: 'teal' },
      { kind: 'insertText', length: 4 },
      { kind: 'insertText', length: 4 },
    ]);
  });

  test('nothing inside a block, no edits in what is ignored', () => {
    const worker = start();
    find('#f').setAttribute('data-ct-ignore', '');
    act(find('[name=colour]'), 'input', { inputType: 'insertText' });
    act(find('#buy'), 'click');
    find('#f').setAttribute('data-ct-block', '');
    act(find('#buy'), 'click');
    act(find('#buy'), 'pointermove', { clientX: 1, clientY: 1 });
    telemetry.flush();
    expect(types(worker.batches())).toEqual(['page_view', 'click']);
  });

  test('denied: nothing is captured, no worker is loaded', async () => {
    FakeWorker.last = undefined as never;
    start({ consent: 'denied' });
    telemetry.track('x');
    await telemetry.flush();
    expect(FakeWorker.last).toBeUndefined();
    expect((await telemetry.stats()).captured).toEqual({});
  });

  test('pending, then granted: sent with the visitor of the cookie', async () => {
    FakeWorker.last = undefined as never;
    start({ consent: 'pending' });
    telemetry.track('early');
    vi.advanceTimersByTime(60_000);
    act(window, 'pagehide', { persisted: true });
    act(window, 'pageshow', { persisted: true });
    expect(FakeWorker.last).toBeUndefined();
    expect(beacons).toEqual([]);
    // biome-ignore lint/suspicious/noDocumentCookie: as other scripts of a page set it
    document.cookie = 'ct_visitor=01234567-89ab-7000-8000-000000000000; Path=/';
    telemetry.consent('granted');
    vi.advanceTimersByTime(0);
    FakeWorker.last.report({ kind: 'ready', timezone: 'Europe/Berlin' });
    const batches = FakeWorker.last.batches();
    expect(types(batches)).toContain('custom');
    for (const { visitor_id } of batches) expect(visitor_id).toBe('01234567-89ab-7000-8000-000000000000');
  });

  test('pending is bounded, and says so', async () => {
    start({ consent: 'pending' });
    for (let n = 0; n < 2000; n++) telemetry.track('tick');
    telemetry.consent('granted');
    vi.advanceTimersByTime(0);
    FakeWorker.last.report({ kind: 'ready', timezone: 'Europe/Berlin' });
    const events = FakeWorker.last.batches().flatMap((batch) => batch.events);
    expect(events).toHaveLength(901);
    expect(events.at(-1)?.degraded).toEqual({ what: 'consent', rate_hz: 0 });
  });

  /** Starts on a page that is drawn before anybody asked for it, where `before` happens, and which is shown then. */
  const drawnAhead = (settings: Partial<Settings>, before: () => void) => {
    const show = () => Object.assign(document, { prerendering: false });
    undo.push(show);
    Object.assign(document, { prerendering: true });
    FakeWorker.last = undefined as never;
    telemetry = startTelemetry({ ...SETTINGS, ...settings });
    before();
    show();
    act(document, 'prerenderingchange');
    vi.advanceTimersByTime(0);
  };
  const begins = () => {
    telemetry.consent('granted');
    vi.advanceTimersByTime(0);
    return !!FakeWorker.last;
  };

  test('forgotten while it is drawn ahead: nothing when it is shown, without consent anew', () => {
    drawnAhead({}, () => telemetry.forget());
    expect(FakeWorker.last).toBeUndefined();
    expect(begins()).toBe(true);
  });

  test('forgotten and asked anew while it is drawn ahead: captured when it is shown', () => {
    drawnAhead({}, () => {
      telemetry.forget();
      telemetry.consent('granted');
    });
    expect(FakeWorker.last).toBeDefined();
  });

  test('denied from its start, and forgotten while it is drawn ahead: it is not asked anew', () => {
    drawnAhead({ consent: 'denied' }, () => telemetry.forget());
    expect(begins()).toBe(false);
  });

  test('pending, then denied: never sent', async () => {
    FakeWorker.last = undefined as never;
    start({ consent: 'pending' });
    telemetry.track('early');
    telemetry.consent('denied');
    telemetry.consent('granted');
    act(window, 'pagehide', { persisted: true });
    expect(FakeWorker.last).toBeUndefined();
    expect(beacons).toEqual([]);
  });

  test('Global Privacy Control: no trail, no join keys, nothing stored', () => {
    // biome-ignore lint/suspicious/noDocumentCookie: as other scripts of a page set it
    document.cookie = '_ga=GA1.2.1.2';
    const worker = start({ anonymous: true, memoryOnly: true });
    telemetry.identify('jo');
    act(find('#buy'), 'pointermove', { clientX: 1, clientY: 1 });
    act(window, 'pagehide', { persisted: true });
    expect(types(worker.batches())).not.toContain('pointer');
    expect(worker.batches()[0]?.identity.ga_client_id).toBeNull();
    expect(Object.keys(localStorage).filter((name) => name.startsWith('ct-tail'))).toEqual([]);
  });
});

describe('page views', () => {
  test('a batch says how many fingers the screen takes: the worker cannot know', () => {
    Object.defineProperty(navigator, 'maxTouchPoints', { configurable: true, value: 5 });
    const worker = start();
    telemetry.flush();
    expect(worker.batches()[0]?.client_hints).toEqual({ max_touch_points: 5 });
  });

  test('a route change leaves one page view and begins another, in batches of their own', () => {
    const worker = start();
    history.replaceState(null, '', '/boxes?size=s');
    history.pushState(null, '', '/cart?size=l');
    history.replaceState(null, '', '/cart?size=m#anchor');
    telemetry.flush();
    const [first, second] = worker.batches();
    expect(types([first as Batch])).toEqual(['page_view', 'page_leave']);
    expect(types([second as Batch])).toEqual(['page_view']);
    expect(second?.page_view_id).not.toBe(first?.page_view_id);
    expect(second?.page.url).toBe('https://shop.example/cart?size=');
    expect(second?.page.referrer).toBe(first?.page.url);
    expect(worker.batches()).toHaveLength(2);
  });
});

describe('the end of a page', () => {
  test('beacons and keeps what the worker has not stored, and only that', () => {
    const worker = start();
    telemetry.track('stored');
    telemetry.flush();
    telemetry.track('unsafe');
    telemetry.flush();
    telemetry.track('tail');
    worker.report({ kind: 'kept', batch_seq: 0 });
    act(window, 'pagehide', { persisted: true });
    expect(beacons.map(({ batch_seq }) => batch_seq)).toEqual([1, 2]);
    expect(types(beacons)).toEqual(['custom', 'custom', 'page_leave']);
    expect(beacons.map(({ batch_id }) => batch_id)).toEqual(
      worker
        .batches()
        .slice(1)
        .map(({ batch_id }) => batch_id),
    );
    const kept = Object.keys(localStorage).filter((name) => name.startsWith('ct-tail:'));
    expect(kept).toHaveLength(2);
    for (const batch of beacons) expect(wrongWith(batch)).toBeNull();
  });

  test('where the page does not come back its worker gets nothing more, unless that has the site’s filter', () => {
    for (const hooks of ['', '/hooks.js']) {
      const worker = start({ hooks });
      telemetry.track('last');
      act(window, 'pagehide', { persisted: false });
      expect(worker.batches()).toHaveLength(hooks ? 1 : 0);
      expect(beacons.map(({ batch_seq }) => batch_seq)).toEqual([0]);
      removeListeners();
    }
    expect(Object.keys(localStorage).filter((name) => name.startsWith('ct-tail:'))).toHaveLength(2);
  });

  test('tells what the worker wrote of the batch as it wrote it, and writes the rest', () => {
    const worker = start();
    for (let n = 0; n < PART_ROWS_MIN; n++) telemetry.track('early');
    vi.advanceTimersByTime(PART_AFTER_MS);
    telemetry.track('late');
    const parts = worker.orders.filter((order) => order.kind === 'part');
    expect(parts).toHaveLength(1);
    for (const { chunk, base } of parts) {
      const { text, events } = writeEvents(chunk, base);
      worker.report({ kind: 'written', written: { text: text.replaceAll('early', 'written'), events } });
    }
    act(window, 'pagehide', { persisted: true });
    const custom = ({ events }: Batch) => events.filter(({ type }) => type === 'custom').map(({ name }) => name);
    expect(beacons.map(custom)).toEqual([[...Array(PART_ROWS_MIN).fill('written'), 'late']]);
    expect(worker.batches().map(custom)).toEqual([[...Array(PART_ROWS_MIN).fill('early'), 'late']]);
    for (const { events } of [...beacons, ...worker.batches()])
      expect(events.map(({ seq }) => seq)).toEqual(events.map((_, n) => n));
    expect(wrongWith(beacons[0])).toBeNull();
  });

  test('leaves what it noted where the site has a filter, which is to see each event as it was', () => {
    const worker = start({ hooks: '/hooks.js' });
    for (let n = 0; n < PART_ROWS_MIN; n++) telemetry.track('early');
    vi.advanceTimersByTime(PART_AFTER_MS);
    worker.report({ kind: 'written', written: { text: '{"type":"filtered"}', events: 41 } });
    act(window, 'pagehide', { persisted: true });
    expect(beacons).toEqual([]);
    const [tail = ''] = Object.keys(localStorage).filter((name) => name.startsWith('ct-tail:'));
    expect(types([JSON.parse(localStorage.getItem(tail) as string)])).toEqual([
      'page_view',
      ...Array(PART_ROWS_MIN).fill('custom'),
      'page_leave',
    ]);
  });

  test('of values it tells none, since only the worker knows which may leave', () => {
    const worker = start();
    const input = find('[name=colour]') as HTMLInputElement;
    input.dataset.ctUnmask = '';
    input.value = 'teal';
    act(input, 'input', { inputType: 'insertText' });
    act(window, 'pagehide', { persisted: true });
    const inputs = (batches: Batch[]) => batches.flatMap(({ events }) => events.flatMap(({ input }) => input ?? []));
    expect(inputs(worker.batches())).toEqual([{ kind: 'insertText', length: 4, value: 'teal' }]);
    expect(inputs(beacons)).toEqual([{ kind: 'insertText', length: 4 }]);
    expect(JSON.stringify(localStorage)).not.toContain('teal');
  });

  test('the next page hands the tail to its worker, and forgets it when that has it', () => {
    start();
    act(window, 'pagehide', { persisted: true });
    const [name] = Object.keys(localStorage).filter((key) => key.startsWith('ct-tail:'));
    const worker = start();
    const adopted = worker.orders.find(({ kind }) => kind === 'adopt') as Order & { kind: 'adopt' };
    expect(adopted.name).toBe(name);
    expect(JSON.parse(adopted.text).events[0].type).toBe('page_view');
    worker.report({ kind: 'adopted', name: adopted.name });
    expect(localStorage.getItem(adopted.name)).toBeNull();
  });

  test('in test mode the final counts are left behind, page_leave included', async () => {
    start();
    act(window, 'pagehide', { persisted: true });
    const { tab_id } = await telemetry.stats();
    const final = JSON.parse(localStorage.getItem(`ct-final-${tab_id}`) as string);
    expect(final.captured).toMatchObject({ page_view: 1, page_leave: 1 });
  });

  test('back from the cache: the same tab goes on with a new page view', () => {
    const worker = start();
    act(window, 'pagehide', { persisted: true });
    act(window, 'pageshow', { persisted: true });
    telemetry.flush();
    const batches = worker.batches();
    expect(types(batches)).toEqual(['page_view', 'page_leave', 'page_view']);
    expect(batches.map(({ batch_seq }) => batch_seq)).toEqual([0, 1]);
  });
});

test('what the outbox dropped is told, with how many events', async () => {
  const worker = start();
  worker.report({ kind: 'lost', events: 7 });
  telemetry.flush();
  const events = worker.batches().flatMap((batch) => batch.events);
  expect(events.find(({ type }) => type === 'capture_degraded')?.degraded).toEqual({ what: 'outbox:7', rate_hz: null });
});

describe('counts', () => {
  test('captured = acknowledged + dropped + pending', async () => {
    const worker = start();
    telemetry.track('a');
    telemetry.track('b');
    const flushed = telemetry.flush();
    telemetry.track('c');
    worker.report({ kind: 'settled', batch_seq: 0, acknowledged: 2, dropped: 1, clock: null });
    worker.report({ kind: 'flushed', id: 0 });
    await flushed;
    expect(await telemetry.stats()).toMatchObject({
      captured: { page_view: 1, custom: 3 },
      acknowledged: 2,
      dropped: 1,
      pending: 1,
    });
  });
});
