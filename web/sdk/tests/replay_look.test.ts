/** What is looked at now and then, a part of it each time. */
import { expect, test } from 'vitest';
import { lookInTurn } from '../src/page/replay/look_in_turn.ts';

test('each is looked at once, and of many the next ones the next time', () => {
  document.body.innerHTML = '<i></i>'.repeat(500);
  const all = [...document.querySelectorAll('i')];
  const looks = (list: Map<Element, number>): number[] => {
    const seen: number[] = [];
    lookInTurn(list, (_, before) => seen.push(before));
    return seen;
  };
  expect(looks(new Map(all.slice(0, 3).map((field, n) => [field, n])))).toEqual([0, 1, 2]);
  const many = new Map(all.map((field, n) => [field, n]));
  const seen = [...looks(many), ...looks(many)];
  expect(seen).toEqual([...all.keys(), ...Array.from({ length: 100 }, (_, n) => n)]);
});

test('what is off the page is not looked at, nor kept', () => {
  document.body.innerHTML = '<i></i><b></b>';
  const [gone, here] = [...document.body.children] as [Element, Element];
  const list = new Map([gone, here].map((element) => [element, element.localName]));
  gone.remove();
  const seen: string[] = [];
  lookInTurn(list, (_, before) => seen.push(before));
  expect([seen, [...list.values()]]).toEqual([['b'], ['b']]);
});
