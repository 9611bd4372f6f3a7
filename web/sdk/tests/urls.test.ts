import { expect, test } from 'vitest';
import campaigns from '../../../schemas/lists/campaign_cases.json';
import { allowQuery, scrubRequestUrl, scrubText, scrubUrl } from '../src/shared/urls.ts';
import { ADDRESSES } from './contract.ts';

test.each(ADDRESSES)('$address', ({ address, url }) => {
  expect(scrubUrl(address)).toBe(url);
  expect(scrubUrl(url)).toBe(url);
});

test.each([
  ['/quote?size=m', 'https://shop.example/quote?size='],
  ['', ''],
  ['http://[', ''],
])('%s', (given, scrubbed) => {
  expect(scrubUrl(given)).toBe(scrubbed);
});

test.each(campaigns)('$why', ({ address, sdk }) => {
  expect(scrubUrl(address)).toBe(sdk);
});

test.each([
  ['    at f (https://shop.example/a.js?v=s,[(ecret:10:4)', '    at f (https://shop.example/a.js?v=:10:4)'],
  ['async*f@https://u:secret@shop.example/a.js:1:2', 'async*f@https://shop.example/a.js:1:2'],
  ['no quote at https://shop.example/?token=secret, sorry: x', 'no quote at https://shop.example/?token=, sorry: x'],
  ['"https://shop.example/#secret"', '"https://shop.example/"'],
  [
    'at eval (eval at g (blob:https://x.example/a?secret:1:2), <anonymous>:1:1)',
    'at eval (eval at g (blob:https://x.example/a:1:2), <anonymous>:1:1)',
  ],
  ['data:text/plain,secret TypeError: x', 'data: TypeError: x'],
])('in a text: %s', (given, scrubbed) => {
  expect(scrubText(given)).toBe(scrubbed);
});

test('a hash alone is one of the page', () => {
  const page = 'https://shop.example/boxes?size=m&utm_source=news';
  expect(scrubUrl('#/cart', page)).toBe('https://shop.example/boxes?size=&utm_source=news#/cart');
});

test('requests of the own origin are told without it', () => {
  expect(scrubRequestUrl('/api/quote?days=3')).toBe('/api/quote?days=');
  expect(scrubRequestUrl('https://other.example/x')).toBe('https://other.example/x');
});

test('values of allow-listed parameters stay', () => {
  allowQuery('depth, colour');
  expect(scrubUrl('/a?depth=m&secret=1')).toBe('https://shop.example/a?depth=m&secret=');
});
