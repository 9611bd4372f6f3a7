import { isConnected } from '../natives.ts';

/** So many are looked at each time; what has more is gone through in turns. */
const LOOKED_AT_MAX = 300;

/** Looks at the first of a list, which go to its end. What is off the page leaves it, and would come again. */
export function lookInTurn<N extends Node, Before>(
  list: Map<N, Before>,
  look: (node: N, before: Before) => void,
): void {
  // Those that go to the end would be met again.
  let left = Math.min(list.size, LOOKED_AT_MAX);
  for (const [node, before] of list) {
    if (!left--) return;
    list.delete(node);
    if (!isConnected(node)) continue;
    list.set(node, before);
    look(node, before);
  }
}
