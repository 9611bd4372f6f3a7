// Pages of the kinds that recorders get wrong. Each has `acts`, of which a seeded hand does one after the other; `random(n)` is below n.

const page = (style, body, script) =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Page</title><style>body{font:14px/1.4 sans-serif;margin:8px}${style}</style></head><body>${body}<script>
const $ = (selector) => document.querySelector(selector);
const $$ = (selector) => [...document.querySelectorAll(selector)];
const make = (tag, text = '', name = '') => Object.assign(document.createElement(tag), { textContent: text, className: name });
const everything = (root) => [...root.querySelectorAll('*')].flatMap((one) => [one, ...[one.shadowRoot, one.contentDocument].filter(Boolean).flatMap(everything)]);
window.acts = [
  () => { const all = everything(document.body); const one = all[random(all.length)]; one.tabIndex = 0; one.focus(); },
  () => document.activeElement?.blur(),
];
${script}</script></body></html>`;

export const PAGES = {
  forms: page(
    'input:checked{outline:2px solid rgb(200,0,0)}fieldset:disabled{color:rgb(0,120,0)}',
    `<form><fieldset><label><input type="checkbox" id="c"> take it</label><input type="radio" name="r" id="r1"><input type="radio" name="r" id="r2" checked>
<input id="t" placeholder="your name"><textarea id="a">said before</textarea><select id="s"><option>one<option>two<option selected>three</select>
<select id="m" multiple><option>a<option>b<option>c</select><input type="submit" value="Send it"></fieldset></form>`,
    `acts.push(
      () => { $('#c').checked = !$('#c').checked; },
      () => { $('#r' + (1 + random(2))).click(); },
      () => { $('#t').value = 'x'.repeat(random(9)); },
      () => { $('#a').value = 'y'.repeat(random(30)); },
      () => { $('#s').selectedIndex = random($('#s').options.length); },
      () => { const option = $('#m').options[random(3)]; option.selected = !option.selected; },
      () => { $('fieldset').disabled = !$('fieldset').disabled; },
      () => { $('#s').append(make('option', 'more')); },
      () => { $('form').reset(); },
      () => { $('form').append(Object.assign(make('input'), { value: 'new', type: ['text', 'checkbox', 'password'][random(3)] })); },
    );`,
  ),
  tables: page(
    'td{border:1px solid #999}tr:nth-child(odd){color:rgb(0,0,160)}#box{height:120px;overflow:auto}',
    '<div id="box"><table><thead><tr><th>n<th>name</thead><tbody></tbody></table></div>',
    `let n = 0;
    const row = () => { const tr = document.createElement('tr'); tr.append(make('td', n++), make('td', 'row ' + n)); return tr; };
    const body = $('tbody');
    for (let i = 0; i < 30; i++) body.append(row());
    acts.push(
      () => body.prepend(row()), () => body.append(row(), row()),
      () => { const rows = [...body.rows]; body.insertBefore(rows[random(rows.length)], rows[random(rows.length)]); },
      () => { body.rows[random(body.rows.length)].remove(); if (!body.rows.length) body.append(row()); },
      () => { body.append(...[...body.rows].sort((a, b) => a.cells[0].textContent - b.cells[0].textContent)); },
      () => { body.rows[random(body.rows.length)].cells[1].textContent = 'changed ' + n++; },
      () => { $('#box').scrollTop = random(300); },
      () => { const row = body.rows[0]; row.cells[0].rowSpan = 1 + random(3); },
      () => { body.rows[random(body.rows.length)].insertCell().textContent = 'cell'; },
    );`,
  ),
  frames: page(
    'iframe{width:300px;height:90px}',
    `<iframe id="one" srcdoc="<!doctype html><style>p{color:rgb(160,0,0)}</style><p>in the frame</p><div id='deep'></div>"></iframe><div id="more"></div>
<iframe id="two" srcdoc="<!doctype html><style>p{color:rgb(0,0,160)}div{height:60px}</style><p>still</p><b>there</b><div>1</div><div>2</div><div>3</div>"></iframe>`,
    `const other = () => $('#two').contentDocument;
    const inner = () => $('#one')?.contentDocument;
    addEventListener('load', () => $('#two').contentWindow.scrollTo(0, 30));
    acts.push(
      () => inner()?.body.append(make('p', 'more')),
      () => { const p = inner()?.querySelector('p'); if (p) p.textContent = 'changed ' + random(99); },
      () => inner()?.querySelector('p')?.remove(),
      () => { const frame = document.createElement('iframe'); $('#more').append(frame); frame.contentDocument.body.innerHTML = '<i>made by a script</i>'; },
      () => $('#more').firstChild?.remove(),
      () => { const frame = $('#one'); frame.srcdoc = '<!doctype html><style>b{color:rgb(0,0,160)}</style><p>another</p><b>document ' + random(99) + '</b>'; return new Promise((done) => { frame.onload = done; }); },
      () => { const doc = inner(); if (doc?.body) { const host = doc.createElement('div'); host.attachShadow({ mode: 'open' }).innerHTML = '<u>shadow in a frame</u>'; doc.body.append(host); } },
      () => { $('#one').contentWindow.scrollTo(0, random(200)); },
      () => { $('#two').contentWindow.scrollBy(0, random(9) - 4); },
      () => { const [sheet] = other().styleSheets; sheet.insertRule('p{color:rgb(0,' + random(255) + ',0)}', sheet.cssRules.length); },
      () => { const [own] = other().adoptedStyleSheets; own?.replaceSync('b{color:rgb(0,0,' + random(255) + ')}'); },
      () => { const sheet = new (other().defaultView.CSSStyleSheet)(); sheet.replaceSync('b{color:rgb(5,5,5)}'); other().adoptedStyleSheets = [sheet]; },
      () => { const host = other().querySelector('div:not(.host)'); if (host) { host.className = 'host'; host.attachShadow({ mode: 'open' }).innerHTML = '<u>late shadow</u>'; } },
      () => { const doc = inner(); if (doc?.head) doc.head.append(Object.assign(doc.createElement('style'), { textContent: 'p{color:rgb(' + random(255) + ',0,0)}' })); },
    );`,
  ),
  shadow: page(
    'x-box{display:block}',
    '<div id="host"><span>light</span></div><div id="late"></div>',
    `const fill = (root) => { root.innerHTML = '<style>b{color:rgb(0,130,0)}:host{display:block}</style><b>shade</b><slot></slot><ul><li>1</li></ul>'; return root; };
    const root = fill($('#host').attachShadow({ mode: 'open' }));
    acts.push(
      () => { root.querySelector('b').textContent = 'shade ' + random(99); },
      () => root.querySelector('ul').append(make('li', random(99))),
      () => { const list = root.querySelector('ul'); list.append(...[...list.children].reverse()); },
      () => { $('#host').append(make('span', 'light ' + random(9))); },
      () => { if (!$('#late').shadowRoot) fill($('#late').attachShadow({ mode: 'open' })); },
      () => { const host = make('section'); fill(host.attachShadow({ mode: 'open' })); document.body.append(host); },
      () => { const late = $('#late').shadowRoot; if (late) { const inner = make('div'); fill(inner.attachShadow({ mode: 'open' })); late.append(inner); } },
      () => { root.append(root.firstElementChild.cloneNode(true), 'text'); },
      () => { document.body.prepend($('#host')); },
    );`,
  ),
  adopted: page(
    '',
    '<p>paragraph</p><b>bold</b><div id="host"></div>',
    `const sheet = new CSSStyleSheet(), other = new CSSStyleSheet();
    sheet.replaceSync('p{color:rgb(10,20,30)}');
    const root = $('#host').attachShadow({ mode: 'open' });
    root.innerHTML = '<p>within</p><i>i</i>';
    document.adoptedStyleSheets = [sheet];
    const color = () => 'rgb(' + [random(255), random(255), random(255)] + ')';
    acts.push(
      () => { sheet.replaceSync('p{color:' + color() + '}b{display:' + ['block', 'inline'][random(2)] + '}'); },
      () => { sheet.insertRule('b{color:' + color() + '}', random(sheet.cssRules.length + 1)); },
      () => { if (sheet.cssRules.length) sheet.deleteRule(random(sheet.cssRules.length)); },
      () => { root.adoptedStyleSheets = random(2) ? [sheet, other] : [other]; },
      () => { document.adoptedStyleSheets.push(other); },
      () => { document.adoptedStyleSheets = [sheet]; },
      () => { other.replaceSync('i,p{color:' + color() + '}'); },
      () => { for (const rule of sheet.cssRules) rule.style.color = color(); },
      () => { const late = new CSSStyleSheet(); late.replaceSync('b{color:' + color() + '}'); document.adoptedStyleSheets = [...document.adoptedStyleSheets, late]; },
    );`,
  ),
  custom: page(
    'x-card:not(:defined){color:rgb(200,0,0)}x-card{display:block}x-late{display:block;color:rgb(0,0,9)}x-soon:not(:defined){display:none}',
    '<x-card name="a"></x-card><x-plain>plain</x-plain><x-soon></x-soon>',
    `customElements.define('x-card', class extends HTMLElement {
      connectedCallback() { if (!this.shadowRoot) this.attachShadow({ mode: 'open' }).innerHTML = '<h3>' + (this.getAttribute('name') ?? '') + '</h3><slot></slot>'; }
      set count(n) { this.shadowRoot.querySelector('h3').textContent = 'count ' + n; }
    });
    // As the first act of all, when the page has been told.
    let soon = () => { soon = () => {}; customElements.define('x-soon', class extends HTMLElement {}); };
    acts.push(
      () => { const card = document.createElement('x-card'); card.append('slotted ' + random(9)); document.body.append(card); },
      () => { const cards = $$('x-card'); cards[random(cards.length)].count = random(99); },
      () => { const cards = $$('x-card'); document.body.insertBefore(cards[random(cards.length)], cards[random(cards.length)]); },
      () => { $('x-plain').textContent = 'plain ' + random(99); },
      () => { const cards = $$('x-card'); cards[random(cards.length)].append(make('em', 'more')); },
      () => { const cards = $$('x-card'); if (cards.length > 1) cards[0].remove(); },
      () => { document.body.append(document.createElement('x-late')); },
      () => { document.body.append(document.createElement('x-soon')); },
    );
    acts = acts.map((act) => () => { soon(); return act(); });`,
  ),
  svg: page(
    'circle.hot{fill:rgb(250,0,0)}',
    '<svg width="200" height="100" viewBox="0 0 200 100"><defs><linearGradient id="g"><stop offset="0" stop-color="red"/></linearGradient><symbol id="sym"><rect width="9" height="9"/></symbol></defs><g><circle cx="10" cy="10" r="5"/></g><text x="5" y="90">words</text><use href="#sym" x="30"/></svg>',
    `const S = 'http://www.w3.org/2000/svg';
    const svg = (tag, attributes) => { const e = document.createElementNS(S, tag); for (const name in attributes) e.setAttribute(name, attributes[name]); return e; };
    acts.push(
      () => $('g').append(svg('circle', { cx: random(200), cy: random(100), r: 4, class: random(2) ? 'hot' : '' })),
      () => $('g').firstElementChild?.setAttribute('cx', random(200)),
      () => $('g').append(svg('path', { d: 'M0 0L' + random(100000) + ' 123456', stroke: 'url(#g)' })),
      () => { $('text').textContent = 'words ' + random(99); },
      () => $('g').firstElementChild?.remove(),
      () => { $('g').append($('g').firstElementChild ?? svg('rect', { width: 4, height: 4 })); },
      () => { $('use').setAttribute('x', random(150)); },
      () => { const style = svg('style', {}); style.textContent = 'path{fill:rgb(' + random(255) + ',0,0)}'; $('svg').prepend(style); },
      () => { const object = svg('foreignObject', { width: 50, height: 20 }); object.append(make('p', 'html')); $('svg').append(object); },
      () => { $('svg').setAttribute('viewBox', '0 0 ' + (100 + random(200)) + ' 100'); },
    );`,
  ),
  toggles: page(
    '[popover]{color:rgb(0,0,200)}dialog{color:rgb(0,99,0)}dialog:modal{color:rgb(150,0,0)}',
    '<details><summary>more</summary><p>inside</p></details><dialog>asked</dialog><div popover id="pop">popped</div><div popover="manual" id="pop2">two</div><div hidden>h</div>',
    `acts.push(
      () => { $('details').open = !$('details').open; },
      () => { const d = $('dialog'); if (d.open) d.close(); else d.show(); },
      () => { const d = $('dialog'); if (d.open) d.close(); else d.showModal(); },
      () => $('#pop').togglePopover(), () => $('#pop2').togglePopover(),
      () => { $('[hidden],[data-h]').toggleAttribute('hidden'); $('body>div:last-of-type').dataset.h = ''; },
      () => { $('dialog').append(make('b', 'more')); },
      () => { $('details').append(make('p', 'more inside')); },
      () => { const d = make('details'); d.append(make('summary', 's'), 'text'); d.open = true; document.body.append(d); },
    );`,
  ),
  storms: page(
    '.w{color:rgb(90,0,90)}',
    '<div id="a"></div><div id="b"></div>',
    `const html = (n) => Array.from({ length: n }, (_, i) => '<p class="' + (i % 3 ? 'w' : '') + '">p' + i + '<b>b' + random(99) + '</b></p>').join('');
    acts.push(
      () => { $('#a').innerHTML = html(50); }, () => { $('#b').innerHTML = html(200); },
      () => { for (let i = 0; i < 20; i++) $('#a').innerHTML = html(10 + i); },
      () => { $('#a').insertAdjacentHTML('beforeend', html(5)); },
      () => { $('#b').replaceChildren(...$('#a').children); },
      () => { $('#a').innerHTML = ''; },
      () => { $('#a').outerHTML = '<div id="a">' + html(3) + '</div>'; },
      () => { const all = $('#b'); const kept = all.querySelectorAll('b'); all.innerHTML = ''; all.append(...kept); },
    );`,
  ),
  lists: page(
    'li:first-child{color:rgb(180,0,0)}',
    '<ul id="l"></ul><ol id="k"></ol>',
    `let n = 0;
    const list = $('#l');
    const item = () => { const li = make('li', 'item ' + n++); li.append(make('i', '!')); return li; };
    for (let i = 0; i < 20; i++) list.append(item());
    const any = () => list.children[random(list.children.length)] ?? list.appendChild(item());
    acts.push(
      () => list.append(...[...list.children].sort(() => random(3) - 1)),
      () => list.append(...[...list.children].reverse()),
      () => any().before(item()), () => any().after(item(), 'text', item()), () => any().remove(),
      () => $('#k').append(any()), () => { const first = $('#k').firstChild; if (first) any().before(first); },
      () => any().append(any().cloneNode(true)),
      () => { const frag = document.createDocumentFragment(); frag.append(...list.children); list.append(frag); },
      () => { any().replaceWith(item(), item()); },
      () => { const moved = any(); moved.remove(); list.prepend(moved); },
    );`,
  ),
  texts: page(
    '',
    '<p id="p">The quick brown fox</p><pre id="e">lines\n  of text</pre>',
    `const text = () => { const all = [...$('#p').childNodes].filter((node) => node.nodeType === 3); return all[random(all.length)] ?? $('#p').appendChild(new Text('again')); };
    acts.push(
      () => { const t = text(); t.splitText(random(t.length + 1)); },
      () => $('#p').normalize(), () => { text().data = 'changed ' + random(99); },
      () => text().appendData(' more'), () => text().deleteData(0, 2), () => text().after(new Comment('said')),
      () => text().before(make('b', 'bold')), () => text().remove(), () => { $('#p').textContent = 'all new'; },
      () => { const b = $('b'); if (b) b.replaceWith(...b.childNodes); },
      () => { $('#e').firstChild.insertData(3, '\\n\\t'); },
    );`,
  ),
  cssom: page(
    'p{color:rgb(1,2,3)}',
    '<p class="x">one</p><p class="y">two</p><b>b</b><style id="own">b{color:rgb(9,9,9)}</style>',
    `const color = () => 'rgb(' + [random(255), random(255), random(255)] + ')';
    const sheet = () => document.styleSheets[random(document.styleSheets.length)];
    acts.push(
      () => { const s = sheet(); s.insertRule('.x{color:' + color() + '}', random(s.cssRules.length + 1)); },
      () => { const s = sheet(); if (s.cssRules.length > 1) s.deleteRule(random(s.cssRules.length)); },
      () => { const s = sheet(); const rule = [...s.cssRules].find((rule) => rule.style); if (rule) rule.style.color = color(); },
      () => { const s = sheet(); const rule = [...s.cssRules].find((rule) => rule.style); rule?.style.setProperty('display', ['block', 'inline-block'][random(2)], random(2) ? 'important' : ''); },
      () => { $('#own').textContent = 'b{color:' + color() + '}'; },
      () => { $('#own').append('.y{color:' + color() + '}'); },
      () => { const s = sheet(); const place = s.insertRule('@media (min-width:1px){}', s.cssRules.length); s.cssRules[place].insertRule('b{color:' + color() + '}', 0); },
      () => { document.head.append(Object.assign(document.createElement('style'), { textContent: '.y{color:' + color() + '}' })); },
      () => { const made = document.createElement('style'); document.head.append(made); for (let i = 0; i < 5; i++) made.sheet.insertRule('.x{color:' + color() + '}'); },
      () => { document.head.lastElementChild.media = ['print', 'all'][random(2)]; },
    );`,
  ),
  styles: page(
    '.on{color:rgb(0,150,0)}',
    '<div id="d" style="color:rgb(1,1,1)">styled</div><p>classed</p>',
    `const color = () => 'rgb(' + [random(255), random(255), random(255)] + ')';
    acts.push(
      () => { $('#d').style.color = color(); },
      () => { for (let i = 0; i < 30; i++) $('#d').style.transform = 'translateX(' + random(50) + 'px)'; },
      () => { $('#d').style.cssText = 'color:' + color() + ';display:' + ['block', 'inline-block', 'none'][random(3)]; },
      () => { $('#d').removeAttribute('style'); },
      () => { $('p').classList.toggle('on'); },
      () => { $('p').toggleAttribute('hidden'); },
      () => { $('p').dir = random(2) ? 'rtl' : 'ltr'; },
      () => { $('#d').style.setProperty('--size', random(9)); },
      () => new Promise((done) => { let left = 8; const step = () => { $('#d').style.marginLeft = left + 'px'; if (left--) requestAnimationFrame(step); else done(); }; step(); }),
      () => { document.body.style.minHeight = 2000 + 'px'; scrollTo(0, random(800)); },
    );
    // A style that is animated is told ten times a second.
    acts = acts.map((act) => async () => { await act(); await new Promise((done) => setTimeout(done, 120)); });`,
  ),
  linked: page(
    'i{color:rgb(1,1,1)}',
    '<link rel="stylesheet" href="/look.css"><p class="x">one</p><p class="y">two</p><b>b</b><i>i</i>',
    `const color = () => 'rgb(' + [random(255), random(255), random(255)] + ')';
    const sheet = () => $('link').sheet;
    const loaded = (link) => new Promise((done) => { link.onload = link.onerror = done; });
    acts.push(
      () => { const s = sheet(); s.insertRule('.x{color:' + color() + '}', 2 + random(s.cssRules.length - 1)); },
      () => { const s = sheet(); if (s.cssRules.length > 3) s.deleteRule(2 + random(s.cssRules.length - 2)); },
      () => { const s = sheet(); const rule = [...s.cssRules].find((rule) => rule.style); if (rule) rule.style.color = color(); },
      () => { const s = sheet(); const rule = [...s.cssRules].find(({ media }) => media); rule?.insertRule?.('b{color:' + color() + '}', 0); },
      () => { const link = $('link'); link.href = /look/.test(link.href) ? '/other.css' : '/look.css'; return loaded(link); },
      () => { const made = Object.assign(make('link'), { rel: 'stylesheet', href: '/more.css?' + random(3) }); document.head.append(made); return loaded(made); },
      () => { $('link:last-of-type').media = ['print', 'all'][random(2)]; },
      () => { document.head.append(make('style', '@import "/more.css";.y{display:inline-block}')); return loaded(document.head.lastElementChild); },
      () => { if (document.head.querySelectorAll('link,style').length > 2) document.head.lastElementChild.remove(); },
    );`,
  ),
};

/** What the last of them links. */
const LOOK = `@import "/more.css" layer(low);@import "/none.css";/* {} */p{color:rgb(20,30,40)}.y::-moz-selection{color:red}
.y{display:inline-block;background:url(none.png)}@media all{b{color:rgb(50,60,70)}}`;
export const FILES = {
  '/look.css': LOOK,
  '/other.css': `@layer low;${LOOK.replace('20,30', '90,80')}u{}`,
  '/more.css': '.x{color:rgb(5,6,7)}b{display:block}',
};
