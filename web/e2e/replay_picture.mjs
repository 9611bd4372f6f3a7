// What a page looks like, as far as a recording must tell it: the same for the page and for what a player shows of it.

/**
 * Runs in a browser. `all`: a document, `played`: by a player. One line for each element and text: tag, what attributes say how it
 * looks, what is checked, chosen, typed, scrolled, open and has the focus, and its computed display and colour. What may be typed or
 * chosen is stars, and so are long numbers. Players mark what has the focus.
 */
export function pictureOf(all, played) {
  const PERSONAL = 'select,textarea,[contenteditable],label:has(input),output,datalist';
  const NAMES = [
    'class',
    'id',
    'dir',
    'hidden',
    'open',
    'rowspan',
    'viewBox',
    'cx',
    'd',
    'x',
    'offset',
    'disabled',
    'media',
    'type',
  ];
  /** Masked, whatever it is. */
  const NUMBER = /\d{4,}/g;
  /** Fields of these kinds take no stars: what is in them is masked, and shown as nothing, or as anything. */
  const STARLESS = /^(checkbox|radio|range|number|color|date|datetime-local|month|week|time)$/;
  const lines = [];
  const focused = new Set();
  for (let next = all.activeElement; next; next = (next.shadowRoot ?? next.contentDocument)?.activeElement)
    focused.add(next);
  const element = (node, depth) => {
    const { localName } = node;
    const inHead = node.closest('head,script,noscript');
    // Scripts are shown as what never runs, and a player has the styles of a link in a `style`.
    const tag = { script: 'noscript', link: 'style' }[localName] ?? localName;
    const names = localName === 'script' ? [] : NAMES;
    const attributes = names.map((name) => node.hasAttribute(name) && `${name}=${node.getAttribute(name)}`);
    if (node.matches('html')) attributes[0] = node.className.replace(/\brrweb-paused\b/, '').trim();
    const states = [];
    if (localName === 'input' || localName === 'textarea') {
      const shown = !STARLESS.test(node.type);
      states.push(`checked ${!!node.checked}`, `length ${shown ? node.value.length : 0}`);
    }
    if (localName === 'option') states.push(`selected ${node.selected}`);
    if (played ? node.hasAttribute('data-ct-focus') : focused.has(node)) states.push('focus');
    if (localName === 'dialog') states.push(`modal ${node.matches(':modal')}`);
    // A field in which there are stars has other lines than one with words.
    if (localName !== 'textarea' && (node.scrollTop || node.scrollLeft))
      states.push(`scroll ${Math.round(node.scrollLeft)} ${Math.round(node.scrollTop)}`);
    if (!inHead && tag !== 'noscript') {
      const { display, color } = node.ownerDocument.defaultView.getComputedStyle(node);
      states.push(display, color);
    }
    lines.push(`${' '.repeat(depth)}${tag} ${[...attributes, ...states].filter(Boolean).join(' ')}`);
    if (node.shadowRoot) {
      lines.push(`${' '.repeat(depth)} #shadow`);
      children(node.shadowRoot, depth + 2);
    }
    if (localName === 'iframe' && node.contentDocument) children(node.contentDocument, depth + 1);
    if (!/^(script|noscript|style|textarea|iframe|template)$/.test(localName)) children(node, depth + 1);
  };
  const children = (parent, depth) => {
    let text = '';
    const end = () => {
      const hidden = parent.closest?.(PERSONAL) ?? null;
      const shown = text.replace(hidden ? /\S/g : NUMBER, (found) => '*'.repeat(found.length));
      if (text) lines.push(`${' '.repeat(depth)}"${shown}"`);
      text = '';
    };
    for (const child of parent.childNodes) {
      if (child.nodeType === 3) text += child.data;
      if (child.nodeType !== 1) continue;
      // The player's own.
      if (child.localName === 'style' && parent.localName === 'html') continue;
      end();
      element(child, depth);
    }
    end();
  };
  children(all, 0);
  return lines;
}
