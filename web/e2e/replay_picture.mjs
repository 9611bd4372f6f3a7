// What a page looks like, as far as a recording must tell it: the same for the page and for what a player shows of it.

/**
 * Runs in a browser. `all`: a document. One line for each element and text: tag, what attributes say how it looks, what is checked,
 * chosen, typed, scrolled and open, and its computed display and colour. What may be typed or chosen is stars.
 */
export function pictureOf(all) {
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
  const lines = [];
  const element = (node, depth) => {
    const { localName } = node;
    const inHead = node.closest('head,script,noscript');
    // A player has the styles of a link in a `style`.
    const tag = { script: 'noscript', link: 'style' }[localName] ?? localName;
    const attributes = NAMES.map((name) => node.getAttribute(name) && `${name}=${node.getAttribute(name)}`);
    if (node.matches('html')) attributes[0] = node.className.replace(/\brrweb-paused\b/, '').trim();
    const states = [];
    if (localName === 'input' || localName === 'textarea') {
      const shown = !/^(checkbox|radio)$/.test(node.type);
      states.push(`checked ${!!node.checked}`, `length ${shown ? node.value.length : 0}`);
    }
    if (localName === 'option') states.push(`selected ${node.selected}`);
    if (localName === 'dialog') states.push(`modal ${node.matches(':modal')}`);
    if (node.scrollTop || node.scrollLeft)
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
      if (text) lines.push(`${' '.repeat(depth)}"${hidden ? text.replace(/\S/g, '*') : text}"`);
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
