// What no content security policy stops: to tell a foreign host when, and from where, a recording is watched. A browser connects
// when a link hints that it should (`rel=preconnect`), and when a frame is about to go somewhere, before it asks whether it may.
// So a player builds neither.

interface Node {
  id?: unknown;
  tagName?: unknown;
  attributes?: Record<string, unknown>;
  childNodes?: Node[];
}

interface Event {
  data?: { node?: Node; adds?: { node?: Node }[]; attributes?: Node[] };
}

const FRAMES = /^i?frame$/i;
const DESTINATIONS = /^src(doc)?$/i;
const RELATION = /^rel$/i;
const SHEET = /\bstylesheet\b/i;

export class Quiet {
  /** Numbers of all nodes that ever were frames. */
  readonly #frames = new Set<unknown>();

  /** Leaves no relation in the event but that of a style sheet, and no destination of a frame. In a loop: nodes may lie deep. */
  hush(event: Event): void {
    const data = event.data ?? {};
    const waiting: (Node | undefined)[] = [data.node];
    if (Array.isArray(data.adds)) for (const add of data.adds) waiting.push(add?.node);
    while (waiting.length) {
      const node = waiting.pop();
      if (FRAMES.test(String(node?.tagName))) this.#frames.add(node?.id);
      if (node) this.#hush(node);
      if (Array.isArray(node?.childNodes)) for (const child of node.childNodes) waiting.push(child);
    }
    if (Array.isArray(data.attributes)) for (const changed of data.attributes) if (changed) this.#hush(changed);
  }

  #hush({ id, attributes }: Node): void {
    for (const name in attributes) {
      const sheet = RELATION.test(name) && SHEET.test(String(attributes[name]));
      if (sheet) attributes[name] = 'stylesheet';
      else if (RELATION.test(name) || (DESTINATIONS.test(name) && this.#frames.has(id))) delete attributes[name];
    }
  }
}
