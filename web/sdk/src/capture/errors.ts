/** Errors that nobody caught. */
import { ERRORS_PER_DOCUMENT_MAX, STRING_UNITS_MAX } from '../limits.ts';
import { clean, maskText } from '../masking.ts';
import type { Tracker } from '../tracker.ts';
import { scrubText, scrubUrl } from '../urls.ts';

/** Frames only, since the message is repeated before them; names, addresses without their secrets, lines and columns. */
export function scrubStack(stack: string): string {
  const frames = stack.split('\n').filter((line) => /^\s+at |@.*:\d+$/.test(line));
  return clean(scrubText(frames.join('\n')));
}

export function captureErrors(tracker: Tracker): void {
  let count = 0;
  const tell = (at: number, thrown: unknown, message: string, source = '', line = 0, column = 0) => {
    if (++count > ERRORS_PER_DOCUMENT_MAX) return;
    const stack = thrown instanceof Error && thrown.stack ? { stack: scrubStack(thrown.stack) } : {};
    tracker.track('error', at, {
      error: {
        message: maskText(scrubText(message.slice(0, STRING_UNITS_MAX)), 1024),
        source: scrubUrl(source) || null,
        line: line || null,
        column: column || null,
        ...stack,
      },
    });
    tracker.cut();
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
