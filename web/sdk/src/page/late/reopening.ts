/** A page that writes itself anew, by `document.open()` or `document.write()` after it was loaded, loses all listeners of the document and its window. */
import { lasting, observeChanges } from '../natives.ts';

/** Has them listen again, once there is another document in it. */
export function outliveReopening(): void {
  observeChanges(() => {
    for (const begin of lasting) begin();
  })?.observe(document, { childList: true });
}
