/**
 * Style sheets as the browser holds them, followed when scripts change them. Of an element's sheet its text or its address is told, with
 * the number of its rules, and it is read rule by rule, in slices, where that is not what the browser has.
 */
import { ADOPTED, CONSTRUCTED, RULE_DELETE, RULE_INSERT, SHEET, SHEET_SOURCE } from '../../shared/replay_rows.ts';
import { baseOf, firstChild, isConnected, nextSibling, nodeType } from '../natives.ts';
import { after } from './after.ts';
import { lookInTurn } from './look_in_turn.ts';
import { addressOf, adoptedBy, ownerOf, rulesOf, ruleText, sheetOf, sheetOfRule, textOf } from './platform.ts';
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

/** A window, with what its scripts make and change things by. */
export type Realm = Window & typeof globalThis;

export type Sheets = ReturnType<typeof sheetsIn>;

export function sheetsIn(rows: Rows, known: (node: Node) => number, ask: () => void, byRules: boolean) {
  /** Elements whose sheet is to be read, and sheets of no element. */
  const owners = new Set<Element>();
  const others = new Set<CSSStyleSheet>();
  let numbers = new WeakMap<CSSStyleSheet, number>();
  let next = 1;
  /** Those told by their text or address, by the numbers of their elements. */
  const told = new Map<number, WeakRef<CSSStyleSheet>>();
  /** Sheets that are not what their text says. */
  const changed = new WeakSet<CSSStyleSheet>();
  let reading: Reading | null = null;
  const adopted = new Map<Node, readonly CSSStyleSheet[]>();
  /** Those of them that were not looked at yet. */
  let met: Node[] = [];
  /** Documents and shadow roots whose adopted sheets wait to be told. */
  const adopting = new Set<Node>();
  const touched = new Map<CSSRule, string>();
  /** Single rules that came or went since the last time. */
  const edits = new Set<() => void>();

  function forget(): void {
    for (const kept of [owners, others, adopted, adopting, touched, told, edits]) kept.clear();
    numbers = new WeakMap();
    reading = null;
    met = [];
  }

  /** The sheet of an element is to be read. */
  function read(owner: Element): void {
    owners.add(owner);
    ask();
  }

  /** A document or shadow root that may adopt sheets. */
  function root(root: Node): void {
    adopted.set(root, []);
    met.push(root);
  }

  function lookAt(root: Node, before: readonly CSSStyleSheet[]): void {
    const now = adoptedBy(root, nodeType(root) === Node.DOCUMENT_FRAGMENT_NODE);
    if (now.length === before.length && before.every((sheet, n) => sheet === now[n])) return;
    adopted.set(root, [...now]);
    for (const sheet of now) {
      if (numbers.has(sheet)) continue;
      numbers.set(sheet, next++);
      others.add(sheet);
    }
    adopting.add(root);
  }

  /** Looks for what scripts change without a sign. */
  function look(): void {
    // What is new would be shown without its sheets until its turn comes.
    for (const root of met.splice(0)) lookAt(root, []);
    lookInTurn(adopted, lookAt);
    for (const [rule, before] of touched) {
      const text = ruleText(rule);
      if (text === before) continue;
      touched.set(rule, text);
      replaced(rule, text);
    }
  }

  /** Reads on. False: there is more; `late` says when to stop. */
  function work(late: () => boolean): boolean {
    for (const edit of edits) {
      edits.delete(edit);
      edit();
      if (late()) return false;
    }
    while (owners.size || others.size) {
      reading ??= begin();
      if (reading) {
        const { rules, texts } = reading;
        while (texts.length < rules.length) {
          texts.push(textOfRule(rules[texts.length] as CSSRule));
          if (late()) return false;
        }
        end(reading);
        reading = null;
      }
      if (late()) return false;
    }
    for (const root of adopting) tellAdopted(root);
    adopting.clear();
    return true;
  }

  /** The next sheet that is to be read rule by rule; null: the next one is not. */
  function begin(): Reading | null {
    const [owner] = owners;
    const [other] = others;
    const sheet = owner ? isConnected(owner) && known(owner) && sheetOf(owner) : other;
    const rules = sheet && rulesOf(sheet);
    if (rules && !(owner && source(owner, sheet, rules.length))) return { sheet, rules, texts: [] };
    if (owner) owners.delete(owner);
    else others.delete(other as CSSStyleSheet);
    return null;
  }

  /** Tells where the text of a sheet is. False: it has none that would say what the browser has. */
  function source(owner: Element, sheet: CSSStyleSheet, count: number): boolean {
    const address = addressOf(sheet);
    // Of another origin nothing is read but what the page has.
    if (byRules || changed.has(sheet) || !(address ?? ORIGIN).startsWith(ORIGIN)) return false;
    let text = '';
    for (let node = firstChild(owner); node; node = nextSibling(node))
      if (nodeType(node) === Node.TEXT_NODE) text += textOf(node);
    if (count > 0 && !address && !text) return false;
    const id = known(owner);
    rows.row(SHEET_SOURCE, id);
    rows.string(address ?? baseOf(owner));
    rows.put(count);
    if (address) rows.put(-1);
    else rows.string(text);
    told.set(id, new WeakRef(sheet));
    return true;
  }

  /** The sheet of an element, by its number, is not what its text says. */
  function rules(of: number): void {
    again(told.get(of)?.deref());
  }

  function end({ sheet, texts }: Reading): void {
    const owner = ownerOf(sheet);
    if (owner) owners.delete(owner);
    else others.delete(sheet);
    rows.row(owner ? SHEET : CONSTRUCTED, owner ? known(owner) : (numbers.get(sheet) ?? 0));
    rows.string(addressOf(sheet) ?? baseOf(owner ?? document));
    rows.put(texts.length);
    for (const text of texts) rows.string(text);
  }

  function tellAdopted(root: Node): void {
    const sheets = adopted.get(root) ?? [];
    const told = sheets.map((sheet) => numbers.get(sheet) ?? 0);
    rows.row(ADOPTED, known(root), sheets.length, ...told);
  }

  /** By what the worker knows a sheet that it has whole; undefined: it has not, or will be told anew. */
  function reference(sheet: CSSStyleSheet): [kind: number, number: number] | undefined {
    const owner = ownerOf(sheet);
    if (owner) {
      const id = known(owner);
      return id && !owners.has(owner) ? [OF_ELEMENT, id] : undefined;
    }
    const number = numbers.get(sheet);
    return number && !others.has(sheet) ? [OF_OTHER, number] : undefined;
  }

  function edit(sheet: CSSStyleSheet, op: number, place: number, ...texts: string[]): void {
    changed.add(sheet);
    const read = reading?.sheet === sheet ? reading.texts : [];
    // Of a sheet that is being read: what comes after this place will be read as it is.
    if (place < read.length) read.splice(place, 1 - texts.length, ...texts);
    const told = reference(sheet);
    if (!told) return;
    edits.add(() => {
      // It is told whole since.
      if (!reference(sheet)) return;
      rows.row(op, ...told, place);
      for (const text of texts) rows.string(text);
    });
    ask();
  }

  /** Reads it again as a whole. */
  function again(sheet: CSSStyleSheet | null | undefined): void {
    if (!sheet) return;
    changed.add(sheet);
    const owner = ownerOf(sheet);
    if (owner) read(owner);
    else if (numbers.has(sheet)) {
      others.add(sheet);
      ask();
    }
    if (reading?.sheet === sheet) reading = null;
  }

  function replaced(rule: CSSRule, text: string): void {
    const sheet = sheetOfRule(rule);
    const rules = sheet && rulesOf(sheet);
    if (!rules) {
      touched.delete(rule);
      return;
    }
    let place = rules.length - 1;
    while (place >= 0 && rules[place] !== rule) place--;
    if (place < 0) {
      // It stands in another rule.
      again(sheet);
      return;
    }
    edit(sheet, RULE_INSERT, place, text);
    edit(sheet, RULE_DELETE, place + 1);
  }

  /** Follows what scripts do to sheets of a page, or of a frame. */
  function follow(page: Realm): void {
    for (const { prototype } of [page.CSSStyleSheet, page.CSSGroupingRule, page.CSSKeyframesRule])
      for (const name of METHODS)
        after(prototype, name, (self, values) => {
          if (prototype === page.CSSStyleSheet.prototype) happened(self as CSSStyleSheet, name, values);
          else again(sheetOfRule(self));
        });
    followStyles(page.CSSStyleRule.prototype);
  }

  function happened(sheet: CSSStyleSheet, name: string, [what, place = 0]: unknown[]): void {
    if (name === 'deleteRule') edit(sheet, RULE_DELETE, what as number);
    else if (name === 'insertRule') {
      const rule = rulesOf(sheet)?.[place as number];
      if (rule) edit(sheet, RULE_INSERT, place as number, textOfRule(rule));
    } else again(sheet);
  }

  /** Who asks a rule for its style is about to change it; how, is seen afterwards. */
  function followStyles(prototype: CSSStyleRule): void {
    const own = Object.getOwnPropertyDescriptor(prototype, 'style');
    if (!own) return;
    after(own, 'get', (self) => touch(self as CSSRule));
    // Nothing happens where the page has locked it.
    Reflect.defineProperty(prototype, 'style', own);
  }

  function touch(rule: CSSRule): void {
    if (touched.has(rule)) return;
    const sheet = sheetOfRule(rule);
    if (!sheet || !reference(sheet)) return;
    touched.set(rule, ruleText(rule));
    if (touched.size > TOUCHED_MAX) touched.delete(touched.keys().next().value as CSSRule);
    ask();
  }

  return {
    forget,
    read,
    root,
    /** A document is no longer shown. */
    leave: (page: Node) => adopted.delete(page),
    look,
    work,
    rules,
    follow,
  };
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
