/**
 * Style sheets as the browser holds them, followed when scripts change them. Of an element's sheet its text or its address is told, with
 * the number of its rules, and it is read rule by rule, in slices, where that is not what the browser has.
 */
import { ADOPTED, CONSTRUCTED, RULE_DELETE, RULE_INSERT, SHEET, SHEET_SOURCE } from '../../shared/replay_rows.ts';
import { around } from '../around.ts';
import { guarded } from '../guard.ts';
import { baseOf, firstChild, localName, nextSibling, nodeType } from '../natives.ts';
import {
  addressOf,
  adoptedBy,
  isConnected,
  namespaceOf,
  ownerOf,
  rulesOf,
  ruleText,
  sheetOf,
  sheetOfRule,
  textOf,
} from './platform.ts';
import type { Rows } from './rows.ts';

/** Rules whose style a script asked for are compared with what they were, the newest of them. */
const TOUCHED_MAX = 64;
/** By which rules come and go, in sheets, and in rules that hold rules. */
const METHODS = ['insertRule', 'deleteRule', 'appendRule', 'addRule', 'removeRule', 'replace', 'replaceSync'];
const ORIGIN = `${location.origin}/`;
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
  /** Those told by their text or address, by the numbers of their elements. */
  private told = new Map<number, WeakRef<CSSStyleSheet>>();
  /** Sheets that are not what their text says. */
  private changed = new WeakSet<CSSStyleSheet>();
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
    private ask: () => void,
    private byRules: boolean,
  ) {}

  forget(): void {
    for (const kept of [this.owners, this.others, this.adopted, this.adopting, this.touched, this.told]) kept.clear();
    this.numbers = new WeakMap();
    this.reading = null;
    this.edits = [];
  }

  /** The sheet of an element is to be read. */
  read(owner: Element): void {
    this.owners.add(owner);
    this.ask();
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
      for (const sheet of now) {
        if (this.numbers.has(sheet)) continue;
        this.numbers.set(sheet, this.next++);
        this.others.add(sheet);
      }
      this.adopting.add(root);
    }
    for (const [rule, before] of this.touched) {
      const text = ruleText(rule);
      if (text === before) continue;
      this.touched.set(rule, text);
      this.replaced(rule, text);
    }
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
      if (rules && !this.source(owner, sheet, rules.length)) return { sheet, rules, texts: [] };
      this.owners.delete(owner);
    }
    for (const sheet of this.others) {
      const rules = rulesOf(sheet);
      if (rules) return { sheet, rules, texts: [] };
      this.others.delete(sheet);
    }
    return null;
  }

  /** Tells where the text of a sheet is. False: it has none that would say what the browser has. */
  private source(owner: Element, sheet: CSSStyleSheet, count: number): boolean {
    const { rows } = this;
    const address = addressOf(sheet);
    // Of another origin nothing is read but what the page has.
    if (this.byRules || this.changed.has(sheet) || !(address ?? ORIGIN).startsWith(ORIGIN)) return false;
    let text = '';
    for (let node = firstChild(owner); node; node = nextSibling(node))
      if (nodeType(node) === Node.TEXT_NODE) text += textOf(node);
    if (count > 0 && !address && !text) return false;
    rows.put(SHEET_SOURCE);
    rows.put(this.known(owner));
    rows.string(address ?? baseOf(owner));
    rows.put(count);
    if (address) rows.put(-1);
    else rows.string(text);
    this.told.set(this.known(owner), new WeakRef(sheet));
    return true;
  }

  /** The sheet of an element, by its number, is not what its text says. */
  rules(of: number): void {
    this.again(this.told.get(of)?.deref());
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

  private edit(sheet: CSSStyleSheet, op: number, place: number, ...texts: string[]): void {
    this.changed.add(sheet);
    const read = this.reading?.sheet === sheet ? this.reading.texts : [];
    // Of a sheet that is being read: what comes after this place will be read as it is.
    if (place < read.length) read.splice(place, 1 - texts.length, ...texts);
    const reference = this.reference(sheet);
    if (!reference) return;
    this.edits.push(() => {
      // It is told whole since.
      if (!this.reference(sheet)) return;
      const { rows } = this;
      for (const number of [op, ...reference, place]) rows.put(number);
      for (const text of texts) rows.string(text);
    });
    this.ask();
  }

  /** Reads it again as a whole. */
  private again(sheet: CSSStyleSheet | null | undefined): void {
    if (!sheet) return;
    this.changed.add(sheet);
    const owner = ownerOf(sheet);
    if (owner) this.read(owner);
    else if (this.numbers.has(sheet)) {
      this.others.add(sheet);
      this.ask();
    }
    if (this.reading?.sheet === sheet) this.reading = null;
  }

  private replaced(rule: CSSRule, text: string): void {
    const sheet = sheetOfRule(rule);
    const rules = sheet && rulesOf(sheet);
    if (!rules) {
      this.touched.delete(rule);
      return;
    }
    let place = rules.length - 1;
    while (place >= 0 && rules[place] !== rule) place--;
    if (place < 0) {
      // It stands in another rule.
      this.again(sheet);
      return;
    }
    this.edit(sheet, RULE_INSERT, place, text);
    this.edit(sheet, RULE_DELETE, place + 1);
  }

  /** Follows what scripts do to sheets. */
  follow(): void {
    for (const { prototype } of [CSSStyleSheet, CSSGroupingRule, CSSKeyframesRule])
      for (const name of METHODS)
        around(prototype, name, (run, self, values) => {
          const done = run();
          guarded(() => {
            if (prototype === CSSStyleSheet.prototype) this.happened(self as CSSStyleSheet, name, values);
            else this.again(sheetOfRule(self));
          });
          return done;
        });
    this.followStyles();
  }

  private happened(sheet: CSSStyleSheet, name: string, [what, place = 0]: unknown[]): void {
    if (name === 'deleteRule') this.edit(sheet, RULE_DELETE, what as number);
    else if (name === 'insertRule') {
      const rule = rulesOf(sheet)?.[place as number];
      if (rule) this.edit(sheet, RULE_INSERT, place as number, textOfRule(rule));
    } else this.again(sheet);
  }

  /** Who asks a rule for its style is about to change it; how, is seen afterwards. */
  private followStyles(): void {
    const own = Object.getOwnPropertyDescriptor(CSSStyleRule.prototype, 'style');
    const get = own?.get;
    if (!get) return;
    const proxy = new Proxy(get, {
      apply: (_, self: CSSRule, values) => {
        const style = Reflect.apply(get, self, values);
        guarded(() => this.touch(self));
        return style;
      },
    });
    // Nothing happens where the page has locked it.
    Reflect.defineProperty(CSSStyleRule.prototype, 'style', { ...own, get: proxy });
  }

  private touch(rule: CSSRule): void {
    if (this.touched.has(rule)) return;
    const sheet = sheetOfRule(rule);
    if (!sheet || !this.reference(sheet)) return;
    this.touched.set(rule, ruleText(rule));
    if (this.touched.size > TOUCHED_MAX) this.touched.delete(this.touched.keys().next().value as CSSRule);
    this.ask();
  }
}

/** Null also of what only has the name of an element with a sheet. */
function sheetFor(owner: Element): CSSStyleSheet | null {
  try {
    return sheetOf(owner, localName(owner), /svg/.test(namespaceOf(owner) ?? ''));
  } catch {
    return null;
  }
}

/** An imported sheet stands where its import does, as one rule too. */
function textOfRule(rule: CSSRule): string {
  const { styleSheet, media } = rule as CSSImportRule;
  const rules = styleSheet && rulesOf(styleSheet);
  if (!rules) return ruleText(rule);
  let text = '';
  for (let n = 0; n < rules.length; n++) text += textOfRule(rules[n] as CSSRule);
  return `@media ${media.mediaText || 'all'}{${text}}`;
}
