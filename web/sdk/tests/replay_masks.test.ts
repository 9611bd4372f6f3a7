import { expect, test } from 'vitest';
import { purposeOfText } from '../src/page/late/personal.ts';
import { maskAmong, maskInPlace } from '../src/shared/text.ts';
import { AttributeMasks } from '../src/worker/replay/encode/attributes.ts';
import { maskCss } from '../src/worker/replay/encode/css.ts';
import { Noted } from '../src/worker/replay/encode/mirror.ts';
import { isPersonal } from '../src/worker/replay/encode/personal.ts';

const masks = new AttributeMasks('https://shop.example/boxes/');
const css = (text: string) => maskCss(text, masks);
const attribute = (name: string, value: string, tag = 'div', svg = false, personal = false) =>
  masks.masked(tag, name, value, svg, personal);

test('texts keep their blanks and lines', () => {
  expect(maskInPlace('\n  Two boxes,\n\t3 EUR  ')).toBe('\n  Two boxes,\n\t3 EUR  ');
  expect(maskInPlace('  ada@example.org\n 4111 1111')).not.toMatch(/ada|example|4111/);
  expect(maskInPlace('a\ud800b')).toBe('a\ufffdb');
});

test('a part of what is masked with its neighbours becomes stars', () => {
  expect(maskAmong('ada@', 'example.org', '')).toBe('***********');
  expect(maskAmong('', '41 11', ' 11 11')).toBe('** **');
  expect(maskAmong('Hello ', 'Ada', '!')).toBe('Ada');
});

test('what is shown by a style sheet loses its letters, and what a selector says of an attribute is masked as that is', () => {
  expect(css('a::before { content: "Ada \\41 !"; color: red; }')).toBe('a::before { content: "*** *!"; color: red; }');
  expect(css('i::before { content: "\\e900"; }')).toBe('i::before { content: "\ue900"; }');
  expect(css('input[value="secret"], [ data-x = ada@example.org i ] { color: red; }')).toBe(
    'input[value="*"], [data-x="***" i] { color: red; }',
  );
  expect(css('q { quotes: "Ada\'s «" "4711"; }')).toBe('q { quotes: "***\'* «" "****"; }');
  expect(css('a[target] { } [class~="open"] { }')).toBe('a[target] { } [class~="open"] { }');
  expect(css('/* Ada */ p { font-family: "Open Sans", serif; quotes: "«" "»"; }')).toBe(
    '/**/ p { font-family: "Open Sans", serif; quotes: "«" "»"; }',
  );
  const font =
    '@font-face { font-family: "Ada"; src: local("Ada"), url("https://shop.example/a.woff2") format("woff2"); }';
  expect(css(font)).toBe(font);
  expect(css('@font-face{src:url(data:font/woff2;base64,AA) format("woff2")}')).toContain('format("woff2")');
  expect(css('p { margin: 1px/* Ada */2px }')).toBe('p { margin: 1px/**/2px }');
  expect(css('@media { @import "a.css?who=Ada"; }')).not.toContain('Ada');
  expect(css('p { content: "unclosed')).toBe('p { content: "********"');
  expect(css("p { content: 'it\\'s' attr(title); --x: \"Ada\"; }")).toBe(
    'p { content: "**\'*" attr(title); --x: "***"; }',
  );
});

test('addresses in style sheets lose their values', () => {
  expect(css('p { background: url(a.png?token=1) }')).toBe(
    'p { background: url("https://shop.example/boxes/a.png?token=") }',
  );
  expect(css('p { background: URL( "/b.png#x" ) }')).toBe('p { background: url("https://shop.example/b.png") }');
  expect(css('p { fill: url(#paint) }')).toBe('p { fill: url("#paint") }');
  expect(css('p { background: url(data:image/png;base64,AAAA) }')).toContain('data:image/png;base64,AAAA');
  expect(css('p { background: url(data:text/html,Ada) }')).toBe('p { background: url("data:") }');
});

test('a drawing in its own address stays when it has no words', () => {
  expect(masks.address('data:image/svg+xml,%3Csvg%3E%3Cpath d="M1 1"/%3E%3C/svg%3E')).toContain('path');
  expect(masks.address('data:image/svg+xml,%3Csvg%3E%3Ctext%3EAda%3C/text%3E%3C/svg%3E')).toBe('data:');
  expect(masks.address(`data:image/svg+xml;base64,${btoa('<svg><title>Ada</title></svg>')}`)).toBe('data:');
  expect(masks.address('data:image/svg+xml,%')).toBe('data:');
});

test('attributes: what says how an element looks stays, all else is masked', () => {
  expect(attribute('class', 'box-123456')).toBe('box-123456');
  expect(attribute('id', 'row-99887766')).toBe('row-99887766');
  expect(attribute('style', 'background:url(x.png?k=v);--t:"Ada"')).toBe(
    'background:url("https://shop.example/boxes/x.png?k=");--t:"***"',
  );
  expect(attribute('d', 'M10000 20000', 'path', true)).toBe('M10000 20000');
  for (const name of ['title', 'alt', 'aria-label', 'placeholder', 'data-user', 'label', 'name'])
    expect(attribute(name, 'ada@example.org')).toBe('***');
  expect(attribute('aria-label', 'Ada', 'div', false, true)).toBe('***');
  for (const name of ['placeholder', 'name', 'data-user'])
    expect(attribute(name, 'ada@example.org', 'input', false, true)).not.toContain('ada');
  // Radio buttons go together, and styles show how something stands.
  expect(attribute('name', 'size', 'input', false, true)).toBe('size');
  expect(attribute('type', 'radio', 'input', false, true)).toBe('radio');
  for (const is of ['true', 'false']) expect(attribute('aria-selected', is, 'div', false, true)).toBe(is);
  expect(attribute('aria-label', 'Ada says: true', 'div', false, true)).toBe('*** ***** ****');
  for (const name of ['slot', 'name']) expect(attribute(name, 'row-471199', 'slot', false, true)).toBe('row-471199');
  expect(attribute('media', '(min-width: 12345px)', 'link')).toBe('(min-width: ****px)');
  expect(attribute('href', '#a', 'use', true)).toBe('#a');
  expect(attribute('href', '/user?id=12345#tab', 'a')).toBe('https://shop.example/user?id=');
  expect(attribute('href', '#ada', 'a')).toBe('#');
  expect(attribute('href', '#icon', 'use', true)).toBe('#icon');
  expect(attribute('srcset', 'a.png?x=1 1x, b.png 2x', 'img')).toBe(
    'https://shop.example/boxes/a.png?x= 1x, https://shop.example/boxes/b.png 2x',
  );
  const boxes = 'https://shop.example/boxes/';
  expect(attribute('srcset', ' ,a.png 1x,b.png 20w , c,d.png,\n/e.png 2x ada,,', 'img')).toBe(
    `${boxes}a.png 1x, ${boxes}b.png 20w, ${boxes}c,d.png , https://shop.example/e.png 2x`,
  );
  for (const srcset of ['data:image/svg+xml,<svg><text>Ada, Lovelace 1x', 'a.png 1x, data:text/html,Ada Lovelace 2x'])
    expect(attribute('srcset', srcset, 'img')).toBe('');
  for (const name of ['value', 'srcdoc', 'onclick', 'nonce', 'aria-valuetext', 'a"b'])
    expect(attribute(name, 'x')).toBe(undefined);
});

test('what may be typed or chosen is what the SDK thinks it is', () => {
  const cases = [
    '<p>',
    '<textarea>',
    '<select>',
    '<output>',
    '<div contenteditable>',
    '<div contenteditable="false">',
    '<div role="textbox">',
    '<div role="listbox">',
    '<div role="option">',
    '<div role="menuitemradio">',
    '<div role="button">',
    '<div role="gridcell">',
    '<div aria-multiline="false">',
    '<div aria-haspopup="listbox">',
    '<div aria-haspopup="menu">',
    '<div class="CodeMirror-line">',
    '<div class="cm-editor">',
    '<div class="cm-editors">',
    '<div class="react-DatePicker">',
    '<div class="date">',
    '<div class="ant-picker-cell">',
    '<div class="flatpickr-day">',
  ];
  for (const html of cases) {
    const holder = document.createElement('section');
    holder.innerHTML = html;
    const element = holder.firstElementChild as Element;
    const noted = new Noted('element', 1);
    noted.text = element.localName;
    for (const { name, value } of element.attributes) noted.attributes.set(name, value);
    expect([html, isPersonal(noted)]).toEqual([html, purposeOfText(element) !== null]);
  }
});
