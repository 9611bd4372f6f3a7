/** One way to have the page's orders carried out, tried for a while. */
import { WORKER_WITHIN_MS } from '../shared/limits.ts';
import type { Order, Report } from '../shared/messages.ts';
import { guarded } from './guard.ts';
import { later } from './natives.ts';

/** `ports` of the order are transferred. */
export type Post = (order: Order) => void;
export type Receive = (report: Report) => void;
/** Gives what takes orders to `found`, now or later, or fails. */
export type Way = (found: (post: Post) => void, failed: () => void) => void;

/** Tries `way` for a while, and then does `otherwise`. */
export function attempt(way: Way, use: (post: Post) => void, otherwise: () => void): void {
  let over = false;
  const failed = () => {
    if (!over) guarded(otherwise);
    over = true;
  };
  const found = (post: Post) => {
    if (!over) use(post);
    over = true;
  };
  later(failed, WORKER_WITHIN_MS);
  try {
    way(found, failed);
  } catch {
    failed();
  }
}
