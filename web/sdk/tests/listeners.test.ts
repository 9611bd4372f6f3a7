import { afterEach, expect, test } from 'vitest';
import { failures } from '../src/page/guard.ts';
import { watchPasswords } from '../src/page/late/passwords.ts';
import { createListeners, type Listeners } from '../src/page/listeners.ts';
import { createRoots } from '../src/page/roots.ts';
import type { Tracker } from '../src/page/tracker.ts';
import { isUnmasked } from './judged.ts';
import { removeListeners } from './setup.ts';

const listeners = (test = true): Listeners => createListeners(createRoots(), test);
const act = (target: EventTarget, type: string, more: object = {}) =>
  target.dispatchEvent(Object.assign(new Event(type, { bubbles: true, composed: true }), more));

afterEach(removeListeners);

test('whoever asks for a type of event in a tree, the browser calls one listener', () => {
  const before = globalThis.addedListeners?.length ?? 0;
  const { on } = listeners();
  const heard: unknown[] = [];
  for (const who of ['first', 'second']) on(window, 'pointerdown', (_, __, element) => heard.push([who, element]));
  on(document, 'pointerdown', () => heard.push('another tree'));
  expect(globalThis.addedListeners?.length).toBe(before + 2);
  act(document.body, 'pointerdown');
  expect(heard).toEqual([['first', document.body], ['second', document.body], 'another tree']);
});

test('who fails keeps no other from hearing, and the page hears nothing of it', () => {
  const { on } = listeners();
  const before = failures();
  let heard = 0;
  on(window, 'keydown', () => {
    throw new Error('ours');
  });
  on(window, 'keydown', () => heard++);
  act(document.body, 'keydown');
  expect([heard, failures() - before]).toEqual([1, 1]);
});

test('presses, keys and turns of the wheel are acts, other input is not', () => {
  const { on, actedAt, inputAt } = listeners();
  let last = actedAt();
  expect(last).toBe(0);
  const types = ['pointermove', 'pointerdown', 'pointerup', 'keydown', 'input', 'wheel', 'click'];
  const acts = types.filter((type) => {
    let at = 0;
    on(window, type, (event) => {
      at = event.timeStamp;
    });
    act(document.body, type);
    const acted = actedAt() === at && at !== last;
    last = actedAt();
    return acted;
  });
  expect(acts).toEqual(['pointerdown', 'keydown', 'wheel']);
  expect(inputAt()).toBeGreaterThanOrEqual(last);
});

test('events that a script made are heard in tests only', () => {
  let heard = 0;
  for (const test of [false, true]) listeners(test).on(window, 'click', () => heard++);
  act(document.body, 'click');
  expect(heard).toBe(1);
});

test('a password is looked for at each press, and where a click has none: by keys', () => {
  document.body.innerHTML = '<input type="password" data-ct-unmask><button>Show</button>';
  const [field, button] = [...document.body.children] as [HTMLInputElement, HTMLElement];
  watchPasswords({ ...listeners(), roots: { each: () => {} } } as unknown as Tracker);
  const shown = (type: string, detail: number) => {
    const fresh = field.cloneNode() as HTMLInputElement;
    field.after(fresh);
    act(button, type, { detail });
    fresh.type = 'text';
    const told = isUnmasked(fresh);
    fresh.remove();
    return told;
  };
  expect(shown('pointerdown', 0)).toBe(false);
  expect(shown('click', 1)).toBe(true);
  expect(shown('click', 0)).toBe(false);
});

test('what was acted in before anybody looked may be a disguised password; what is found later was not', () => {
  document.body.innerHTML = '<input data-ct-unmask><input type="checkbox" data-ct-unmask><div></div>';
  const [field, box, host] = [...document.body.children] as [Element, Element, Element];
  let find = (_: EventTarget) => {};
  const each = (listen: (root: EventTarget) => void) => {
    find = listen;
    listen(window);
  };
  watchPasswords({ roots: { each }, on: () => {}, actedAt: () => 1 } as unknown as Tracker);
  const root = host.attachShadow({ mode: 'open' });
  root.innerHTML = '<input data-ct-unmask>';
  find(root);
  expect([field, box, root.firstElementChild as Element].map(isUnmasked)).toEqual([false, true, true]);
});
