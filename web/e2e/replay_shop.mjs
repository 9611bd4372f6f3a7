// The demonstration shop, page by page, with what people do in it: for tests of what a recording shows. See `replay_pages.mjs`.
import { readFileSync } from 'node:fs';

const dist = new URL('../shop/dist/', import.meta.url).pathname;
const TYPES = { js: 'text/javascript', css: 'text/css', html: 'text/html; charset=utf-8', svg: 'image/svg+xml' };
const FILES = [
  'index.html',
  'box.html',
  'checkout.html',
  'shop.css',
  'favicon.svg',
  'list.js',
  'box.js',
  'checkout.js',
];

/** What the shop's host answers, by path. Its `boot.js` is left out: the SDK would record as well. */
export const SHOP_FILES = {
  ...Object.fromEntries(FILES.map((name) => [`/${name}`, [TYPES[name.split('.')[1]], readFileSync(dist + name)]])),
  '/boot.js': [TYPES.js, '//'],
  '/api/order': ['text/plain', '', 204],
  '/api/quote': ['application/json', '{"price":42.5,"currency":"EUR"}'],
};

const HANDS = `
const $ = (selector) => document.querySelector(selector);
const $$ = (selector) => [...document.querySelectorAll(selector)];
const any = (list) => list[random(list.length)];
const tell = (field, type = 'input') => field.dispatchEvent(new Event(type, { bubbles: true }));
const type = (selector, text) => { const field = $(selector); field.focus(); field.value = text; tell(field); };
const choose = (selector) => { const field = $(selector); field.focus(); field.selectedIndex = random(field.options.length); tell(field); tell(field, 'change'); };
const press = (selector) => { const pressed = any($$(selector)); pressed.focus(); pressed.click(); };
window.acts = [
  () => scrollTo(0, random(900)),
  () => any($$('a[href],button,input,select')).focus(),
  () => document.activeElement.blur(),
];
`;

const ACTS = {
  index: `acts.push(
    () => choose('#filter-size'), () => choose('#filter-city'), () => choose('#filter-sort'), () => press('#filter-climate'),
    () => type('#filter-search', any(['box', 'a', 'zzz', ''])), () => press('#clear'), () => press('#compare'),
  );`,
  box: `const quoted = async () => { while ($('#quote.busy')) await new Promise(requestAnimationFrame); };
  acts.push(
    async () => { press('#ask'); await quoted(); }, async () => { choose('#cover'); await quoted(); },
    () => type('#days', String(7 + random(358))), () => press('[data-tab]'), () => press('[data-tab=questions]'), () => press('summary'), () => press('#share'),
  );`,
  checkout: `acts.push(
    () => type('[name=name]', 'x'.repeat(random(20))), () => type('[name=email]', any(['nobody', 'a@b.example'])), () => type('[name=postcode]', String(random(99999))),
    () => type('[name=note]', 'lines\\n'.repeat(random(9))), () => type('[name=voucher]', 'BOX'), () => choose('[name=pickup]'), () => press('[name=plan]'), () => press('[name=terms]'),
    () => press('#voucher'), () => press('#send'),
    async () => {
      if (random(4)) return;
      const [form] = document.forms;
      Object.entries({ name: 'Somebody', email: 'a@b.example', street: 'Street 7', postcode: '10115', password: 'a long one' }).forEach(([name, text]) => type('[name=' + name + ']', text));
      form.terms.checked = true;
      press('#send');
      while (!$('#checkout').hidden) await new Promise(requestAnimationFrame);
    },
  );`,
};

/** By name: where the page is, and the script that gives it its `acts`. */
export const SHOP = Object.fromEntries(
  Object.entries(ACTS).map(([name, acts]) => [`the shop's ${name}`, { path: `/${name}.html`, script: HANDS + acts }]),
);
