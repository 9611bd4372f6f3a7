/** Words that events choose from: a row holds their place. Each list alone, so that a file carries those that it names. */
export const pointer_type = ['mouse', 'touch', 'pen'] as const;
export const key = [
  'character',
  'navigation',
  'editing',
  'enter',
  'escape',
  'modifier',
  'function',
  'shortcut',
  'other',
] as const;
export const clipboard = ['copy', 'cut', 'paste'] as const;
export const visibility = ['visible', 'hidden', 'frozen', 'resumed'] as const;
export const page_view = ['navigate', 'reload', 'back_forward', 'prerender', 'restored', 'route'] as const;
export const drag = ['start', 'drop', 'end'] as const;
export const composition = ['start', 'end'] as const;
export const media = ['play', 'pause', 'ended', 'seeked'] as const;
export const toggle = ['open', 'closed'] as const;
export const effect = [
  'dom',
  'navigation',
  'scroll',
  'focus',
  'selection',
  'dialog',
  'new_tab',
  'request',
  'none',
] as const;
export const vital = ['TTFB', 'FCP', 'LCP', 'CLS', 'INP'] as const;
/** `InputEvent.inputType`, those of typing (w3.org/TR/input-events-2); another is told in the details. */
export const input = ['insertText', 'deleteContentBackward', 'insertCompositionText'] as const;

/** All lists, for who writes batches. (A namespace of this module would be made with what the page may have replaced.) */
export const WORDS = {
  clipboard,
  composition,
  drag,
  effect,
  input,
  key,
  media,
  page_view,
  pointer_type,
  toggle,
  visibility,
  vital,
};
