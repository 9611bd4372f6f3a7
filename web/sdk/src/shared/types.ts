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
