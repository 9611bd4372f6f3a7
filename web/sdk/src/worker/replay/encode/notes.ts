/** What one message tells of nodes, taken into the mirror. */
import {
  IS_BLOCKED,
  IS_CUSTOM,
  IS_SVG,
  NODE_DOCTYPE,
  NODE_ELEMENT,
  NODE_TEXT,
  STATE_BOX,
  STATE_FIELD,
  STATE_MEDIA,
  STATE_POPOVER,
  STATE_SCROLL,
  STATE_SELECTED,
  STATE_SHADOW,
  STATE_TEXT,
  VALUE_LENGTH,
  VALUE_SHOWN,
  VALUE_TO_JUDGE,
} from '../../../shared/replay_rows.ts';
import { maskInPlace } from '../../../shared/text.ts';
import { mayTell } from '../../sensitive.ts';
import { type Field, Noted } from './mirror.ts';
import type { Reader } from './reader.ts';

/** A field's value is never shown longer. */
const VALUE_UNITS_MAX = 2_048;
const HUNDREDTHS = 100;

/** Nodes of a list whose texts follow it, with their lengths. */
export type Texts = [text: Noted, units: number][];

/** The next node, with the text in it, if that is all; null at the end of a list. */
export function readNode(reader: Reader, texts: Texts): Noted | null {
  const kind = reader.next();
  if (!kind) return null;
  if (kind === NODE_TEXT) return readText(reader, texts);
  const id = reader.next();
  if (kind === NODE_DOCTYPE) {
    const doctype = new Noted('doctype', id);
    doctype.text = reader.string();
    doctype.identifiers = [reader.string(), reader.string()];
    return doctype;
  }
  if (kind !== NODE_ELEMENT) throw new RangeError(`no kind of node: ${kind}`);
  return readElement(reader, new Noted('element', id), texts);
}

function readText(reader: Reader, texts: Texts): Noted {
  const text = new Noted('text', reader.next());
  texts.push([text, reader.next()]);
  return text;
}

function readElement(reader: Reader, element: Noted, texts: Texts): Noted {
  element.text = reader.name() ?? '';
  const flags = reader.next();
  element.svg = !!(flags & IS_SVG);
  element.blocked = !!(flags & IS_BLOCKED);
  element.custom = !!(flags & IS_CUSTOM);
  readAttributes(reader, element);
  for (let state = reader.next(); state; state = reader.next())
    if (state === STATE_TEXT) element.first = readText(reader, texts);
    else readState(reader, element, state);
  return element;
}

/** Names of the attributes that were told. */
export function readAttributes(reader: Reader, element: Noted | undefined): string[] {
  const names: string[] = [];
  for (let name = reader.name(); name !== undefined; name = reader.name()) {
    const value = reader.stringIfAny();
    names.push(name);
    if (value === undefined) element?.attributes.delete(name);
    else element?.attributes.set(name, value);
  }
  return names;
}

function readState(reader: Reader, element: Noted, state: number): void {
  switch (state) {
    case STATE_FIELD:
      element.field = readField(reader);
      return;
    case STATE_SELECTED:
      element.selected = true;
      return;
    case STATE_SCROLL:
      element.scroll = [reader.next(), reader.next()];
      return;
    case STATE_BOX:
      element.box = [reader.next() / HUNDREDTHS, reader.next() / HUNDREDTHS];
      return;
    case STATE_POPOVER:
      element.popover = reader.string();
      return;
    case STATE_MEDIA: {
      const { paused, ...media } = readMedia(reader);
      element.media = {
        rr_mediaState: paused ? 'paused' : 'played',
        rr_mediaCurrentTime: media.currentTime,
        rr_mediaPlaybackRate: media.playbackRate,
        rr_mediaVolume: media.volume,
        rr_mediaMuted: media.muted,
        rr_mediaLoop: media.loop,
      };
      return;
    }
    case STATE_SHADOW:
      element.tree = new Noted('tree', reader.next());
      return;
    default:
      throw new RangeError(`no state of an element: ${state}`);
  }
}

export function readMedia(reader: Reader) {
  const paused = !!reader.next();
  const [currentTime, playbackRate, volume] = [reader.next() / 1000, reader.next() / 1000, reader.next() / 1000];
  return { paused, currentTime, playbackRate, volume, muted: !!reader.next(), loop: !!reader.next() };
}

/** What of a field may be shown: stars for what is typed, unless the page and the words of its purpose allow more. */
export function readField(reader: Reader): Field {
  const checked = reader.next() === 1;
  const kind = reader.next();
  if (kind === VALUE_LENGTH) return { checked, text: starsOf(reader.next()) };
  if (kind === VALUE_SHOWN) return { checked, text: maskInPlace(reader.string()) };
  if (kind !== VALUE_TO_JUDGE) return { checked, text: '' };
  const value = reader.string();
  const purpose: [string, string] = [reader.string(), reader.string()];
  return { checked, text: mayTell(purpose) ? maskInPlace(value) : starsOf(value.length) };
}

const starsOf = (units: number): string => '*'.repeat(Math.min(units, VALUE_UNITS_MAX));
