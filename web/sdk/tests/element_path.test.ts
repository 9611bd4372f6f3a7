import { expect, test } from 'vitest';
import { describe as describeElement } from '../src/page/late/describe.ts';

/** The path, its values unmasked. */
const elementPath = (element: Element) => (describeElement(element).path ?? []).map((part) => part.join('')).join('>');

function find(html: string, selector: string): Element {
  document.body.innerHTML = html;
  return document.querySelector(selector) as Element;
}

test.each([
  ['<main><div><form><button id="buy">x</button></form></div></main>', 'button', 'main>form>button#buy'],
  ['<main><ul><li>a</li><li><a>x</a></li></ul></main>', 'a', 'main>ul>li:nth-of-type(2)>a'],
  ['<form><input name="email"></form>', 'input', 'form>input[name=email]'],
  ['<div><i></i><i></i><i class="x"></i></div>', '.x', 'i:nth-of-type(3)'],
  ['<div data-ct-label="hero"><p><b>x</b></p></div>', 'b', 'div@hero>b'],
  ['<div role="tab">x</div>', 'div', 'div[role=tab]'],
  ['<p id="order-123456">x</p>', 'p', 'p#order-123456'],
])('%s', (html, selector, path) => {
  expect(elementPath(find(html, selector))).toBe(path);
});

test('a deep tree gives a short path', () => {
  const html = `${'<section id="s">'.repeat(30)}<b>x</b>`;
  expect(elementPath(find(html, 'b')).split('>')).toHaveLength(4);
});

test('inside a shadow tree the path goes on at the host', () => {
  document.body.innerHTML = '<main><div id="host"></div></main>';
  const shadow = (document.querySelector('#host') as Element).attachShadow({ mode: 'open' });
  shadow.innerHTML = '<button>x</button>';
  expect(elementPath(shadow.querySelector('button') as Element)).toBe('main>div#host>button');
});

test.each([
  ['<input type="checkbox">', 'checkbox'],
  ['<input>', 'textbox'],
  ['<input type="submit">', 'button'],
  ['<a href="/">x</a>', 'link'],
  ['<select></select>', 'combobox'],
  ['<div role="slider"></div>', 'slider'],
  ['<p>x</p>', ''],
])('role of %s', (html, role) => {
  expect(describeElement(find(html, 'body > *')).role).toBe(role);
});

test('what is described of an element', () => {
  const raw = describeElement(find('<main><button id="buy" name="go">Buy now</button></main>', 'button'));
  expect(raw).toEqual({
    path: [
      ['main', '', ''],
      ['button#', 'buy', ''],
    ],
    tag: 'button',
    id: 'buy',
    name: 'go',
    role: 'button',
    text: 'Buy now',
    around: ['', ''],
    rect: null,
  });
});
