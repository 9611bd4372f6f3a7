// Dialogs of the recorded page: shown as they stood, which a browser's own way with them makes hard.

/** A dialog that comes up takes the focus, from whoever types on the page around the player as well. What is inert cannot have it. */
export function withoutFocus(page: Window | null): void {
  const prototype = (page as (Window & typeof globalThis) | null)?.HTMLDialogElement.prototype;
  if (!prototype) return;
  const { showModal } = prototype;
  prototype.showModal = function (this: HTMLDialogElement): void {
    const { inert } = this;
    this.inert = true;
    try {
      showModal.call(this);
    } finally {
      this.inert = inert;
    }
  };
}

/** A dialog that loses its attribute in a jump stays before the page, and only an open one can be closed (rrweb 2.1.6). */
export function closeLeft(page: Document | null): void {
  for (const dialog of page?.querySelectorAll('dialog') ?? []) {
    if (dialog.open || !dialog.matches(':modal')) continue;
    dialog.open = true;
    dialog.close();
  }
}
