import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { captureFrames } from '../src/page/late/frames.ts';
import { captureHeartbeats } from '../src/page/late/heartbeats.ts';
import { captureMedia } from '../src/page/late/media.ts';
import { captureResources } from '../src/page/late/resources.ts';
import { captureVitals } from '../src/page/late/vitals.ts';
import type { Tracker } from '../src/page/tracker.ts';
import * as WORDS from '../src/shared/words.ts';

type Noted = [type: string, at: number, values: number[], details: Record<string, unknown>];

/** What the browser measures: a test says what it saw. */
class Observer {
  static supportedEntryTypes: string[];
  static seen: Record<string, (entries: object[]) => void> = {};
  static asked: { type: string; durationThreshold?: number }[] = [];
  constructor(private readonly callback: (list: { getEntries(): object[] }) => void) {}
  observe(asked: { type: string }): void {
    Observer.asked.push(asked);
    const { type: entryType } = asked;
    Observer.seen[entryType] = (entries) =>
      this.callback({ getEntries: () => entries.map((entry) => ({ ...entry, entryType })) });
  }
}

let noted: Noted[];
let pageView: string;
let ending: () => void;
let heard: Record<string, (event: object, at: number, element: Element) => void>;

function tracker(settings: object = {}): Tracker {
  const own = {
    data: {},
    ingest: 'https://c.example/v1/events',
    worker: '/w.js',
    hooks: '',
    late: '/t.late.js',
  };
  return {
    setup: { ...own, ...settings },
    pageView: () => pageView,
    note: (type: string, at: number, _: number, details: Record<string, unknown>, ...values: number[]) =>
      noted.push([type, at, values, details]),
    know: () => null,
    atEnd: (end: () => void) => {
      ending = end;
    },
    inputAt: () => 0,
    on: (_: object, type: string, handler: never) => {
      heard[type] = handler;
    },
    roots: { each: (listen: (root: object) => void) => listen(window) },
  } as unknown as Tracker;
}

beforeEach(() => {
  noted = [];
  heard = {};
  Observer.asked = [];
  Observer.supportedEntryTypes = ['resource', 'long-animation-frame', 'longtask', 'event'];
  pageView = 'first';
  vi.stubGlobal('PerformanceObserver', Observer);
});

afterEach(() => {
  vi.unstubAllGlobals();
});

const frame = (blocking: number, scripts: object[] = []) => ({
  startTime: blocking,
  duration: blocking + 50,
  blockingDuration: blocking,
  scripts,
});

test('of many long frames the twenty longest of each page view are told, and not many others', () => {
  captureFrames(tracker());
  const blocking = Array.from({ length: 1000 }, (_, n) => 50 + ((n * 617) % 1000));
  Observer.seen['long-animation-frame']?.([...blocking, 49.9].map((ms) => frame(ms)));
  const told = noted.map(([, , [, ms]]) => ms as number);
  const longest = [...blocking].sort((a, b) => b - a).slice(0, 20);
  expect(told).toEqual(expect.arrayContaining(longest));
  expect(told.length).toBeLessThanOrEqual(100);
  expect(Math.min(...told)).toBeGreaterThanOrEqual(50);
  noted = [];
  Observer.seen['long-animation-frame']?.([frame(50)]);
  expect(noted).toHaveLength(0);
  pageView = 'second';
  Observer.seen['long-animation-frame']?.([frame(50)]);
  expect(noted).toHaveLength(1);
});

test('frames that grow longer and longer end somewhere', () => {
  captureFrames(tracker());
  for (let ms = 50; ms < 1000; ms++) Observer.seen['long-animation-frame']?.([frame(ms)]);
  expect(noted).toHaveLength(100);
});

test('a long frame has the script that took longest in it', () => {
  captureFrames(tracker());
  const scripts = [
    { duration: 20, sourceURL: 'https://shop.example/a.js', invoker: 'a' },
    { duration: 90, sourceURL: 'https://shop.example/b.js', invoker: 'b' },
  ];
  Observer.seen['long-animation-frame']?.([frame(100, scripts)]);
  expect(noted[0]).toEqual(['long_frame', 100, [150, 100], { script: 'https://shop.example/b.js', invoker: 'b' }]);
});

test.each([
  ['BUTTON#shown.onclick', 'BUTTON#shown.onclick'],
  ['X-CARD#own.only.onclick', 'X-CARD#own.only.onclick'],
  ['BUTTON#janedoe.onclick', 'BUTTON.onclick'],
  ['X-CARD#janedoe.onclick', 'X-CARD.onclick'],
  ['X-CARD#janedoe.onmy:own-event', 'X-CARD.onmy:own-event'],
  ['X-CARD#janedoe.onmy.event', 'X-CARD.onmy.event'],
  ['DIV#jane\ndoe.onclick', 'DIV.onclick'],
  ['DIV#of.one.that.is.gone.onclick', 'DIV.onclick'],
  ['IMG[src=/p?token=S].onload', 'IMG.onload'],
  ['X-IMG[src=/p?token=S].onload', 'X-IMG.onload'],
  ['Window.onclick', 'Window.onclick'],
  ['TimerHandler:setTimeout', 'TimerHandler:setTimeout'],
])('of %j is told %j', (invoker, told) => {
  document.body.innerHTML =
    '<div data-ct-block><b id="janedoe"></b><b id="jane\ndoe"></b></div><b id="shown"></b><b id="own.only"></b>';
  captureFrames(tracker());
  Observer.seen['long-animation-frame']?.([frame(100, [{ duration: 90, sourceURL: '', invoker }])]);
  expect(noted[0]?.[3]).toMatchObject({ invoker: told });
});

test('where frames are not measured long tasks are', () => {
  Observer.supportedEntryTypes = ['longtask'];
  captureFrames(tracker());
  Observer.seen.longtask?.([
    { startTime: 7, duration: 130 },
    { startTime: 9, duration: 99 },
  ]);
  expect(noted).toEqual([['long_frame', 7, [130, 80], { script: '', invoker: '' }]]);
});

const resource = (name: string, initiatorType = 'img') => ({ name, initiatorType, startTime: 1, responseEnd: 3.5 });

test('resources of the site and of hosts below it are told, not those of others, calls, or our own', () => {
  captureResources(tracker());
  Observer.seen.resource?.([
    resource('https://shop.example/a.png'),
    resource('https://static.shop.example/b.js', 'script'),
    resource('https://notshop.example/c.png'),
    resource('https://shop.example/api', 'fetch'),
    resource('https://c.example/v1/events?key=k', 'beacon'),
    resource('https://shop.example/w.js', 'other'),
    resource('https://shop.example/t.js', 'script'),
  ]);
  expect(noted.map(([, , , { url }]) => url)).toEqual([
    'https://shop.example/a.png',
    'https://static.shop.example/b.js',
  ]);
  expect(noted[0]?.[3]).toMatchObject({ method: null, status: null, bytes: null, initiator: 'img', duration_ms: 2.5 });
});

test('the first hundred resources of a page view are told, and once that there were more', () => {
  captureResources(tracker({ data: { ctResources: 'all' } }));
  const many = Array.from({ length: 150 }, (_, n) => resource(`https://other.example/${n}.png`));
  Observer.seen.resource?.(many);
  pageView = 'second';
  Observer.seen.resource?.(many.slice(0, 1));
  const types = noted.map(([type]) => type);
  expect(types.filter((type) => type === 'request')).toHaveLength(101);
  expect(types.filter((type) => type === 'capture_degraded')).toHaveLength(1);
});

test('heartbeats only while there was input in the last five minutes', () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  captureHeartbeats(tracker());
  vi.advanceTimersByTime(66_000);
  expect(noted.map(([type]) => type)).toEqual(['heartbeat', 'heartbeat']);
  globalThis.aheadMs = 301_000;
  vi.advanceTimersByTime(60_000);
  expect(noted).toHaveLength(2);
  globalThis.aheadMs = 0;
  vi.useRealTimers();
});

test('who drags the time of a player is told of twice a second', () => {
  captureMedia(tracker());
  const player = document.createElement('video');
  for (let at = 0; at < 1000; at += 20) heard.seeked?.({}, at, player);
  heard.pause?.({}, 1000, player);
  expect(noted.map(([, at]) => at)).toEqual([0, 500, 1000]);
});

const press = (id: number, duration: number) => ({ interactionId: 7 * (id + 1), duration });
const thresholds = () => Observer.asked.filter(({ type }) => type === 'event').map((asked) => asked.durationThreshold);

test('where interactions are counted, those shorter than the ten longest are not heard of any more', () => {
  vi.stubGlobal('performance', { getEntriesByType: () => [], interactionCount: 400 });
  captureVitals(tracker());
  Observer.seen.event?.([...Array(9).keys()].map((n) => press(n, 100)));
  expect(thresholds()).toEqual([40]);
  Observer.seen.event?.([press(9, 64)]);
  expect(thresholds()).toEqual([40, 72]);
  Observer.seen.event?.([press(10, 64)]);
  expect(thresholds()).toEqual([40, 72]);
  Observer.seen.event?.([press(11, 80)]);
  expect(thresholds()).toEqual([40, 72, 88]);
  ending();
  expect(noted).toEqual([['web_vital', expect.any(Number), [expect.any(Number), 100], 0]]);
});

test('where they are not, their ids tell how many there were, so all are', () => {
  captureVitals(tracker());
  Observer.seen.event?.([...Array(20).keys()].map((n) => press(n, 100)));
  expect(thresholds()).toEqual([40]);
});

/** Of a page with such entries, the vitals told by when it drew something. */
function vitalsOf(entries: Record<string, object[]>, paintedAt: number): Record<number, number> {
  Observer.supportedEntryTypes.push('paint', 'largest-contentful-paint');
  vi.stubGlobal('performance', { getEntriesByType: (type: string) => entries[type] ?? [] });
  captureVitals(tracker());
  Observer.seen.paint?.([{ name: 'first-contentful-paint', startTime: paintedAt }]);
  Observer.seen['largest-contentful-paint']?.([{ startTime: paintedAt }]);
  ending();
  return Object.fromEntries(noted.map(([, , [vital, value]]) => [WORDS.vital[vital as number], value]));
}
const shown = (name: string, startTime: number) => ({ name, startTime });

test('what is drawn first when a tab comes out of the background took nobody that long', () => {
  expect(vitalsOf({ 'visibility-state': [shown('hidden', 0), shown('visible', 7000)] }, 7020)).toEqual({ CLS: 0 });
});

test('what was drawn before the tab was hidden is told', () => {
  const states = [shown('visible', 0), shown('hidden', 300), shown('visible', 7000)];
  expect(vitalsOf({ 'visibility-state': states }, 200)).toEqual({ CLS: 0, FCP: 200, LCP: 200 });
});

test('a page that was drawn before it was asked for was not hidden from anybody', () => {
  const states = [shown('hidden', 0), shown('visible', 5000)];
  const navigation = [{ activationStart: 5000, responseStart: 1 }];
  expect(vitalsOf({ 'visibility-state': states, navigation }, 5100)).toEqual({ CLS: 0, FCP: 100, LCP: 100 });
});
