/** Which attributes may leave, and how: what says how an element looks stays, addresses lose their values, all else is masked as text. */
import { maskInPlace, stars } from '../../../shared/text.ts';
import { scrubUrl } from '../../../shared/urls.ts';
import { type Masks, maskCss } from './css.ts';

/** What no recording needs, or what is typed. */
const NEVER = /^(value|srcdoc|nonce|integrity|ping|on.*|aria-value.*|.*[^\w:.-].*)$/s;
/** They keep their values. */
const KEPT =
  /^(class|id|role|slot|part|dir|lang|align|valign|(min|max)?(width|height)|rows|cols|size|colspan|rowspan|span|start|reversed|tabindex|open|hidden|inert|disabled|readonly|required|multiple|checked|selected|popover|contenteditable|draggable|border|cell(padding|spacing)|[hv]space|bgcolor|color|face|nowrap|noshade|sizes|loading|controls|loop|muted|autoplay|wrap|rr_\w+)$/;
/**
 * Attributes, by name and value, that nobody types: where a person types or chooses they are masked as elsewhere. Radio buttons of one
 * name go together, and styles show how something stands, which says no more than `checked`.
 */
const OF_THE_PAGE = /^(placeholder|name|type|media) |^\S+ (true|false)$/;
/** They hold addresses. */
const ADDRESSES = /^((xlink:)?href|src|poster|action|formaction|background|cite|data|longdesc|manifest|codebase)$/;
/** Elements with their attributes that say where an image lies. */
const IMAGES = /^(?:(?:img|input) src|video poster|image (?:xlink:)?href)$/;
/** An image of a `srcset` and its sizes (HTML, "parse a srcset attribute"): a comma within an address is one of it. */
const CANDIDATE = /([^\s,](?:\S*[^\s,])?)(?:,|\s+([^,]*))?/g;
const METADATA = /^(viewport|color-scheme)$/i;
/** An address that holds its content: pictures and fonts are drawn. Of SVG only what has no words in it. */
const PICTURE = /^data:(?:image\/(?!svg)[\w.+-]+|font\/[\w.+-]+|application\/(?:x-)?font-[\w.+-]+)[;,]/i;
const DRAWING = /^data:image\/svg\+xml[;,]/i;
const WORDED = /<(?:text|title|desc|foreignobject|style|script|image|metadata)|<!--/i;
const CONTENT_UNITS_MAX = 65_536;

export class AttributeMasks implements Masks {
  /** `base`: what addresses are relative to. `found`: something that is drawn lies at an address, which is masked as `shown`. */
  constructor(
    private base: string,
    private found: (address: string, shown: string) => void = () => {},
  ) {}

  /** Relative to this from here on. */
  at(base: string): AttributeMasks {
    return base && base !== this.base ? new AttributeMasks(base, this.found) : this;
  }

  address(address: string): string {
    const plain = address.trim();
    if (!plain || plain[0] === '#') return plain;
    if (/^data:/i.test(plain)) return this.content(plain);
    return scrubUrl(plain, this.base);
  }

  drawn(address: string): string {
    const shown = this.address(address);
    if (/^https?:/.test(shown)) this.found(new URL(address.trim(), this.base).href, shown);
    return shown;
  }

  private content(address: string): string {
    if (address.length > CONTENT_UNITS_MAX) return 'data:';
    if (PICTURE.test(address)) return address;
    if (!DRAWING.test(address)) return 'data:';
    try {
      const comma = address.indexOf(',');
      const rest = address.slice(comma + 1);
      const drawing = /;base64$/i.test(address.slice(0, comma)) ? atob(rest) : decodeURIComponent(rest);
      return WORDED.test(drawing) ? 'data:' : address;
    } catch {
      return 'data:';
    }
  }

  attribute(name: string, value: string): string {
    return this.masked('', name, value, false, false) ?? '*';
  }

  /** Undefined: it is left out. `personal`: it stands where a person may have typed or chosen. */
  masked(tag: string, name: string, value: string, svg: boolean, personal: boolean): string | undefined {
    if (NEVER.test(name)) return undefined;
    if (name === 'style') return maskCss(value, this);
    if (IMAGES.test(`${tag} ${name}`)) return this.drawn(value);
    if (ADDRESSES.test(name)) return !svg && value.trim()[0] === '#' ? '#' : this.address(value);
    if (name === 'srcset' || name === 'imagesrcset') return this.candidates(value);
    if (KEPT.test(name) || tag + name === 'slotname') return value;
    if (svg && DRAWN.has(name)) return value.includes('(') ? maskCss(value, this) : value;
    if (tag === 'meta') return undefined;
    return personal && !OF_THE_PAGE.test(`${name} ${value}`) ? stars(value) : maskInPlace(value);
  }

  private candidates(value: string): string {
    // What an address holds itself may have blanks and commas where a browser takes it for several.
    if (/data:/i.test(value)) return '';
    return [...value.matchAll(CANDIDATE)]
      .map(([, address = '', sizes]) => `${this.drawn(address)} ${sizes?.match(/[\d.]+[wxh]\b/) ?? ''}`)
      .join(', ');
  }
}

/** Of SVG what is drawn, as `replay/src/sanitise/attributes.rs` shows it; its long numbers are no person's. */
const DRAWN = new Set(
  (
    'alignment-baseline amplitude azimuth baseFrequency baseline-shift bias clip clip-path clip-rule ' +
    'clipPathUnits color color-interpolation color-interpolation-filters cursor cx cy d diffuseConstant direction ' +
    'display divisor dominant-baseline dx dy edgeMode elevation exponent fill fill-opacity fill-rule filter ' +
    'filterUnits flood-color flood-opacity font-family font-size font-size-adjust font-stretch font-style ' +
    'font-variant font-weight fr fx fy gradientTransform gradientUnits height image-rendering in in2 intercept k1 ' +
    'k2 k3 k4 kernelMatrix kernelUnitLength lengthAdjust letter-spacing lighting-color limitingConeAngle ' +
    'marker-end marker-mid marker-start markerHeight markerUnits markerWidth mask maskContentUnits maskUnits mode ' +
    'numOctaves offset opacity operator order orient overflow paint-order path pathLength patternContentUnits ' +
    'patternTransform patternUnits pointer-events points pointsAtX pointsAtY pointsAtZ preserveAlpha ' +
    'preserveAspectRatio primitiveUnits r radius refX refY result rotate rx ry scale seed shape-rendering side ' +
    'slope spacing specularConstant specularExponent spreadMethod startOffset stdDeviation stitchTiles stop-color ' +
    'stop-opacity stroke stroke-dasharray stroke-dashoffset stroke-linecap stroke-linejoin stroke-miterlimit ' +
    'stroke-opacity stroke-width surfaceScale systemLanguage tableValues targetX targetY text-anchor ' +
    'text-decoration text-rendering textLength transform transform-origin unicode-bidi values vector-effect ' +
    'version viewBox visibility width word-spacing writing-mode x x1 x2 xChannelSelector xml:space xmlns ' +
    'xmlns:xlink y y1 y2 yChannelSelector z'
  ).split(' '),
);

/** Of a `meta`, nothing is told but how the page is to be drawn. */
export const isMetadata = (name: string | undefined): boolean => METADATA.test(name ?? '');
