import { expect, test } from 'vitest';
import campaigns from '../../../schemas/lists/campaign_cases.json';
import { allowQuery, scrubRequestUrl, scrubUrl } from '../src/urls.ts';

test.each([
  ['https://shop.example/a?size=m&token=abc', 'https://shop.example/a?size=&token='],
  [
    'https://shop.example/a?utm_source=news&utm_campaign=x&gclid=1&mc_eid=2',
    'https://shop.example/a?utm_source=news&utm_campaign=x&gclid=1&mc_eid=',
  ],
  ['https://me:secret@shop.example/a', 'https://shop.example/a'],
  ['https://shop.example/reset/jo@mail.example/x', 'https://shop.example/reset/***/x'],
  ['https://shop.example/reset/jo%40mail.example', 'https://shop.example/reset/***'],
  ['https://shop.example/a#access_token=abc', 'https://shop.example/a'],
  ['https://shop.example/a#/cart?coupon=abc', 'https://shop.example/a#/cart'],
  ['https://shop.example/a#reviews', 'https://shop.example/a#reviews'],
  ['/quote?size=m', 'https://shop.example/quote?size='],
  ['data:text/plain,secret', 'data:'],
  ['', ''],
  ['http://[', ''],
])('%s', (given, scrubbed) => {
  expect(scrubUrl(given)).toBe(scrubbed);
});

test.each(campaigns)('$why', ({ address, sdk }) => {
  expect(scrubUrl(address)).toBe(sdk);
});

test('requests of the own origin are told without it', () => {
  expect(scrubRequestUrl('/api/quote?days=3')).toBe('/api/quote?days=');
  expect(scrubRequestUrl('https://other.example/x')).toBe('https://other.example/x');
});

test('values of allow-listed parameters stay', () => {
  allowQuery('size, colour');
  expect(scrubUrl('/a?size=m&secret=1')).toBe('https://shop.example/a?size=m&secret=');
});
