import { describe, expect, test } from 'vitest';
import campaigns from '../../../schemas/lists/campaign_cases.json';
import { allowQuery, scrubRequestUrl, scrubStack, scrubText, scrubUrl } from '../src/shared/urls.ts';
import { ADDRESSES } from './contract.ts';

const PAGE = 'https://shop.example/boxes?size=m&utm_source=news';

test.each(ADDRESSES)('$address', ({ address, url }) => {
  expect(scrubUrl(address, PAGE)).toBe(url);
  expect(scrubUrl(url, PAGE)).toBe(url);
});

test.each([
  ['/quote?size=m', 'https://shop.example/quote?size='],
  ['', ''],
  ['http://[', ''],
])('%s', (given, scrubbed) => {
  expect(scrubUrl(given, PAGE)).toBe(scrubbed);
});

test.each(campaigns)('$why', ({ address, sdk }) => {
  expect(scrubUrl(address, PAGE)).toBe(sdk);
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
  ['at /x?token=secret, and "www.shop.example/#secret"', 'at /x?token=, and "www.shop.example/#"'],
  ['/a/b;jsessionid=secret failed, this or/that; as well', '/a/b failed, this or/that; as well'],
])('in a text: %s', (given, scrubbed) => {
  expect(scrubText(given, PAGE)).toBe(scrubbed);
});

const SECRETS = [
  '/#/access_token=SECRET',
  '/#access_token=SECRET',
  '/#SECRET',
  '/#!SECRET',
  '/#?token=SECRET',
  '/#/reset-password/token=SECRET',
  '/#!/x&id_token=SECRET',
  '/#/a%2Ftoken%3DSECRET/b',
  '/#/a%252Ftoken%253DSECRET/SECRET',
  '/#/(popup:x/token=SECRET)',
  '/#/y?b=SECRET#SECRET',
  '/?SECRET',
  '/?=SECRET',
  '/?%74oken=SECRET',
  '/?utm_source=x%26token%3DSECRET',
  '/?utm_source=x%2526token%253DSECRET',
  '/a;jsessionid=SECRET',
  '/a;SECRET/b;v=SECRET',
  '/a%253Bjsessionid%253DSECRET',
  '/a%25253Ftoken%25253DSECRET',
  '/a%2523SECRET',
  '/login:token=SECRET',
  '//user:SECRET@other.example/x',
  '/u/SECRET%2540mail%252Eexample',
  'view-source:https://other.example/?token=SECRET',
  'blob:https://shop.example/a?SECRET',
  'file:///home/SECRET/x.html',
  'myapp:SECRET',
  'skype:SECRET?call',
  'intent://x#Intent;SECRET;end',
];

test.each(SECRETS)('nothing secret of %s, wherever it stands', (address) => {
  const { href } = new URL(address, PAGE);
  const told = [
    scrubUrl(address, PAGE),
    scrubUrl(address, href),
    scrubRequestUrl(address, PAGE),
    scrubText(`no answer from ${href}, sorry`, PAGE),
    scrubText(`no answer from ${address}`, PAGE),
    scrubStack(`Error: x\n    at f (${href}:1:2)\nf@${href}:1:2`, '', PAGE),
  ];
  // Without a scheme a text cannot tell which `name:` begins an address.
  if (/^(myapp|skype):/.test(address)) told.splice(3);
  for (const text of told) expect(text).not.toContain('SECRET');
  for (const text of told.slice(0, 3)) expect(scrubUrl(text, PAGE)).toBe(scrubUrl(text, PAGE));
});

describe('a stack', () => {
  const FRAMES = [
    '    at f (https://shop.example/app.js:10:4)',
    '    at new Größe.#x (https://shop.example/app.js:10:4)',
    '    at async Promise.all (index 0)',
    '    at Array.map (<anonymous>)',
    '    at Object.get [as name] (https://shop.example/app.js:10:4)',
    '    at HTMLButtonElement.onclick (https://shop.example/:10:4)',
    '    at https://shop.example/app.js:10:4',
    '    at async https://shop.example/app.js:10:4',
    '    at eval (eval at g (blob:https://shop.example/a:1:2), <anonymous>:1:1)',
    'f@https://shop.example/app.js:10:4',
    '@https://shop.example/app.js:10:4',
    'async*f/<@https://shop.example/app.js:10:4',
    'global code@https://shop.example/app.js:10:4',
    'forEach@[native code]',
  ];

  test('is frames, as Chromium, Firefox and Safari write them', () => {
    expect(scrubStack(`TypeError: x\n${FRAMES.join('\n')}`, 'Uncaught TypeError: x', PAGE)).toBe(FRAMES.join('\n'));
  });

  test.each([
    'Error: one\njane@mail.example',
    'Error: one\n    at jane doe, SECRET',
    'Error: one\n    at SECRET (https://shop.example/app.js:1:2)\nSECRET@x:1:2',
    'Error: SECRET\nSECRET',
  ])('has nothing of the message %j', (message) => {
    const frame = '    at f (https://shop.example/app.js:10:4)';
    expect(scrubStack(`${message}\n${frame}`, `Uncaught ${message}`, PAGE)).toBe(frame);
  });

  test('has neither secrets nor emails in its frames', () => {
    const stack =
      'TypeError: x\n    at f (https://shop.example/app.js?v=secret:10:4)\ng@https://u:secret@shop.example/a.js#secret:1:2\njo@mail.example:1:2';
    expect(scrubStack(stack, '', PAGE)).toBe(
      '    at f (https://shop.example/app.js?v=:10:4)\ng@https://shop.example/a.js:1:2\n{email}:1:2',
    );
  });
});

test('a hash alone is one of the page', () => {
  expect(scrubUrl('#/cart', PAGE)).toBe('https://shop.example/boxes?size=&utm_source=news#/cart');
});

test('requests of the own origin are told without it', () => {
  expect(scrubRequestUrl('/api/quote?days=3', PAGE)).toBe('/api/quote?days=');
  expect(scrubRequestUrl('https://other.example/x', PAGE)).toBe('https://other.example/x');
});

test('values of allow-listed parameters stay', () => {
  allowQuery('depth, colour');
  expect(scrubUrl('/a?depth=m&secret=1', PAGE)).toBe('https://shop.example/a?depth=m&secret=');
});

test('addresses without a slash lose their query too; lines and columns stay', () => {
  expect(scrubText('no app.js?token=secret here', PAGE)).toBe('no app.js? here');
  const frame = '    at eval (app.js?token=secret:1:7)\n    at f (eval at g (a.js;t=secret:2:3), <anonymous>:1:1)';
  expect(scrubStack(`Error: y\n${frame}\nh@b.js#secret:4:5`, 'Uncaught Error: y', PAGE)).not.toContain('secret');
  expect(scrubStack(`Error: y\n${frame}`, 'Uncaught Error: y', PAGE)).toContain('(app.js?:1:7)');
});
