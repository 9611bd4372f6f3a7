/** Errors that nobody caught. */
import { ERRORS_PER_DOCUMENT_MAX, STRING_UNITS_MAX } from '../../shared/limits.ts';
import { clean } from '../../shared/text.ts';
import type { Tracker } from '../tracker.ts';

/** Enough for a stack of long addresses; it is scrubbed, and then cut to `STRING_UNITS_MAX`. */
const STACK_UNITS_MAX = STRING_UNITS_MAX * 4;

export function captureErrors(tracker: Tracker): void {
  let count = 0;
  const tell = (at: number, thrown: unknown, message: string, source = '', line = 0, column = 0) => {
    if (++count === ERRORS_PER_DOCUMENT_MAX + 1) tracker.note('capture_degraded', at, 0, { what: 'errors' }, 0);
    if (count > ERRORS_PER_DOCUMENT_MAX) return;
    const stack = thrown instanceof Error ? clean(thrown.stack || '', STACK_UNITS_MAX) : '';
    tracker.note('error', at, 0, { message: clean(message), source: clean(source), line, column, stack });
    tracker.cutSoon();
  };
  tracker.on<ErrorEvent>(window, 'error', (event, at) => {
    // Events of images and scripts that did not load have no message.
    if (event.message) tell(at, event.error, event.message, event.filename, event.lineno, event.colno);
  });
  tracker.on<PromiseRejectionEvent>(window, 'unhandledrejection', (event, at) => {
    const { reason } = event;
    tell(at, reason, reason instanceof Error ? String(reason) : `unhandled rejection: ${typeof reason}`);
  });
}
