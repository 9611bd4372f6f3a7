// Nothing private leaves: a word of its own is typed, chosen or shown in every kind of place, and is in none of the bytes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { edit, isOf, leakedIn, NAMES, PARTS, press } from './edited_places.mjs';
import { eventually } from './eventually.mjs';
import { lateIsThere } from './late.mjs';
import { context, pages, server, withSdk } from './tried_shop.mjs';

/** A word that stands nowhere else: letters only, since a batch is full of numbers. */
const canary = (n) => `zq${[...String(n)].map((digit) => 'abcdefghij'[digit]).join('')}kanarie`;

const html = (body, attributes) => withSdk(`<title>Canaries</title>${body}`, attributes);

/** The browser itself makes shadow trees of such templates. */
const shadow = (tree, children = '') =>
  `<x-card><template shadowrootmode="open">${tree}</template>${children}</x-card>`;
const unmasked = (attributes) => () => `<input ${attributes} data-ct-unmask class="type">`;

/** The word is typed into `.type`, or shown by what is hovered and pressed (`.act`). */
const PLACES = {
  'an input': () => '<input class="type">',
  'a textarea': () => '<textarea class="type"></textarea>',
  'a search field': () => '<input type="search" class="type">',
  'a field with a list': (w) => `<input class="type" list="l"><datalist id="l"><option>${w}</option></datalist>`,
  'values of before': (w) => `<input class="act" value="${w}"><textarea class="act">${w}</textarea>`,
  'a field of a shadow tree': () => shadow('<input class="type">'),
  'an ignored field': () => '<div data-ct-ignore><input data-ct-unmask class="type"></div>',
  'a password': unmasked('type="password"'),
  'a password shown as text': unmasked('type="password" id="disguised"'),
  'a password by its style': unmasked('style="-webkit-text-security: disc"'),
  'an email field': unmasked('type="email"'),
  'a telephone field': unmasked('type="tel"'),
  'a card number': unmasked('name="cc_num"'),
  'a security code': unmasked('name="security_code"'),
  'a csc': unmasked('id="csc"'),
  'a cell phone': unmasked('name="cell"'),
  'a contact number': unmasked('name="contactNumber"'),
  'a mail': unmasked('name="e_mail"'),
  'a code of a message': unmasked('name="sms_code"'),
  'a verification code': unmasked('name="verification_code"'),
  'a national id': unmasked('name="national_id"'),
  'a one-time code': unmasked('autocomplete="one-time-code"'),
  'a family name': unmasked('autocomplete="family-name"'),
  'a date of birth': () => '<label>Geburtsdatum <input data-ct-unmask class="type"></label>',
  'a labelled field': () => '<b id="lab">Contraseña</b><input aria-labelledby="lab" data-ct-unmask class="type">',
  'an editor': (w) => `<div contenteditable class="type"><p>${w}</p></div>`,
  'a part of an editor': (w) => `<div contenteditable><p class="act"><b class="act">${w}</b></p></div>`,
  'an island of an editor': (w) => `<div contenteditable><p>a</p><p contenteditable="false" class="act">${w}</p></div>`,
  'a text box': (w) => `<div role="textbox" aria-multiline="true" tabindex="0"><p class="act">${w}</p></div>`,
  'an editor like CodeMirror 6': (w) => `<div class="cm-editor"><div class="cm-line act">${w}</div></div>`,
  'an editor like CodeMirror 5': (w) =>
    `<div class="CodeMirror"><textarea></textarea><pre class="act"><span class="act">${w}</span></pre></div>`,
  'an editor like Monaco': (w) => `<div class="monaco-editor"><div><span class="act">${w}</span></div></div>`,
  'an editor like Ace': (w) => `<div class="ace_editor"><div class="ace_line act">${w}</div></div>`,
  'an editor like ProseMirror': (w) =>
    `<div class="ProseMirror" contenteditable="true"><h1 class="act">${w}</h1></div>`,
  'an output': (w) => `<output class="act">${w}</output>`,
  'an option': (w) => `<select size="2"><option>a<option class="act">${w}</select>`,
  'options in groups': (w) =>
    `<select multiple size="4"><option class="act">${w}<optgroup label="${w}" class="act"><option>a</optgroup></select>`,
  'a radio button': (w) => `<label class="act"><input type="radio" name="r"><span class="act">${w}</span></label>`,
  'a checkbox': (w) => `<input type="checkbox" id="box"><label for="box" class="act">${w}</label>`,
  'what is blocked in a label': (w) =>
    `<label class="act"><input type="checkbox" data-ct-unmask name="agree"> Agree <span data-ct-block>${w}</span></label>`,
  'the label of a box, blocked': (w) =>
    `<p data-ct-block><label for="unmasked">${w}</label></p><input type="checkbox" id="unmasked" data-ct-unmask class="act">`,
  'an editor in a label': (w) =>
    `<label><input type="radio" name="other" data-ct-unmask class="act"> Other <b contenteditable class="act">${w}</b></label>`,
  'an editor in a label, written into': () =>
    `<label><b contenteditable class="type">Other</b> <input type="radio" name="else" data-ct-unmask></label>`,
  'an option with a block': (w) =>
    `<select data-ct-unmask size="2"><option>a<option class="act">b <span data-ct-block>${w}</span></select>`,
  'an option of ARIA': (w) => `<div role="listbox"><div role="option" class="act"><b class="act">${w}</b></div></div>`,
  'a combobox of ARIA': (w) => `<div role="combobox" tabindex="0" class="act">${w}</div>`,
  'a radio button of ARIA': (w) => `<div role="radio" tabindex="0" class="act">${w}</div>`,
  'a day of a calendar': (w) => `<table role="grid"><tr><td role="gridcell" class="act">${w}</td></tr></table>`,
  'a date picker': (w) => `<div class="react-datepicker"><div class="act">${w}</div></div>`,
  'what is around a block': (w) => `<div class="act"><p data-ct-block>${w}</p>around</div>`,
  'what is around a blocked slot': (w) =>
    `<div class="act">around${shadow('<i data-ct-block><slot></slot></i>', w)}</div>`,
  'a broken email': (w) => `<p class="act">${w}<wbr>@mail.example</p>`,
  'an email over lines': (w) => `<p class="act">${w}<br>@mail.example</p>`,
  'an email over tags': (w) => `<p class="act"><b class="act">${w}</b>@mail.example</p>`,
  'an email over blocks': (w) => `<div class="act"><div>${w}</div><div>@mail.example</div></div>`,
  'the host of an email': (w) => `<p class="act">jane@<a class="act">${w}.example</a></p>`,
  'an email letter by letter': (w) => `<p class="act">${w.replace(/./g, '<i>$&</i>')}<i>@</i><i>mail</i>.example</p>`,
  'an encoded email': (w) => `<p class="act">${w}%40mail.example</p>`,
  'an email with hidden hyphens': (w) => `<p class="act">${w}&shy;@&#8203;mail.example</p>`,
  'a wide email': (w) => `<p class="act">${w}＠mail.example</p>`,
  'names of elements': (w) => `<p class="act" id="${w}@mail.example">x</p><input name="${w}@mail.example" class="act">`,
};

/** Not a single event may come from there. */
const BLOCKED = {
  'a block': (w) => `<div data-ct-block><button class="act">${w}</button><input class="type" data-ct-unmask></div>`,
  'a block around a host': (w) =>
    `<div data-ct-block>${shadow(`<button class="act">${w}</button><input class="type">`)}</div>`,
  'a block around nested hosts': (w) =>
    `<div data-ct-block>${shadow(shadow(`<button class="act">${w}</button>`))}</div>`,
  'a block in a shadow tree': (w) =>
    shadow(`<div data-ct-block><button class="act">${w}</button><input class="type"></div>`),
  'a block around a slot': (w) =>
    shadow('<div data-ct-block><slot></slot></div>', `<button class="act">${w}</button><input class="type">`),
  'a blocked child in a slot': (w) => shadow('<slot></slot>', `<button data-ct-block class="act">${w}</button>`),
  'an adopted element': () => '<div data-ct-block id="adopts"></div>',
};

const ALL = { ...PLACES, ...BLOCKED };
const words = new Map(Object.keys(ALL).map((what, n) => [what, canary(n + 1)]));
const idOf = (what) => `in-${what.replace(/\W+/g, '-')}`;

const sections = () =>
  Object.entries(ALL)
    .map(([what, of]) => `<section id="${idOf(what)}">${of(words.get(what))}</section>`)
    .join('\n');

/** Everything that was sent, as the collector reads it. */
const sent = () => JSON.stringify(server.batches);
const eventsIn = (what) =>
  server.batches.flatMap(({ events }) => events).filter(({ element }) => element?.path?.includes(idOf(what)));

/** What the browser keeps for this origin. */
const kept = (page) =>
  page.evaluate(async () => {
    const found = [JSON.stringify(localStorage), JSON.stringify(sessionStorage), document.cookie];
    for (const { name } of await indexedDB.databases()) {
      const opened = indexedDB.open(name);
      await new Promise((resolve) => Object.assign(opened, { onsuccess: resolve }));
      for (const store of opened.result.objectStoreNames) {
        const all = opened.result.transaction(store).objectStore(store).getAll();
        await new Promise((resolve) => Object.assign(all, { onsuccess: resolve }));
        found.push(JSON.stringify(all.result));
      }
      opened.result.close();
    }
    return found.join('\n');
  });

async function open(path) {
  const page = await context.newPage();
  await page.goto(server.shopUrl + path);
  await page.waitForFunction(() => window.telemetry);
  return page;
}

async function act(page, what) {
  for (const target of await page.locator(`#${idOf(what)} .act`).all()) {
    await target.scrollIntoViewIfNeeded();
    const box = await target.boundingBox();
    if (!box) continue;
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await page.mouse.down();
    await page.mouse.up();
  }
  for (const target of await page.locator(`#${idOf(what)} .type`).all()) {
    await target.click();
    await page.keyboard.type(words.get(what));
    await page.keyboard.press('Control+a');
    await page.keyboard.press('Control+c');
    await page.keyboard.press('Tab');
  }
}

test('nothing that is typed, chosen or blocked, in any place', async () => {
  pages['/empty'] = '<p>nothing</p>';
  pages['/places'] = html(`<button id="told">told</button><input id="colour" data-ct-unmask>${sections()}`);
  const page = await open('/places');
  await lateIsThere(page);
  await page.evaluate((word) => {
    document.getElementById('disguised').type = 'text';
    const frame = document.body.appendChild(document.createElement('iframe'));
    const button = frame.contentDocument.createElement('button');
    Object.assign(button, { className: 'act', textContent: word });
    document.getElementById('adopts').append(button);
    frame.remove();
  }, words.get('an adopted element'));
  await page.click('#told');
  await page.fill('#colour', 'red');
  for (const what of Object.keys(ALL)) await act(page, what);
  server.answer = () => 503;
  await page.evaluate(() => {
    window.telemetry.track('last');
    window.telemetry.flush();
  });
  await eventually('a refused batch', () => server.batches.some(({ attempt }) => attempt.status === 503));
  const stored = await kept(page);
  assert.ok(stored.includes('page_view_id'), 'batches are stored');
  await page.goto('about:blank');
  const later = await context.newPage();
  await later.goto(`${server.shopUrl}/empty`);
  const left = await kept(later);
  server.answer = () => 200;
  await open('/places').then((next) => next.evaluate(() => window.telemetry.flush()));

  const all = sent();
  for (const word of ['"told"', '"red"']) assert.ok(all.includes(word), `${word} may be told`);
  const wrong = [];
  for (const [what, word] of words) {
    for (const [where, bytes] of Object.entries({ sent: all, stored, left }))
      if (bytes.toLowerCase().includes(word)) wrong.push(`${what}, ${where}: ${sample(bytes, word)}`);
    const count = eventsIn(what).length;
    if (what in BLOCKED ? count : !count) wrong.push(`${what}: ${count} events`);
  }
  assert.deepEqual(wrong, []);
});

const sample = (bytes, word) => bytes.slice(Math.max(0, bytes.indexOf(word) - 200), bytes.indexOf(word) + 40);

/** How many samples of the pointer `act` makes. */
async function samplesOf(page, act) {
  const samples = () => page.evaluate(() => window.telemetry.stats().then(({ pointer_samples }) => pointer_samples));
  const before = await samples();
  await act();
  return (await samples()) - before;
}

/** Brings each block into view, with how the pointer goes across it. */
async function* blocksOf(page) {
  for (const what of Object.keys(BLOCKED)) {
    const [target] = await page.locator(`#${idOf(what)} .act`).all();
    if (!target) continue; // the adopted element is put there by the other test
    await target.scrollIntoViewIfNeeded();
    const { x, y, width, height } = await target.boundingBox();
    const cross = async () => {
      for (let step = 1; step < 5; step++) await page.mouse.move(x + (width * step) / 5, y + height / 2);
    };
    yield { what, cross };
  }
}

test('no sample of the pointer within a block', async () => {
  pages['/blocks'] = html(`<p style="margin: 50px">between</p>${sections()}`);
  const page = await open('/blocks');
  const wrong = [];
  for await (const { what, cross } of blocksOf(page)) if (await samplesOf(page, cross)) wrong.push(what);
  assert.ok((await samplesOf(page, () => page.mouse.move(5, 5))) > 0, 'elsewhere there are samples');
  assert.deepEqual(wrong, []);
});

test('no sample of the pointer within a block while something is dragged over it', async () => {
  pages['/dragged'] = html(`<p style="margin: 50px">between</p><div id="slider"></div>${sections()}`);
  const page = await open('/dragged');
  await page.evaluate(() => {
    const slider = document.getElementById('slider');
    slider.style = 'position: fixed; top: 0; left: 0; width: 40px; height: 20px; z-index: 9';
    slider.onpointerdown = ({ pointerId }) => slider.setPointerCapture(pointerId);
  });
  const wrong = [];
  for await (const { what, cross } of blocksOf(page)) {
    await page.mouse.move(5, 5);
    await page.mouse.down();
    if (!(await samplesOf(page, () => page.mouse.move(6, 6)))) wrong.push(`${what}: nothing of the drag before`);
    if (await samplesOf(page, cross)) wrong.push(what);
    await page.mouse.up();
  }
  assert.deepEqual(wrong, []);
});

test('a block around a slot, where no other shadow tree was met before', async () => {
  const word = canary(900);
  pages['/slot'] = html(`<button id="other">other</button>${BLOCKED['a block around a slot'](word)}`);
  const page = await open('/slot');
  await page.hover('.act');
  await page.click('.act');
  await page.fill('.type', word);
  const before = await page.evaluate(() => window.telemetry.stats());
  assert.equal(before.pointer_samples, 0);
  for (const type of ['click', 'input', 'focus', 'element_enter']) assert.equal(before.captured[type], undefined, type);
  await page.click('#other');
  await page.evaluate(() => window.telemetry.flush());
  assert.ok(sent().includes('"other"'));
  assert.ok(!sent().includes(word));
});

test('what was typed is not told when it is in a field or an editor no more', async () => {
  pages['/edited'] = html(`<button id="told">told</button>${PARTS}`);
  const page = await open('/edited');
  await lateIsThere(page);
  await edit(page);
  // What is known of an element is asked anew of another page view.
  await page.evaluate(() => history.pushState(null, '', '/edited/again'));
  await press(page);
  await page.click('#told');
  await page.evaluate(() => window.telemetry.flush());
  assert.ok(sent().includes('"told"'));
  const events = server.batches.flatMap(({ events }) => events);
  assert.deepEqual(
    [leakedIn(sent()), NAMES.filter((_, n) => !events.some(({ element }) => isOf(n, element)))],
    [[], []],
  );
});

test('nothing that a page shows is told while all of it may be edited', async () => {
  const word = canary(901);
  pages['/design'] = html('<p id="first">old</p><p id="second">text</p>');
  const page = await open('/design');
  await lateIsThere(page);
  await page.evaluate(() => {
    document.designMode = 'on';
  });
  await page.click('#first');
  await page.keyboard.type(word);
  await page.evaluate(() => history.pushState(null, '', '/design/again'));
  await page.keyboard.type('x');
  await page.click('#second');
  await page.click('#first');
  await page.evaluate(() => window.telemetry.flush());
  assert.ok(sent().includes('#second') && sent().includes('"key"'));
  assert.ok(!sent().includes(word), sample(sent(), word));
});

test('what becomes a block when the pointer enters it, before anybody has described it', async () => {
  const word = canary(903);
  pages['/block'] = html('<div id="around"><p id="becomes">show</p></div><button id="other">other</button>');
  const page = await open('/block');
  await lateIsThere(page);
  await page.evaluate((word) => {
    const [around, becomes] = ['around', 'becomes'].map((id) => document.getElementById(id));
    becomes.onmouseenter = () => {
      around.dataset.ctBlock = '';
      becomes.textContent = word;
    };
  }, word);
  await page.hover('#becomes');
  await page.hover('#other');
  await page.evaluate(() => window.telemetry.flush());
  assert.ok(sent().includes('element_enter'));
  assert.ok(!sent().includes(word));
  assert.ok(!sent().includes('becomes'));
});

test('the id of what is pressed in a block, in a frame that takes long', async () => {
  const word = canary(902);
  pages['/long'] = html(
    `<p data-ct-block><button id="${word}">a</button><x-card id="${word}2">c</x-card></p><button id="shown">b</button>`,
  );
  const page = await open('/long');
  await lateIsThere(page);
  await page.evaluate(() => {
    for (const button of document.querySelectorAll('button,x-card'))
      button.onclick = () => {
        for (const end = performance.now() + 400; performance.now() < end; );
      };
  });
  await page.click(`#${word}`);
  await page.click(`#${word}2`);
  await page.click('#shown');
  await eventually('both frames', () =>
    page.evaluate(() => window.telemetry.flush()).then(() => sent().includes('BUTTON#shown.onclick')),
  );
  for (const invoker of ['BUTTON.onclick', 'X-CARD.onclick']) assert.ok(sent().includes(`"${invoker}"`), invoker);
  assert.ok(!sent().includes(word));
});

test('a password that is shown as text before the late part is there', async () => {
  const word = canary(904);
  pages['/early'] = html('<input type="password" id="field" data-ct-unmask><button id="show">show</button>');
  let bring;
  const held = new Promise((resolve) => {
    bring = resolve;
  });
  await context.route('**/telemetry.late.js', (route) => held.then(() => route.continue()));
  const page = await open('/early');
  await page.evaluate(() => {
    const [field, show] = ['field', 'show'].map((id) => document.getElementById(id));
    show.onclick = () => {
      field.type = 'text';
    };
  });
  await page.click('#field');
  await page.keyboard.type(word);
  await page.click('#show');
  bring();
  await lateIsThere(page);
  await page.click('#field');
  await page.keyboard.press('End');
  await page.keyboard.type('x');
  await page.evaluate(() => window.telemetry.flush());
  assert.ok(sent().includes('input#field'));
  assert.ok(!sent().includes(word), sample(sent(), word));
});

test('nothing of selected text that is dragged within a block', async () => {
  pages['/text'] = html(`<p id="told">some words</p><p data-ct-block id="hidden">other words</p>`);
  const page = await open('/text');
  await lateIsThere(page);
  const told = async (type) => {
    await page.evaluate(() => window.telemetry.flush());
    return server.batches.flatMap(({ events }) => events).filter((event) => event.type === type);
  };
  // The drags are heard of with what can wait, as vitals are.
  await eventually('the late part', async () => (await told('web_vital')).length);
  for (const id of ['hidden', 'told']) {
    await page.evaluate((id) => getSelection().selectAllChildren(document.getElementById(id)), id);
    const { x, y, height } = await page.locator(`#${id}`).boundingBox();
    await page.mouse.move(x + 10, y + height / 2);
    await page.mouse.down();
    for (let step = 1; step < 6; step++) await page.mouse.move(x + 10 + step * 5, y + height / 2);
    await page.mouse.up();
  }
  const drags = await eventually('the drag', async () => {
    const found = await told('drag');
    return found.some(({ state }) => state === 'end') && found;
  });
  assert.deepEqual(
    drags.map(({ state, element }) => `${state} ${element?.id}`),
    ['start told', 'end told'],
  );
});

/** What is asked, thrown and linked to on a page; each with the word in it. */
const SAYINGS = {
  'the address of a request': (w) => fetch(`/api/quote?who=${w}#${w}`),
  'the parameter of a request': (w) => fetch(`/api/quote;session=${w}`),
  'a request by XHR': (w) => ask(`/api/quote?${w}`),
  'a query': (w) => history.pushState(null, '', `/a/?${w}&token=${w}`),
  'a token in a route': (w) => history.pushState(null, '', `/b/#/access_token=${w}`),
  'a token within a route': (w) => history.pushState(null, '', `/c/#/reset-password/token=${w}/${w}`),
  'a token behind a route': (w) => history.pushState(null, '', `/d/#!/x&id_token=${w}`),
  'a token in a hash': (w) => history.pushState(null, '', `/e/#access_token=${w}`),
  'a hash': (w) => history.pushState(null, '', `/f/#${w}`),
  'a parameter of a path': (w) => history.pushState(null, '', `/g;jsessionid=${w}`),
  'an encoded token': (w) => history.pushState(null, '', `/h%253Ftoken%253D${w}`),
  'an email in a path': (w) => history.pushState(null, '', `/i/${w}%2540mail.example`),
  'a title': (w) => {
    document.title = `Hello ${w}@mail.example`;
  },
  'the second line of a message': (w) => fail(new Error(`No mail\nfor ${w}@mail.example`)),
  'a message in a stack': (w) => fail(Object.assign(new Error(`${w}\n    at ${w}, who is it`), { message: 'no' })),
  'a cause': (w) => fail(new Error('outer', { cause: new Error(w) })),
  'an answer that is no JSON': (w) => JSON.parse(w),
  'a selector': (w) => document.querySelector(`#${w}..`),
  'a number': (w) => BigInt(w),
  'an expression': (w) => new RegExp(`${w}(`),
  'a quoted value': (w) => fail(new Error(`no user "${w}"`)),
  'a secret in a message': (w) => fail(new Error(`401, Authorization: Bearer ${w}, token=${w}`)),
  'an address in a message': (w) => fail(new Error(`no answer from /x?${w} and www.mail.example/?${w}#${w}`)),
  'a name of a function': (w) => ({ [`${w}@mail.example`]: () => fail(new Error('named')) })[`${w}@mail.example`](),
  'a rejection': (w) => Promise.reject(new Error(`no mail for ${w}@mail.example`)),
  'a rejected text': (w) => Promise.reject(w),
  'the source of an error': (w) => {
    document.body.appendChild(document.createElement('script')).src = `/fails.js?${w}#${w}`;
  },
  'a link': (w) =>
    document.body
      .appendChild(Object.assign(document.createElement('a'), { href: `/says?${w}`, textContent: 'x' }))
      .click(),
};

test('no secret of an address, and nothing of a person in an error', async () => {
  const said = new Map(Object.keys(SAYINGS).map((what, n) => [what, canary(n + 500)]));
  const referring = canary(700);
  pages['/says'] = html('<p>says</p>');
  pages['/fails.js'] = 'throw new Error("from a file")';
  const page = await open(`/says?token=${referring}#access_token=${referring}`);
  await page.evaluate(() => {
    window.fail = (error) => {
      throw error;
    };
    window.ask = (url) => {
      const request = new XMLHttpRequest();
      request.open('GET', url);
      request.send();
    };
  });
  for (const [what, say] of Object.entries(SAYINGS)) {
    // What is not answered when the page goes is no request that was made.
    if (what === 'a link')
      await page.waitForFunction(() => window.telemetry.stats().then(({ captured }) => captured.request >= 3));
    const done = what === 'a link' ? page.waitForURL('**/says?zq*') : undefined;
    // In a task of its own, so that nobody catches what it throws.
    await page.evaluate(`void setTimeout(() => (${say})('${said.get(what)}'))`);
    await done;
  }
  await page.waitForFunction(() => window.telemetry);
  // What the first page left last may become visible only after the second began.
  const told = async (of) => {
    await page.evaluate(() => window.telemetry.flush());
    return server.batches.flatMap(({ events }) => events.filter(({ type }) => type === of));
  };
  const errors = await eventually('13 errors', async () => {
    const found = await told('error');
    return found.length >= 13 && found;
  });
  await eventually('three requests', async () => (await told('request')).length >= 3);
  assert.ok(errors.some(({ error }) => error.stack?.includes('    at ')));
  assert.ok(server.batches.some(({ page }) => page.referrer.startsWith(`${server.shopUrl}/`)));
  const wrong = [];
  for (const [what, word] of [...said, ['the referrer', referring]])
    if (sent().toLowerCase().includes(word)) wrong.push(`${what}: ${sample(sent(), word)}`);
  assert.deepEqual(wrong, []);
});
