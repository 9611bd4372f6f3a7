/** What only this part asks of the platform, by what `natives.ts` keeps of it. */
import { byIdInDocument, byIdInTree, nodeType, substring, Timings, treeWalker, unitsOf } from '../natives.ts';

export function byId(root: Node, id: string): Element | null {
  const type = nodeType(root);
  return type === Node.DOCUMENT_NODE
    ? byIdInDocument(root, id)
    : type === Node.ELEMENT_NODE
      ? null
      : byIdInTree(root, id);
}

/** The last units of a text node: what a page holds in one may be megabytes. */
export const tailOf = (text: Node, units: number): string => substring(text, Math.max(0, unitsOf(text) - units), units);

export const textsIn = (root: Node): TreeWalker => treeWalker(document, root as never, NodeFilter.SHOW_TEXT as never);

/** Whether the browser has entries of a type. */
export const measures = (type: string): boolean => !!Timings?.supportedEntryTypes?.includes(type);
