import { expect, test, vi } from 'vitest';
import { createIdentity } from '../src/page/identity.ts';
import { providerIds } from '../src/page/provider_cookies.ts';
import { uuidV7 } from '../src/shared/uuid.ts';

test.each([
  ['_ga=GA1.2.111222333.1690000000', { ga_client_id: '111222333.1690000000' }],
  ['a=1; _ga=GA1.1-2.5.6; b=2', { ga_client_id: '5.6' }],
  ['_ga_ABC123=GS1.1.1690000001.5.1.1690000100.60.0.0', { ga_session_id: '1690000001' }],
  ['_ga_ABC123=GS2.1.s1747323152$o28$g0$t1747323152$j60$l0$h69286059', { ga_session_id: '1747323152' }],
  ['_ga_ABC123=GS2.1.o28$s1747323152$g0', { ga_session_id: '1747323152' }],
  [
    'AMCV_1234%40AdobeOrg=179643557%7CMCIDTS%7C19600%7CMCMID%7C12345678901234567890123456789012345678%7CMCAAMLH-1',
    { adobe_ecid: '12345678901234567890123456789012345678' },
  ],
  ['AMCV_1234@AdobeOrg=1|MCMID|42|x', { adobe_ecid: '42' }],
  ['x_ga=GA1.2.1.2; _ga=broken; AMCV_1=nothing', {}],
  ['', {}],
])('%s', (cookies, ids) => {
  expect(providerIds(cookies)).toEqual({ ga_client_id: null, ga_session_id: null, adobe_ecid: null, ...ids });
});

test('UUIDs of version 7 carry their time and differ', () => {
  const ids = Array.from({ length: 1000 }, () => uuidV7(0x0123_4567_89ab));
  for (const id of ids) expect(id).toMatch(/^01234567-89ab-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(new Set(ids).size).toBe(1000);
});

test('a visitor is remembered, a tab is new with each document', () => {
  const first = createIdentity(false);
  first.remember();
  const second = createIdentity(false);
  second.remember();
  expect(second.visitor()).toBe(first.visitor());
  expect(second.tab_id).not.toBe(first.tab_id);
  second.forget();
  const third = createIdentity(false);
  third.remember();
  expect(third.visitor()).not.toBe(first.visitor());
  third.forget();
});

test('a page that loads does not wait for its cookies, but who asks for the visitor does', async () => {
  const known = () => document.cookie.includes('ct_visitor=');
  const identity = createIdentity(false);
  identity.remember();
  expect(known()).toBe(false);
  identity.visitor();
  expect(known()).toBe(true);
  identity.forget();
  identity.remember();
  await vi.waitFor(() => expect(known()).toBe(true));
  identity.remember();
  identity.forget();
  await new Promise((resolve) => setTimeout(resolve, 0));
  expect(known()).toBe(false);
});

test('where cookies are refused, as in a frame without an origin, a visitor lasts as long as the document', () => {
  globalThis.cookiesRefused = true;
  const identity = createIdentity(false);
  identity.remember();
  expect(identity.visitor()).toBe(identity.visitor());
  expect(identity.joinKeys().ga_client_id).toBeNull();
  identity.forget();
  globalThis.cookiesRefused = false;
});

test.each([
  ['a name', 'customer-17', 'customer-17'],
  ['null', null, null],
  ['nothing', undefined, null],
  ['a number', 17, '17'],
  ['too much', 'x'.repeat(1000), 'x'.repeat(256)],
])('identify takes %s', (_, given, user_id) => {
  const identity = createIdentity(false);
  identity.identify(given as string, (change) => change());
  expect(identity.joinKeys().user_id).toBe(user_id);
});

test('an anonymous visitor has no cookie and no join keys', () => {
  // biome-ignore lint/suspicious/noDocumentCookie: as other scripts of a page set it
  document.cookie = '_ga=GA1.2.1.2';
  const identity = createIdentity(true);
  identity.remember();
  identity.identify('jo', () => {});
  expect(document.cookie).not.toContain('ct_visitor');
  expect(identity.joinKeys()).toEqual({ user_id: null, ga_client_id: null, ga_session_id: null, adobe_ecid: null });
});
