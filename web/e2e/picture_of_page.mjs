// What can be told of a page at one moment, as bodies of functions that run in it.

/** The document as text, shadow roots and frames of the origin included, with what fields hold. */
export const DOCUMENT = `
  const picture = (node) => {
    if (node.nodeType === 3) return node.data;
    if (node.nodeType === 8) return '<!--' + node.data + '-->';
    const children = (of) => [...of.childNodes].map(picture).join('');
    if (node.nodeType !== 1) return children(node);
    const property = (name, of = Element.prototype) => Object.getOwnPropertyDescriptor(of, name)?.get.call(node);
    const attributes = [...property('attributes')].map(({ name, value }) => ' ' + name + '=' + JSON.stringify(value)).join('');
    const shadow = property('shadowRoot');
    const held = node.localName === 'form' ? '' : ['value', 'checked', 'selectedIndex', 'open'].filter((name) => name in node).map((name) => ' ' + name + ':' + node[name]).join('');
    const frame = node.localName === 'iframe' && node.contentDocument;
    const inner = [...Object.getOwnPropertyDescriptor(Node.prototype, 'childNodes').get.call(node)].map(picture).join('');
    return '<' + node.localName + attributes + held + '>' + (shadow ? '#shadow{' + children(shadow) + '}' : '') + (frame ? '#frame{' + children(frame) + '}' : '') + inner + '</' + node.localName + '>\\n';
  };
  return picture(document).split('\\n');`;

/** What the platform's objects look like: each property's flags, and of functions name, length and nature. */
export const PLATFORM = `
  const { getOwnPropertyDescriptor, keys } = Object;
  const { ownKeys } = Reflect;
  const text = Function.prototype.toString;
  const kind = (value) => typeof value === 'function'
    ? [String(value.name), value.length, /native code/.test(Reflect.apply(text, value, [])), 'prototype' in value, keys(value).length].join()
    : typeof value;
  const told = {};
  const shape = (name, object) => {
    for (const key of ownKeys(object)) {
      if (/telemetry|^_reactListening|^__/i.test(String(key))) continue;
      const { enumerable, configurable, writable, value, get, set } = getOwnPropertyDescriptor(object, key);
      told[name + '.' + String(key)] = [enumerable, configurable, writable, kind(value), kind(get), kind(set)].join(' ');
    }
  };
  for (const name of ownKeys(window)) {
    if (typeof name !== 'string' || /telemetry|^__|^\\d/i.test(name)) continue;
    const { value } = getOwnPropertyDescriptor(window, name);
    if (typeof value === 'function' && value.prototype) shape(name, value.prototype);
  }
  Object.entries({ window, history, document, navigator, location, performance }).forEach(([name, object]) => shape(name, object));
  return told;`;

/** What the page finds of itself where pages keep things; cookies and entries of the SDK's own names are its own. */
export const TRACES = `
  const ours = /^ct[-_]/;
  const entries = (type) => performance.getEntriesByType(type).map(({ name }) => name);
  const names = (storage) => Object.keys(storage).filter((name) => !ours.test(name));
  return {
    address: location.href,
    title: document.title,
    length: history.length,
    focused: document.activeElement?.localName,
    scroll: [scrollX, scrollY],
    cookies: document.cookie.split('; ').filter((cookie) => cookie && !ours.test(cookie)),
    local: names(localStorage),
    session: names(sessionStorage),
    frames: window.length,
    scripts: document.scripts.length,
    resources: entries('resource').filter((name) => !/\\/sdk\\/|\\/v1\\/events|favicon/.test(name)).sort(),
    marks: entries('mark'),
    measures: entries('measure'),
  };`;
