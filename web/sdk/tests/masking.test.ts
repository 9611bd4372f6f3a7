import { beforeEach, describe, expect, test } from 'vitest';
import { clean, elementText, isBlocked, isUnmasked, maskText } from '../src/page/privacy.ts';

function show(html: string): Element {
  document.body.innerHTML = html;
  return document.body.firstElementChild as Element;
}

beforeEach(() => {
  document.body.innerHTML = '';
});

describe('text', () => {
  test.each([
    ['Write to jo.doe+x@mail.example now', 'Write to *** now'],
    ['Order 123456 of 999 boxes', 'Order **** of 999 boxes'],
    ['4111 1111 1111 1111', '**** **** **** ****'],
    ['\u0661\u0662\u0663\u0664', '****'],
    ['  a \n b  ', 'a b'],
  ])('%s', (given, masked) => {
    expect(maskText(given)).toBe(masked);
  });

  test('an email at the cut is masked before it is cut', () => {
    expect(maskText(`${'x'.repeat(60)} someone@mail.example`, 64)).toBe(`${'x'.repeat(60)} ***`);
  });

  test('half a surrogate pair and NUL do not survive', () => {
    expect(clean('ab😀', 3)).toBe('ab\ufffd');
    expect(clean('a\0b')).toBe('a\ufffdb');
    expect(clean('😀')).toBe('😀');
  });
});

describe('text of elements', () => {
  test('of a button and of a submit input', () => {
    expect(elementText(show('<button>Buy <b>now</b></button>'))).toBe('Buy now');
    expect(elementText(show('<input type="submit" value="Send">'))).toBe('Send');
  });

  test.each([
    '<input value="typed">',
    '<textarea>typed</textarea>',
    '<div><textarea>typed</textarea></div>',
    '<div><script>typed</script></div>',
    '<div><p data-ct-block>typed</p></div>',
    '<select><option>typed</option></select>',
  ])('never of %s', (html) => {
    expect(elementText(show(html)) ?? '').not.toContain('typed');
  });

  test('at most 64 characters', () => {
    expect(elementText(show(`<p>${'word '.repeat(50)}</p>`))?.length).toBeLessThanOrEqual(64);
  });
});

describe('unmasking', () => {
  test('only where the field says so itself', () => {
    expect(isUnmasked(show('<input name="colour">'))).toBe(false);
    expect(isUnmasked(show('<input name="colour" data-ct-unmask>'))).toBe(true);
    expect(isUnmasked(show('<div data-ct-unmask><input name="colour"></div>').firstElementChild as Element)).toBe(
      false,
    );
  });

  test.each([
    '<input type="password" data-ct-unmask>',
    '<input type="hidden" data-ct-unmask>',
    '<input type="email" data-ct-unmask>',
    '<input type="tel" data-ct-unmask>',
    '<input autocomplete="cc-number" data-ct-unmask>',
    '<input autocomplete="one-time-code" data-ct-unmask>',
    '<input name="cardNumber" data-ct-unmask>',
    '<input id="ssn" data-ct-unmask>',
    '<input aria-label="Phone" data-ct-unmask>',
    '<input placeholder="E-mail" data-ct-unmask>',
  ])('never: %s', (html) => {
    expect(isUnmasked(show(html))).toBe(false);
  });

  test('a password that is shown as text stays a password', () => {
    const field = show('<input type="password" data-ct-unmask>') as HTMLInputElement;
    isUnmasked(field);
    field.type = 'text';
    expect(isUnmasked(field)).toBe(false);
  });
});

test('a block covers everything inside', () => {
  const block = show('<div data-ct-block><p><button>x</button></p></div>');
  expect(isBlocked(block.querySelector('button') as Element)).toBe(true);
});
