/** Client hints: what the worker asks the browser. */
import { expect, test, vi } from 'vitest';
import { attempts, type Batch, batch, courier, eachWithACollector, flushed } from './collector.ts';
import { wrongWith } from './contract.ts';

eachWithACollector();

const told = {
  platform: 'Windows',
  platformVersion: '19.0.0',
  architecture: 'x86',
  bitness: '64',
  model: '',
  mobile: false,
  brands: [{ brand: 'Chromium', version: '154' }],
  fullVersionList: [{ brand: 'Chromium', version: '154.0.7727.55' }],
};
/** The batch that goes out when the browser answers so, and the page says that its screen takes five fingers. */
async function sent(ask?: (hints: string[]) => Promise<unknown>, more: object = {}): Promise<Batch> {
  const userAgentData = ask && { getHighEntropyValues: ask };
  vi.stubGlobal('navigator', { userAgentData, ...more });
  const made = courier();
  await made.receive({ kind: 'flush', id: 9 });
  const order = batch(0, 1);
  made.receive({ ...order, header: { ...order.header, max_touch_points: 5 } });
  await flushed(made);
  expect(wrongWith(attempts[0]?.batch)).toBeNull();
  return attempts[0]?.batch as Batch;
}

test('the worker asks the browser, and the page adds its touch points', async () => {
  const ask = vi.fn(async () => told);
  expect((await sent(ask)).client_hints).toEqual({
    platform: 'Windows',
    platform_version: '19.0.0',
    architecture: 'x86',
    bitness: '64',
    model: '',
    mobile: false,
    brands: told.fullVersionList,
    max_touch_points: 5,
  });
  expect(ask).toHaveBeenCalledTimes(1);
});

test('who asks for privacy is not asked', async () => {
  const ask = vi.fn(async () => told);
  expect((await sent(ask, { globalPrivacyControl: true })).client_hints).toEqual({ max_touch_points: 5 });
  expect(ask).not.toHaveBeenCalled();
});

test.each([
  ['has none', undefined],
  ['refuses', () => Promise.reject(new Error('permissions policy'))],
  ['never answers', () => new Promise(() => {})],
])('a browser that %s delays no batch', async (_, ask) => {
  expect((await sent(ask)).client_hints).toEqual({ max_touch_points: 5 });
});
