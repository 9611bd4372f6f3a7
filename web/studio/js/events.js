// What an event looks like in the feed.

import { make } from './dom.js';

const FAMILIES = {
  pointer: 'pointer',
  scroll: 'pointer',
  resize: 'pointer',
  heartbeat: 'pointer',
  click: 'click',
  double_click: 'click',
  context_menu: 'click',
  pointer_down: 'click',
  pointer_up: 'click',
  element_enter: 'element',
  element_leave: 'element',
  focus: 'form',
  blur: 'form',
  input: 'form',
  change: 'form',
  submit: 'form',
  key: 'form',
  clipboard: 'form',
  request: 'request',
  error: 'error',
  capture_degraded: 'error',
};

/** The colour family of a type. */
export const family = (type) => FAMILIES[type] ?? 'page';

/** A steady colour for a visitor. */
export function visitorColour(id) {
  let hash = 0;
  for (const letter of id) hash = (hash * 31 + letter.charCodeAt(0)) >>> 0;
  return `hsl(${hash % 360} 60% 50%)`;
}

const ms = (value) => (value >= 1000 ? `${(value / 1000).toFixed(1)} s` : `${Math.round(value)} ms`);
const quiet = (text) => make('i', {}, text);

/** The line that says what happened: texts and quiet elements. */
export function describe(event) {
  const element = event.element_text || event.element_path;
  const parts = [];
  if (element) parts.push(element);
  switch (event.type) {
    case 'request':
      return [
        `${event.request_method ?? ''} ${event.request_url ?? ''} `,
        quiet(`${event.request_status ?? 'no answer'}`),
      ];
    case 'error':
      return [event.error_message ?? 'error'];
    case 'web_vital':
      return [`${event.vital_name} `, quiet(event.vital_value?.toFixed(event.vital_name === 'CLS' ? 3 : 0) ?? '')];
    case 'custom':
      return [event.custom_name ?? ''];
    case 'input':
      parts.push(quiet(` ${event.input_kind ?? ''}, ${event.input_length ?? 0} characters`));
      break;
    case 'change':
      if (event.change_index !== null) parts.push(quiet(` option ${event.change_index}`));
      break;
    case 'key':
      parts.push(quiet(` ${event.key_class ?? ''}`));
      break;
    case 'visibility':
      return [event.visibility_state ?? ''];
    case 'scroll':
      return [quiet(`to ${Math.round(event.y ?? 0)} px`)];
    default:
  }
  if (event.duration_ms !== null && event.duration_ms !== undefined) parts.push(quiet(` ${ms(event.duration_ms)}`));
  if (parts.length === 0) parts.push(quiet(event.page_path ?? ''));
  return parts;
}
