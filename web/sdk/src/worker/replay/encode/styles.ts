/** Style sheets: rules as they may leave, and which sheets who adopts. */
import type { AttributeMasks } from './attributes.ts';
import { maskCss } from './css.ts';
import type { Mirror, Noted } from './mirror.ts';
import type { Reader } from './reader.ts';
import type { Told } from './told.ts';

/** rrweb's `IncrementalSource`. */
const RULES_SOURCE = 8;
const ADOPTED_SOURCE = 15;
const OF_ELEMENT = 1;

interface Sheet {
  rules: string[];
  base: string;
  /** Who watches the recording has it. */
  shown: boolean;
}

export class Styles {
  /** Of no element. */
  private others = new Map<number, Sheet>();
  /** What the addresses of an element's sheet are relative to. */
  private bases = new WeakMap<Noted, string>();
  /** By the number of a document or shadow root. */
  private adopters = new Map<number, number[]>();
  private waiting = new Set<number>();

  constructor(private masks: AttributeMasks) {}

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
    if (!rules) return null;
    const base = owner ? (this.bases.get(owner) ?? '') : (sheet?.base ?? '');
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
