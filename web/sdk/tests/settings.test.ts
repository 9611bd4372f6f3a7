import { expect, test, vi } from 'vitest';
import { readSettings } from '../src/page/settings.ts';

const read = (dataset: Record<string, string>, src = 'https://shop.example/telemetry.js') =>
  readSettings({ src, dataset: { ctKey: 'k', ctEndpoint: 'https://collect.example', ...dataset } });

test.each([
  ['https://shop.example/telemetry.js', 'https://shop.example/telemetry.worker.js'],
  ['https://cdn.js.example/a/telemetry.js', 'https://cdn.js.example/a/telemetry.worker.js'],
  ['https://x.js/telemetry.js', 'https://x.js/telemetry.worker.js'],
  ['https://shop.example/lib.js/telemetry.js', 'https://shop.example/lib.js/telemetry.worker.js'],
  ['https://shop.example/telemetry.js?v=1.2', 'https://shop.example/telemetry.worker.js?v=1.2'],
  ['https://shop.example/telemetry.js?from=a.js', 'https://shop.example/telemetry.worker.js?from=a.js'],
  ['https://shop.example/telemetry.js#x.js', 'https://shop.example/telemetry.worker.js#x.js'],
  ['https://shop.example/telemetry-1.2.0.js', 'https://shop.example/telemetry-1.2.0.worker.js'],
  ['https://shop.example/telemetry.7e4af3f0379b.js', 'https://shop.example/telemetry.7e4af3f0379b.worker.js'],
  ['https://shop.example/telemetry.js.gz.js', 'https://shop.example/telemetry.js.gz.worker.js'],
])('the worker of %s lies beside it', (src, worker) => {
  expect(read({}, src)?.worker).toBe(worker);
});

test('worker, path and filter by attributes', () => {
  const settings = read({
    ctWorker: '/t/w.js',
    ctPath: '/in',
    ctHooks: '/hooks.js',
    ctEndpoint: 'https://c.example//',
  });
  expect(settings).toMatchObject({ worker: '/t/w.js', hooks: '/hooks.js', ingest: 'https://c.example/in' });
  expect(read({})?.ingest).toBe('https://collect.example/v1/events');
});

test.each([
  [undefined, 'granted'],
  ['granted', 'granted'],
  ['pending', 'pending'],
  ['denied', 'denied'],
  ['', 'denied'],
  ['yes', 'denied'],
])('consent %s is %s', (ctConsent, consent) => {
  expect(read(ctConsent === undefined ? {} : { ctConsent })?.consent).toBe(consent);
});

test('without a key or an endpoint nothing starts, and the console says why', () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
  expect(readSettings({ src: '', dataset: { ctKey: 'k' } })).toBeNull();
  expect(readSettings({ src: '', dataset: { ctEndpoint: 'https://collect.example' } })).toBeNull();
  expect(warn).toHaveBeenCalledTimes(2);
  warn.mockRestore();
});
