// A small recording: a shop's page for a minute, on which a number counts the seconds.

const START = 1_790_000_000_000;

let next = 0;
const element = (tagName, attributes = {}, ...children) => ({
  type: 2,
  tagName,
  attributes,
  id: ++next,
  childNodes: children.map((child) =>
    typeof child === 'string' ? { type: 3, textContent: child, id: ++next } : child,
  ),
});

const CSS = `body{margin:0;font:16px/1.5 system-ui;background:#faf7f2;color:#2b2118}header{padding:20px 32px;background:#7a4a21;color:#fff;
font-weight:600;font-size:22px}main{display:grid;grid-template-columns:repeat(3,1fr);gap:20px;padding:32px}article{background:#fff;
border:1px solid #e6ddd0;border-radius:10px;padding:20px}article i{display:block;height:120px;border-radius:6px;background:
linear-gradient(135deg,#d9a066,#a8703a)}b{font-size:20px}`;

/** Its events, the first at 0 s, then one a second that sets `#count` to the seconds before, the last at 60 s. */
export function recording() {
  next = 0;
  const box = (name, price) => element('article', {}, element('i'), element('h3', {}, name), element('b', {}, price));
  const counter = { type: 3, textContent: '0', id: 1000 };
  const count = { ...element('span', { id: 'count' }), childNodes: [counter] };
  const page = element(
    'html',
    { lang: 'en' },
    element('head', {}, element('style', {}, CSS)),
    element(
      'body',
      {},
      element('header', {}, 'Boxhaven · seconds on this page: ', count),
      element('main', {}, box('Small box', '€ 4.20'), box('Tall box', '€ 6.80'), box('Crate', '€ 19.00')),
    ),
  );
  const node = {
    type: 0,
    id: 2000,
    childNodes: [{ type: 1, name: 'html', publicId: '', systemId: '', id: 2001 }, page],
  };
  const events = [
    { type: 4, timestamp: START, data: { href: 'about:blank', width: 1024, height: 640 } },
    { type: 2, timestamp: START, data: { node, initialOffset: { left: 0, top: 0 } } },
  ];
  for (let second = 1; second <= 60; second++) {
    const texts = [{ id: counter.id, value: String(second - (second === 60 ? 1 : 0)) }];
    events.push({
      type: 3,
      timestamp: START + second * 1000,
      data: { source: 0, texts, attributes: [], removes: [], adds: [] },
    });
  }
  return events;
}
