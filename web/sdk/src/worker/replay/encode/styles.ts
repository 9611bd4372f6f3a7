/** Style sheets: rules as they may leave, and which sheets who adopts. */
import type { AttributeMasks } from './attributes.ts';
import { maskCss } from './css.ts';
import type { Mirror, Noted } from './mirror.ts';
import type { Reader } from './reader.ts';
import { IMPORT, isImport, topRules } from './sheet_text.ts';
import type { Told } from './told.ts';

/** rrweb's `IncrementalSource`. */
const RULES_SOURCE = 8;
const ADOPTED_SOURCE = 15;
const OF_ELEMENT = 1;
/** Imported sheets of a page view that are read; beyond it, as in a cycle, the page is asked. */
const IMPORTS_MAX = 1_000;

/** A style sheet's text, and what its addresses are relative to. */
export interface SheetFile {
  text: string;
  base: string;
}

/** Where the texts of sheets are, and who is asked for their rules. */
export interface Sheets {
  /** Null: it cannot be had. */
  sheet(address: string): Promise<SheetFile | null>;
  /** The page is to tell the rules of an element's sheet. */
  rules(of: number): void;
}

/** What is done when a file has been read. */
export type Then = () => void;

interface Sheet {
  rules: string[];
  base: string;
  /** Who watches the recording has it. */
  shown: boolean;
}

export class Styles {
  /** Of no element. */
  private others = new Map<number, Sheet>();
  /** What the addresses of an element's sheet are relative to; it has none while its rules may have other places than the browser's. */
  private bases = new WeakMap<Noted, string>();
  /** By the number of a document or shadow root. */
  private adopters = new Map<number, number[]>();
  private waiting = new Set<number>();
  private imports = 0;

  constructor(
    private masks: AttributeMasks,
    private sheets: Sheets,
  ) {}

  forget(): void {
    this.others.clear();
    this.adopters.clear();
    this.waiting.clear();
  }

  sheet(reader: Reader, owner: Noted | undefined, told: Told): void {
    const { rules, base } = this.readSheet(reader);
    if (!owner) return;
    owner.rules = rules;
    this.bases.set(owner, base);
    told.attribute(owner, '_cssText');
  }

  /** A promise: nothing more can be read until it settles, and what it gives is done. */
  source(reader: Reader, owner: Noted | undefined, told: Told): Promise<Then> | undefined {
    const base = reader.string();
    const count = reader.next();
    const text = reader.stringIfAny();
    if (!owner) return undefined;
    const take = (rules: string[] | null | undefined, base: string) => {
      if (rules?.length === count) this.bases.set(owner, base);
      else {
        this.bases.delete(owner);
        this.sheets.rules(owner.id);
      }
      // Until the page has told them, what is nearly right is shown.
      owner.rules = rules ?? null;
      if (rules) told.attribute(owner, '_cssText');
    };
    const rules = text === undefined ? null : topRules(text);
    if (text !== undefined && !rules?.some(isImport)) {
      take(
        rules?.map((rule) => this.mask(rule, base)),
        base,
      );
      return undefined;
    }
    const reads = async () => {
      const file = text === undefined ? await this.sheets.sheet(base) : { text, base };
      const rules = await this.whole(file).catch(() => null);
      return () => take(rules, file?.base ?? '');
    };
    return reads();
  }

  /** Rules of a file, imported ones where their import stands. */
  private async whole(file: SheetFile | null): Promise<string[] | null> {
    const rules = file && topRules(file.text);
    if (!rules) return null;
    const { base } = file;
    const masked: string[] = [];
    for (const rule of rules) {
      if (!isImport(rule)) {
        masked.push(this.mask(rule, base));
        continue;
      }
      const [, , address, layer, name = '', media = ''] = IMPORT.exec(rule) ?? [];
      if (!address || this.imports++ > IMPORTS_MAX) return null;
      const inner = await this.whole(await this.sheets.sheet(new URL(address, base).href));
      if (!inner) return null;
      const text = inner.join('\n');
      // One rule, as the import is one.
      masked.push(`@media ${media.trim() || 'all'}{${layer ? `@layer ${name}{${text}}` : text}}`);
    }
    return masked;
  }

  /** The event that tells of a sheet which is shown already. */
  constructed(reader: Reader): object | null {
    const id = reader.next();
    const sheet = this.readSheet(reader);
    const shown = this.others.get(id)?.shown ?? false;
    this.others.set(id, { ...sheet, shown });
    return shown ? { source: RULES_SOURCE, styleId: id, replaceSync: sheet.rules.join('\n') } : null;
  }

  private readSheet(reader: Reader): Sheet {
    const base = reader.string();
    const rules: string[] = [];
    for (let left = reader.next(); left > 0; left--) rules.push(this.mask(reader.string(), base));
    return { rules, base, shown: false };
  }

  private mask(rule: string, base: string): string {
    return maskCss(rule, this.masks.at(base));
  }

  rule(reader: Reader, insert: boolean, mirror: Mirror): object | null {
    const ofElement = reader.next() === OF_ELEMENT;
    const id = reader.next();
    const index = reader.next();
    const text = insert ? reader.string() : '';
    const owner = ofElement ? mirror.get(id) : undefined;
    const sheet = this.others.get(id);
    const rules = ofElement ? owner?.rules : sheet?.rules;
    const base = ofElement ? owner && this.bases.get(owner) : sheet?.base;
    if (!rules || base === undefined) return null;
    const rule = insert ? this.mask(text, base) : '';
    rules.splice(index, insert ? 0 : 1, ...(insert ? [rule] : []));
    const shown = ofElement ? owner?.shown : sheet?.shown;
    if (!shown) return null;
    const change = insert ? { adds: [{ rule, index }] } : { removes: [{ index }] };
    return { source: RULES_SOURCE, ...(ofElement ? { id } : { styleId: id }), ...change };
  }

  adopted(reader: Reader, mirror: Mirror): void {
    const id = reader.next();
    const sheets: number[] = [];
    for (let left = reader.next(); left > 0; left--) sheets.push(reader.next());
    if (!mirror.get(id)) return;
    this.adopters.set(id, sheets);
    this.waiting.add(id);
  }

  /** Events of those who adopt sheets, and are shown by now. */
  adopting(mirror: Mirror): object[] {
    const events: object[] = [];
    for (const id of this.waiting) {
      const root = mirror.get(id);
      const host = root?.kind === 'tree' ? root.parent : root;
      if (root && !host?.shown) continue;
      this.waiting.delete(id);
      if (!host) continue;
      const styleIds = this.adopters.get(id) ?? [];
      const styles = styleIds.flatMap((styleId) => this.show(styleId));
      events.push({ source: ADOPTED_SOURCE, id: host.id, styleIds, styles });
    }
    return events;
  }

  private show(styleId: number): { styleId: number; rules: { rule: string; index: number }[] }[] {
    const sheet = this.others.get(styleId);
    if (!sheet || sheet.shown) return [];
    sheet.shown = true;
    return [{ styleId, rules: sheet.rules.map((rule, index) => ({ rule, index })) }];
  }
}
