import { beforeEach, expect, test } from 'vitest';
import { type Changes, changesOf } from '../src/page/replay/changes.ts';
import { type Fields, fieldsOf } from '../src/page/replay/fields.ts';
import { focusOf } from '../src/page/replay/focus.ts';
import { type Rows, rowsOf } from '../src/page/replay/rows.ts';
import { type Walk, walkOf } from '../src/page/replay/walk.ts';
import { SNAPSHOT, SNAPSHOT_END } from '../src/shared/replay_rows.ts';
import { Encoder } from '../src/worker/replay/encode/encoder.ts';
import type { Recorded } from '../src/worker/replay/recorded.ts';

interface Shown {
  id: number;
  tagName?: string;
  textContent?: string;
  attributes?: Record<string, unknown>;
  childNodes?: Shown[];
  isShadow?: true;
}

/** rrweb's mutation. */
interface Change {
  source: number;
  removes: { id: number; parentId: number }[];
  adds: { node: Shown; parentId: number; previousId?: number; nextId?: number | null }[];
  texts: { id: number; value: string }[];
}

let recorded: Recorded[];
let encoder: Encoder;
let rows: Rows;
let walk: Walk;
let changes: Changes;
let fields: Fields;
let focus: ReturnType<typeof focusOf>;
let now: number;

beforeEach(() => {
  document.documentElement.innerHTML = '<head></head><body></body>';
  recorded = [];
  now = 0;
  const url = 'https://shop.example/user?id=4711';
  const viewed = { visitor_id: '', tab_id: '', page_view_id: '', url, viewport: [1, 1] as [number, number] };
  encoder = new Encoder(viewed, (events) => recorded.push(...events), {
    found() {},
    sheet: async () => null,
    rules() {},
    caughtUp() {},
    failed() {},
  });
  rows = rowsOf();
  fields = fieldsOf(rows, (node) => walk.nodes.number(node));
  walk = walkOf(
    rows,
    fields,
    () => {},
    () => {},
  );
  changes = changesOf(rows, walk, fields);
  focus = focusOf(rows, (node) => walk.nodes.known(node));
});

const send = () => {
  const end = rows.length();
  encoder.encode({ numbers: rows.takeNumbers().subarray(0, end), text: rows.text(), at: ++now, q: 7 });
};
const events = () => recorded.splice(0).map(({ line }) => JSON.parse(line));
const datas = () => events().map(({ data }) => data);

/** `meanwhile` runs between two turns of the walk. */
function begin(late: () => boolean = () => false, meanwhile: (turn: number) => void = () => {}): void {
  rows.put(SNAPSHOT);
  for (const number of [1280, 720, 0, 40, walk.nodes.number(document), 0]) rows.put(number);
  walk.parent(document);
  for (let turn = 0; !walk.work(late); turn++) {
    send();
    meanwhile(turn);
  }
  // As the recorder does: what is to be told anew is in no snapshot.
  changes.place();
  for (const number of [SNAPSHOT_END, 2_500, 0]) rows.put(number);
  walk.work(() => false);
  send();
}

/** What a browser would tell, in one turn. */
function change(act: () => void, late: () => boolean = () => false): void {
  const observer = new MutationObserver(() => {});
  observer.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
  act();
  changes.see(observer.takeRecords());
  observer.disconnect();
  while (!changes.note(late)) send();
  changes.place();
  while (!walk.work(late)) send();
  while (!changes.tell(late, true)) send();
  focus.look();
  send();
}

/** A player: the tree that the events make. */
class Player {
  nodes = new Map<number, { shown: Shown; parent: number; children: number[] }>();

  constructor(node: Shown) {
    this.add(node, 0);
  }

  add(node: Shown, parent: number): void {
    this.nodes.set(node.id, { shown: node, parent, children: (node.childNodes ?? []).map(({ id }) => id) });
    for (const child of node.childNodes ?? []) this.add(child, node.id);
  }

  play(all: Change[]): void {
    for (const { source, removes, adds, texts } of all) {
      if (source !== 0) continue;
      for (const { id, parentId } of removes) {
        const siblings = this.nodes.get(parentId)?.children as number[];
        expect(siblings).toContain(id);
        siblings.splice(siblings.indexOf(id), 1);
      }
      for (const { node, parentId, previousId, nextId } of adds) {
        const parent = this.nodes.get(parentId);
        if (!parent) throw new Error(`no parent ${parentId}`);
        expect(node.childNodes ?? []).toEqual([]);
        this.add(node, parentId);
        const beside = previousId ?? nextId;
        if (beside) expect(parent.children).toContain(beside);
        const at = beside ? parent.children.indexOf(beside) + Number(!!previousId) : parent.children.length;
        parent.children.splice(at, 0, node.id);
      }
      for (const { id, value } of texts) (this.nodes.get(id) as { shown: Shown }).shown.textContent = value;
    }
  }

  html(id: number): string {
    const { shown, children } = this.nodes.get(id) as { shown: Shown; children: number[] };
    const inner = children.map((child) => this.html(child)).join('');
    return shown.tagName ? `<${shown.tagName}>${inner}</${shown.tagName}>` : (shown.textContent ?? inner);
  }

  /** The element, as text. */
  find(tag: string): string {
    for (const [id, { shown }] of this.nodes) if (shown.tagName === tag) return this.html(id);
    throw new Error(tag);
  }
}

const plain = (element: Element) => element.outerHTML.replace(/<!--.*?-->/g, '').replace(/ [\w-]+="[^"]*"/g, '');

test('a page becomes its size and a snapshot, masked', () => {
  document.body.innerHTML =
    '<h1 title="ada@example.org">Hello</h1><p>call 0171 2345678</p><input value="typed"><textarea>typed</textarea>' +
    '<select><option>one<option selected>two</select><!-- said --><script>secret()</script><div data-ct-block class="b">hidden</div>' +
    '<label><input type="radio">chosen</label><div contenteditable>written</div>';
  begin();
  const [meta, snapshot] = recorded;
  expect(recorded.map(({ kind }) => kind)).toEqual(['snapshot', 'snapshot']);
  expect(JSON.parse(meta?.line ?? '')).toMatchObject({ type: 4, q: 7, data: { width: 1280, height: 720 } });
  expect(snapshot).toMatchObject({ cost_ms: 2.5, at: now, q: 7 });
  expect(snapshot?.nodes).toBeGreaterThan(15);
  const [{ data: first }, { data }] = events();
  expect(first.href).toBe('https://shop.example/user?id=');
  expect(data.initialOffset).toEqual({ left: 0, top: 40 });
  const told = JSON.stringify(data);
  for (const secret of ['ada', '0171', '2345', 'typed', 'one', 'two', 'said', 'secret', 'hidden', 'chosen', 'written'])
    expect(told).not.toContain(secret);
  expect(told).toContain('Hello');
  expect(told).toContain('"value":"*****"');
});

test('a walk in many turns tells the same', () => {
  document.body.innerHTML = '<ul><li>1<li>2</ul><p>a<b>b</b></p>';
  begin(() => true);
  const [, { data }] = events();
  expect(new Player(data.node).find('body')).toBe(plain(document.body));
});

const CELLS =
  '<table><tbody><tr>\n <td>one</td><td></td>\n<td>t<i>w</i>o</td><td data-ct-block>hidden</td></tr><tr><td>a</td><td>b</td><td>c</td></tr>' +
  '<tr>x<td><script>secret()</script></td><td><!-- said -->y</td><td>z</td></tr></tbody></table>';

test('a page is told from the beginning of its body on', () => {
  document.head.innerHTML = '<title>unseen</title><meta>';
  const part = (name: string) => `<section><div><p>${name}<i></i></p></div></section>`;
  document.body.innerHTML = ['top', 'middle', 'bottom'].map(part).join('');
  walk.parent(document);
  expect(walk.work(() => false)).toBe(true);
  expect(rows.text().match(/top|middle|bottom|unseen/g)).toEqual(['top', 'middle', 'bottom', 'unseen']);
});

for (const late of [() => false, () => true])
  test(`texts of a list are told in one piece, and stay with their nodes (${late()})`, () => {
    document.body.innerHTML = CELLS;
    const cells = [...document.querySelectorAll('td')];
    cells[0]?.append('', 'more');
    cells[4]?.firstChild?.after('split');
    (cells[5] as Element).textContent = 'long '.repeat(20_000);
    begin(late);
    const [, { node }] = datas();
    const player = new Player(node);
    (cells[5] as Element).textContent = 'long '.repeat(20_000).slice(0, 65_536);
    for (const untold of ['[data-ct-block]', 'script']) document.querySelector(untold)?.replaceChildren();
    expect(player.find('body')).toBe(plain(document.body).replaceAll('script', 'noscript'));
  });

test('what is told at once asks for no layout, and nodes that were told before wait for it', () => {
  document.body.innerHTML = '<div><b>1</b></div><section></section>';
  begin();
  datas();
  walk.nodes.atOnce(true);
  const scrolled = document.createElement('div');
  scrolled.append('x');
  scrolled.scrollTop = 40;
  change(() => document.body.append(scrolled));
  const [{ adds }] = datas();
  expect(adds[0].node.attributes).toEqual({});
  expect(changes.moves()).toBe(false);
  const observer = new MutationObserver(() => {});
  observer.observe(document, { subtree: true, childList: true });
  document.querySelector('section')?.append(scrolled);
  changes.see(observer.takeRecords());
  observer.disconnect();
  expect(changes.note(() => false)).toBe(true);
  expect(changes.moves()).toBe(true);
});

const textOf = (tag: string) => document.querySelector(tag)?.firstChild as Text;

const ACTS: [name: string, act: () => void][] = [
  ['appends', () => document.querySelector('ul')?.append(document.createElement('li'), 'x')],
  ['prepends', () => document.querySelector('ul')?.prepend('x', document.createElement('li'))],
  ['inserts between', () => document.querySelector('li')?.after('x', document.createElement('b'), 'y')],
  [
    'turns a list round',
    () => {
      const list = document.querySelector('ul') as Element;
      list.append(...[...list.children].reverse());
    },
  ],
  ['takes away', () => document.querySelector('li')?.remove()],
  [
    'moves into what is new',
    () => {
      const box = document.createElement('section');
      const list = document.querySelector('ul') as Element;
      list.replaceWith(box);
      box.append(list, 'after');
    },
  ],
  [
    'takes out of what goes',
    () => {
      const item = document.querySelector('li') as Element;
      document.querySelector('ul')?.remove();
      document.body.append(item);
    },
  ],
  [
    'replaces all',
    () => {
      document.body.innerHTML = '<div><i>1</i><i>2</i></div>tail';
    },
  ],
  ['splits a text', () => textOf('p').splitText(1)],
  [
    'changes a text',
    () => {
      textOf('p').data = 'other';
    },
  ],
  [
    'puts texts beside the only one',
    () => {
      const item = document.querySelector('li') as Element;
      item.prepend('before');
      item.append('after');
      (item.childNodes[1] as Text).data = 'between';
    },
  ],
  ['takes the only text elsewhere', () => document.querySelector('ul')?.prepend(textOf('p'))],
  [
    'puts another in place of the only text',
    () => {
      textOf('p').replaceWith('new');
      textOf('p').data = 'newer';
      textOf('li').data = 'one';
    },
  ],
  [
    'adds and takes away again',
    () => {
      const item = document.createElement('li');
      document.querySelector('ul')?.append(item);
      item.remove();
    },
  ],
];

for (const late of [() => false, () => true])
  test.each(ACTS)(`a page that %s is followed (${late()})`, (_, act) => {
    document.body.innerHTML = '<ul><li>1</li><li>2<b>3</b></li><!-- x --><li>4</li></ul><p>abc</p>';
    begin();
    const [, { data }] = events();
    const player = new Player(data.node);
    change(act, late);
    player.play(datas());
    expect(player.find('body')).toBe(plain(document.body));
  });

/** Tells a page, a slice at a time, with an act after each slice in turn. `check` looks at what was told up to the end of the walk. */
function duringEachSlice(body: string, act: () => void, check: (when: string) => void): void {
  const observer = new MutationObserver(() => {});
  for (let when = 0; when < 20; when++) {
    document.body.innerHTML = body;
    changes.forget();
    walk.forget();
    rows.forgetNames();
    observer.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
    recorded = [];
    begin(
      () => true,
      (turn) => {
        if (turn === when) act();
        changes.see(observer.takeRecords());
        while (!changes.note(() => true));
      },
    );
    check(`turn ${when}`);
    observer.disconnect();
  }
}

test.each(ACTS)('a page that %s in the middle of a walk is told as it is in the end', (_, act) => {
  const body = '<ul><li>1</li><li>2<b>3</b></li><!-- x --><li>4</li></ul><p>abc</p>';
  duringEachSlice(body, act, (when) => {
    const [, { node }, ...placed] = datas();
    const player = new Player(node);
    player.play(placed);
    change(() => {});
    player.play(datas());
    expect(player.find('body'), when).toBe(plain(document.body));
  });
});

test('what becomes a block while a page is told is in no snapshot', () => {
  const block = () => {
    const section = document.querySelector('section') as Element;
    section.setAttribute('data-ct-block', '');
    section.innerHTML = '<p>private</p>';
  };
  const body = `<div>${'<p>x</p>'.repeat(9)}</div><section><p>Loading</p></section>`;
  duringEachSlice(body, block, (when) => {
    expect(recorded.map(({ line }) => line).join(), when).not.toContain('private');
  });
});

test('what changed while it was out of the page is told as it is when it comes back', () => {
  document.body.innerHTML = '<ul><li>1</li><li>2</li><li>3</li></ul>';
  begin();
  const [, { node }] = datas();
  const player = new Player(node);
  const list = document.querySelector('ul') as Element;
  const [one, two, three] = list.children as unknown as [Element, Element, Element];
  const [text] = three.childNodes;
  change(() => list.remove());
  one.append('more');
  two.textContent = 'other';
  text?.remove();
  change(() => document.body.append(list));
  change(() => {
    three.append(text as Node);
    (two.firstChild as Text).data = 'another';
  });
  player.play(datas());
  expect(player.find('body')).toBe(plain(document.body));
});

test('shuffled lists are followed, whatever happens in them', () => {
  document.body.innerHTML = `<ul>${'<li><b>x</b></li>'.repeat(9)}</ul>`;
  [...document.querySelectorAll('b')].forEach((b, n) => {
    b.textContent = `${n}`;
  });
  begin();
  const [, { data }] = events();
  const player = new Player(data.node);
  let seed = 1;
  const random = (below: number) => {
    seed = (seed * 16_807) % 2_147_483_647;
    return seed % below;
  };
  for (let turn = 0; turn < 200; turn++) {
    change(
      () => {
        for (let n = random(6); n >= 0; n--) {
          const list = document.querySelector('ul') as Element;
          const items = [...document.querySelectorAll('li')];
          const item = items[random(items.length)] as Element;
          const other = items[random(items.length)] as Element;
          const kind = random(6);
          if (kind < 2 && item !== other && !item.contains(other)) other.before(item);
          else if (kind === 2) item.remove();
          else if (kind === 3) other.before(Object.assign(document.createElement('li'), { innerHTML: '<b>n</b>w' }));
          else if (kind === 4 && item !== other && !other.contains(item) && !item.contains(other)) item.append(other);
          else item.append('t');
          if (!list.children.length) list.innerHTML = '<li>again</li>';
        }
      },
      () => turn % 2 === 0,
    );
    player.play(datas());
    expect(player.find('body')).toBe(plain(document.body));
  }
});

test('what a page view does not know is no error', () => {
  begin();
  events();
  for (const number of [5, 999, 11, 999, 0, 3, 10, 999, 1, 2]) rows.put(number);
  send();
  expect(events()).toEqual([]);
});

test('rows that end within what they tell are refused', () => {
  rows.put(SNAPSHOT);
  expect(send).toThrow(RangeError);
});

test('what has the focus is marked, and what it stands in the shadow tree of', () => {
  document.body.innerHTML = '<input id="a"><div></div>';
  const [input, host] = document.body.children as unknown as [HTMLInputElement, HTMLElement];
  const inner = host.attachShadow({ mode: 'open' }).appendChild(document.createElement('button'));
  begin();
  datas();
  const marks = () =>
    datas().flatMap((data) => data.attributes?.map(({ id, attributes }: Shown) => [id, attributes?.['data-ct-focus']]));
  const [a, around, within] = [input, host, inner].map((node) => walk.nodes.known(node));
  change(() => input.focus());
  expect(marks()).toEqual([[a, '']]);
  change(() => inner.focus());
  expect(marks()).toEqual([
    [a, null],
    [within, ''],
    [around, ''],
  ]);
  // It is told anew, as another kind of element.
  change(() => host.setAttribute('data-ct-ignore', ''));
  expect(datas()[0].adds[0].node.attributes['data-ct-focus']).toBe('');
});

test('a mail address in pieces of a drawing is masked as a whole', () => {
  document.body.innerHTML =
    '<svg><text><tspan>ada</tspan><tspan>@example</tspan>.org</text><text><textPath>ada</textPath>@example.org</text></svg>';
  begin();
  const [, { node }] = datas();
  expect(new Player(node).find('body')).not.toMatch(/ada|example/);
});

test('an attribute that becomes too long is told as gone', () => {
  document.body.innerHTML = '<p title="old"></p>';
  begin();
  datas();
  change(() => document.querySelector('p')?.setAttribute('title', 'x'.repeat(65_537)));
  expect(datas()[0].attributes[0].attributes).toEqual({ title: null });
});

test('custom elements are told as such, defined or not, and no names that nobody may define', () => {
  document.body.innerHTML = '<x-late></x-late><p></p>';
  for (const name of ['annotation-xml', 'font-face', 'X-Upper', 'x-a:b'])
    document.body.append(document.createElementNS('http://www.w3.org/1999/xhtml', name));
  begin();
  const custom = [...JSON.stringify(datas()[1].node).matchAll(/"tagName":"([^"]+)"[^[]*\[\],"isCustom":true/g)];
  expect(custom.map(([, name]) => name)).toEqual(['x-late']);
});
