/**
 * The types of events, in the order of `schemas/json/batch.schema.json`, against which a test compares them. On the page
 * a type is its place in this list: a row of numbers holds it.
 */
export const EVENT_TYPES = [
  'page_view',
  'page_leave',
  'heartbeat',
  'visibility',
  'pointer',
  'element_enter',
  'element_leave',
  'click',
  'double_click',
  'context_menu',
  'pointer_down',
  'pointer_up',
  'focus',
  'blur',
  'input',
  'change',
  'submit',
  'scroll',
  'resize',
  'key',
  'clipboard',
  'request',
  'error',
  'web_vital',
  'capture_degraded',
  'custom',
  'effect',
  'pointer_cancel',
  'drag',
  'composition',
  'media',
  'toggle',
  'print',
  'long_frame',
] as const;

export type EventType = (typeof EVENT_TYPES)[number];

/** Words that events choose from: a row holds their place. */
export const WORDS = {
  pointer_type: ['mouse', 'touch', 'pen'],
  key: ['character', 'navigation', 'editing', 'enter', 'escape', 'modifier', 'function', 'shortcut', 'other'],
  clipboard: ['copy', 'cut', 'paste'],
  visibility: ['visible', 'hidden', 'frozen', 'resumed'],
  page_view: ['navigate', 'reload', 'back_forward', 'prerender', 'restored', 'route'],
  drag: ['start', 'drop', 'end'],
  composition: ['start', 'end'],
  media: ['play', 'pause', 'ended', 'seeked'],
  toggle: ['open', 'closed'],
  effect: ['dom', 'navigation', 'scroll', 'focus', 'selection', 'dialog', 'new_tab', 'request', 'none'],
  vital: ['TTFB', 'FCP', 'LCP', 'CLS', 'INP'],
  /** `InputEvent.inputType`, the common ones (w3.org/TR/input-events-2); another is told in the details. */
  input: [
    'insertText',
    'deleteContentBackward',
    'deleteContentForward',
    'insertReplacementText',
    'insertLineBreak',
    'insertParagraph',
    'insertFromPaste',
    'insertFromDrop',
    'insertCompositionText',
    'deleteByCut',
    'deleteWordBackward',
    'historyUndo',
    'historyRedo',
  ],
} as const;
