// What people do in the shop: first a tour that touches everything once, then whatever comes to mind.

/** Everything that one can do on each page, by the name of its document. */
const ACTIONS = {
  list: [
    (person) => person.choose('#filter-size'),
    (person) => person.choose('#filter-city'),
    (person) => person.choose('#filter-sort'),
    (person) => person.click('#filter-climate'),
    (person, canary) => person.type('#filter-search', canary),
    (person) => person.click('#clear'),
    (person) => person.click('#compare'),
    (person) => person.hover('.card h3'),
    (person) => person.doubleClick('.hero h1'),
    (person) => person.scroll(person.between(200, 600)),
    (person) => person.scroll(-person.between(200, 600)),
  ],
  box: [
    (person) => person.click('#ask'),
    (person) => person.choose('#cover'),
    (person) => person.click('[data-tab=insurance]'),
    (person) => person.click('[data-tab=questions]'),
    (person) => person.click('[data-tab=details]'),
    (person) => person.click('#preview'),
    (person) => person.click('#share'),
    (person) => person.click('#picture', 'right'),
    (person) => person.scroll(person.between(100, 500)),
  ],
  checkout: [
    (person, canary) => person.type('[name=name]', canary),
    (person, canary) => person.type('[name=email]', `${canary}@mail.example`),
    (person, canary) => person.type('[name=street]', `${canary} 7`),
    (person) => person.type('[name=postcode]', '10115'),
    (person, canary) => person.type('[name=password]', `${canary}-password`),
    (person, canary) => person.type('[name=note]', canary),
    copyAndPaste,
    (person) => person.choose('[name=pickup]'),
    (person) => person.click('[name=plan][value=yearly]'),
    (person) => person.click('#voucher'),
    (person) => person.click('#send'),
    (person) => person.click('[name=terms]'),
    (person) => person.click('#send'),
  ],
};

async function copyAndPaste(person) {
  if (!(await person.click('[name=note]'))) return;
  for (const keys of ['Control+A', 'Control+C']) await person.page.keyboard.press(keys);
  if (await person.click('[name=voucher]')) await person.page.keyboard.press('Control+V');
}

async function resize(person) {
  await person.page.setViewportSize({ width: 1000 + Math.round(person.between(0, 280)), height: 760 });
  await person.pause(300, 400);
}

function pageOf(url) {
  const { pathname } = new URL(url);
  return pathname.startsWith('/box') ? 'box' : pathname.startsWith('/checkout') ? 'checkout' : 'list';
}

/** Where one can go from a page by a click. */
const LINKS = {
  list: ['.card .button', 'nav a[href="/checkout.html"]'],
  box: ['#reserve', '.crumbs a'],
  checkout: ['.brand', '#thanks .button'],
};

const TOUR = ['list', 'box', 'checkout'];

/**
 * Acts on the shop until `deadline` (ms). `leave(go)` is called for each page load: it must run `go` and see that
 * the new page's telemetry is there.
 */
export async function visitShop(person, canary, deadline, leave) {
  const { page } = person;
  const follow = async (selector) => {
    if (!(await person.hover(selector))) return;
    await leave(() => Promise.all([page.waitForNavigation({ waitUntil: 'load' }), person.press()]));
  };
  for (const name of TOUR) {
    for (const action of ACTIONS[name]) {
      if (Date.now() > deadline) return;
      await action(person, canary);
      await person.pause();
    }
    if (name === 'list') {
      await resize(person);
      await person.click('#clear');
    }
    await follow(LINKS[name][0]);
  }
  while (Date.now() < deadline) {
    const name = pageOf(page.url());
    if (person.random() < 0.12) await follow(person.pick(LINKS[name]));
    else await person.pick(ACTIONS[name])(person, canary);
    await person.pause(100, 500);
  }
}
