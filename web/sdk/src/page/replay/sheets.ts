/** Style sheets as the browser holds them: read rule by rule in slices, and followed when scripts change them. */
import { ADOPTED, CONSTRUCTED, RULE_DELETE, RULE_INSERT, SHEET } from '../../shared/replay_rows.ts';
import { around } from '../around.ts';
import { guarded } from '../guard.ts';
import { baseOf, localName, nodeType } from '../natives.ts';
import {
  addressOf,
  adoptedBy,
  isConnected,
  ownerOf,
  ruleAround,
  rulesOf,
  ruleText,
  sheetOf,
  sheetOfRule,
} from './platform.ts';
import type { Rows } from './rows.ts';

/** Rules whose style a script asked for are compared with what they were, the newest of them. */
const TOUCHED_MAX = 64;
const OF_ELEMENT = 1;
const OF_OTHER = 2;

/** A sheet that is being read. */
interface Reading {
  sheet: CSSStyleSheet;
  rules: CSSRuleList;
  texts: string[];
}

export class Sheets {
  /** Elements whose sheet is to be read, and sheets of no element. */
  private owners = new Set<Element>();
  private others = new Set<CSSStyleSheet>();
  private numbers = new WeakMap<CSSStyleSheet, number>();
  private next = 1;
  private reading: Reading | null = null;
  private adopted = new Map<Node, readonly CSSStyleSheet[]>();
  /** Documents and shadow roots whose adopted sheets wait to be told. */
  private adopting = new Set<Node>();
  private touched = new Map<CSSRule, string>();
  /** Single rules that came or went since the last time. */
  private edits: (() => void)[] = [];

  constructor(
    private rows: Rows,
    private known: (node: Node) => number,
    private changed: () => void,
  ) {}

  forget(): void {
    for (const kept of [this.owners, this.others, this.adopted, this.adopting, this.touched]) kept.clear();
    this.numbers = new WeakMap();
    this.reading = null;
    this.edits = [];
  }

  /** The sheet of an element is to be read. */
  read(owner: Element): void {
    this.owners.add(owner);
    this.changed();
  }

  /** A document or shadow root that may adopt sheets. */
  root(root: Node): void {
    this.adopted.set(root, []);
  }

  /** Looks for what scripts change without a sign. */
  look(): void {
    for (const [root, before] of this.adopted) {
      const tree = nodeType(root) === Node.DOCUMENT_FRAGMENT_NODE;
      const now = adoptedBy(root, tree);
      if (now.length === before.length && before.every((sheet, n) => sheet === now[n])) continue;
      this.adopted.set(root, [...now]);
      for (const sheet of now) if (!this.numbers.has(sheet)) this.other(sheet);
      this.adopting.add(root);
    }
    for (const [rule, before] of this.touched) {
      const text = ruleText(rule);
      if (text === before) continue;
      this.touched.set(rule, text);
      this.replaced(rule, text);
    }
  }

  private other(sheet: CSSStyleSheet): void {
    if (!this.numbers.has(sheet)) this.numbers.set(sheet, this.next++);
    this.others.add(sheet);
  }

  /** Reads on. False: there is more; `late` says when to stop. */
  work(late: () => boolean): boolean {
    for (const edit of this.edits.splice(0)) edit();
    for (;;) {
      this.reading ??= this.begin();
      if (!this.reading) break;
      const { rules, texts } = this.reading;
      while (texts.length < rules.length) {
        texts.push(textOfRule(rules[texts.length] as CSSRule));
        if (late()) return false;
      }
      this.end(this.reading);
      this.reading = null;
      if (late()) return false;
    }
    for (const root of this.adopting) this.tellAdopted(root);
    this.adopting.clear();
    return true;
  }

  private begin(): Reading | null {
    for (const owner of this.owners) {
      const sheet = isConnected(owner) && this.known(owner) ? sheetFor(owner) : null;
      const rules = sheet && rulesOf(sheet);
      if (rules) return { sheet, rules, texts: [] };
      this.owners.delete(owner);
    }
    for (const sheet of this.others) {
      const rules = rulesOf(sheet);
      if (rules) return { sheet, rules, texts: [] };
      this.others.delete(sheet);
    }
    return null;
  }

  private end({ sheet, texts }: Reading): void {
    const { rows } = this;
    const owner = ownerOf(sheet);
    if (owner) this.owners.delete(owner);
    else this.others.delete(sheet);
    rows.put(owner ? SHEET : CONSTRUCTED);
    rows.put(owner ? this.known(owner) : (this.numbers.get(sheet) ?? 0));
    rows.string(addressOf(sheet) ?? baseOf(owner ?? document));
    rows.put(texts.length);
    for (const text of texts) rows.string(text);
  }

  private tellAdopted(root: Node): void {
    const sheets = this.adopted.get(root) ?? [];
    const { rows } = this;
    rows.put(ADOPTED);
    rows.put(this.known(root));
    rows.put(sheets.length);
    for (const sheet of sheets) rows.put(this.numbers.get(sheet) ?? 0);
  }

  /** By what the worker knows a sheet that it has whole; undefined: it has not, or will be told anew. */
  private reference(sheet: CSSStyleSheet): [kind: number, number: number] | undefined {
    const owner = ownerOf(sheet);
    if (owner) {
      const id = this.known(owner);
      return id && !this.owners.has(owner) ? [OF_ELEMENT, id] : undefined;
    }
    const number = this.numbers.get(sheet);
    return number && !this.others.has(sheet) ? [OF_OTHER, number] : undefined;
  }

  private edit(sheet: CSSStyleSheet, op: number, place: number, text?: string): void {
    const read = this.reading?.sheet === sheet ? this.reading.texts : [];
    // Imported rules stand in the place of one: a player would count otherwise.
    if ((rulesOf(sheet)?.[0] as CSSImportRule | undefined)?.styleSheet) {
      this.again(sheet);
      return;
    }
    // Of a sheet that is being read: what comes after this place will be read as it is.
    if (place < read.length) read.splice(place, text === undefined ? 1 : 0, ...(text === undefined ? [] : [text]));
    const reference = this.reference(sheet);
    if (!reference) return;
    this.edits.push(() => {
      // It is told whole since.
      if (!this.reference(sheet)) return;
      const { rows } = this;
      rows.put(op);
      for (const number of reference) rows.put(number);
      rows.put(place);
      if (text !== undefined) rows.string(text);
    });
    this.changed();
  }

  /** Reads it again as a whole. */
  private again(sheet: CSSStyleSheet | null): void {
    if (!sheet) return;
    const owner = ownerOf(sheet);
    if (owner) {
      if (this.known(owner)) this.read(owner);
    } else if (this.numbers.has(sheet)) {
      this.other(sheet);
      this.changed();
    }
    if (this.reading?.sheet === sheet) this.reading = null;
  }

  private replaced(rule: CSSRule, text: string): void {
    const sheet = sheetOfRule(rule);
    if (!sheet) {
      this.touched.delete(rule);
      return;
    }
    if (ruleAround(rule)) this.again(sheet);
    const rules = ruleAround(rule) ? undefined : rulesOf(sheet);
    if (!rules) return;
    for (let place = 0; place < rules.length; place++)
      if (rules[place] === rule) {
        this.edit(sheet, RULE_INSERT, place, text);
        this.edit(sheet, RULE_DELETE, place + 1);
        return;
      }
  }

  /** Follows what scripts do to sheets. `page`: the window whose sheets they are. */
  follow(): void {
    const sheets = CSSStyleSheet.prototype;
    around(sheets, 'insertRule', (run, self, [, place = 0]) => {
      const done = run();
      guarded(() => {
        const rule = rulesOf(self as CSSStyleSheet)?.[place as number];
        if (rule) this.edit(self as CSSStyleSheet, RULE_INSERT, place as number, textOfRule(rule));
      });
      return done;
    });
    around(sheets, 'deleteRule', (run, self, [place]) => {
      const done = run();
      guarded(() => this.edit(self as CSSStyleSheet, RULE_DELETE, place as number));
      return done;
    });
    for (const name of ['replaceSync', 'replace', 'addRule', 'removeRule'])
      around(sheets, name, (run, self) => {
        const done = run();
        guarded(() => this.again(self as CSSStyleSheet));
        return done;
      });
    for (const kind of [CSSGroupingRule, CSSKeyframesRule])
      for (const name of ['insertRule', 'deleteRule', 'appendRule'])
        if (Object.hasOwn(kind.prototype, name))
          around(kind.prototype, name, (run, self) => {
            const done = run();
            guarded(() => this.again(sheetOfRule(self)));
            return done;
          });
    this.followStyles();
  }

  /** Who asks a rule for its style is about to change it; how, is seen afterwards. */
  private followStyles(): void {
    const own = Object.getOwnPropertyDescriptor(CSSStyleRule.prototype, 'style');
    const get = own?.get;
    if (!get || !own.configurable) return;
    const proxy = new Proxy(get, {
      apply: (_, self: CSSRule, values) => {
        const style = Reflect.apply(get, self, values);
        guarded(() => this.touch(self));
        return style;
      },
    });
    Object.defineProperty(CSSStyleRule.prototype, 'style', { ...own, get: proxy });
  }

  private touch(rule: CSSRule): void {
    if (this.touched.has(rule)) return;
    const sheet = sheetOfRule(rule);
    if (!sheet || !this.reference(sheet)) return;
    this.touched.set(rule, ruleText(rule));
    if (this.touched.size > TOUCHED_MAX) this.touched.delete(this.touched.keys().next().value as CSSRule);
    this.changed();
  }
}

const SVG_STYLE = 'SVGStyleElement';

function sheetFor(owner: Element): CSSStyleSheet | null {
  return sheetOf(owner, localName(owner), Object.prototype.toString.call(owner) === `[object ${SVG_STYLE}]`);
}

/** An imported sheet stands in its rule, where the page may read it. */
function textOfRule(rule: CSSRule): string {
  const { styleSheet, media } = rule as CSSImportRule;
  const rules = styleSheet && rulesOf(styleSheet);
  if (!rules) return ruleText(rule);
  let text = '';
  for (let n = 0; n < rules.length; n++) text += textOfRule(rules[n] as CSSRule);
  return media?.length ? `@media ${media.mediaText}{${text}}` : text;
}
