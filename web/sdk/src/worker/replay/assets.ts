/**
 * Fonts and images of a page view, so that its recording can be shown when the site has changed. The recording itself says which
 * address is which file, by the SHA-256 of what is sent; the collector is asked what it has.
 */
import { platform } from '../platform.ts';
import type { Asset } from './asset_source.ts';
import { ASSETS_AFTER_MS, ASSETS_BYTES_MAX, ASSETS_FOUND_MAX, ASSETS_NAMED_MAX } from './limits.ts';

export interface AssetsTold {
  /** Addresses, as they stand in the recording, and what is there. */
  named(files: Record<string, string>): void;
  send(asset: Asset, shown: string): void;
  /** Null: it cannot be had, or is not to be kept. */
  read(address: string): Promise<Asset | null>;
  /** Which of these the collector does not have. */
  missing(hashes: string[]): Promise<string[]>;
}

export class Assets {
  /** By the address in the recording; '' where that stands for several. */
  private found = new Map<string, string>();
  private waiting: string[] = [];
  private timer = 0;
  private bytes = 0;
  private over = false;

  /** `held`: nothing may leave before `release`. */
  constructor(
    private told: AssetsTold,
    private held = false,
  ) {}

  release(): void {
    this.held = false;
    this.begin();
  }

  /** The page shows what lies at `address`, which is masked as `shown`. */
  find(address: string, shown: string): void {
    const known = this.found.get(shown);
    if (known === address || this.found.size >= ASSETS_FOUND_MAX) return;
    this.found.set(shown, known === undefined ? address : '');
    if (known === undefined) this.waiting.push(shown);
    this.begin();
  }

  /** What was found is read, a while later: the page may still be loading it. */
  private begin(): void {
    if (!this.held && !this.timer && this.waiting.length)
      this.timer = platform.later(() => this.work(), ASSETS_AFTER_MS);
  }

  /** The page view is over. */
  end(): void {
    this.over = true;
    platform.notLater(this.timer);
  }

  private async work(): Promise<void> {
    const files = new Map<string, Asset>();
    for (const shown of this.waiting.splice(0, ASSETS_NAMED_MAX)) {
      const address = this.found.get(shown);
      const asset = address ? await this.told.read(address).catch(() => null) : null;
      if (!asset || this.bytes + asset.payload.length > ASSETS_BYTES_MAX) continue;
      this.bytes += asset.payload.length;
      files.set(shown, asset);
    }
    if (files.size && !this.over) await this.tell(files).catch(() => {});
    this.timer = 0;
    if (!this.over) this.begin();
  }

  private async tell(files: Map<string, Asset>): Promise<void> {
    const missing = new Set(await this.told.missing([...files.values()].map(({ sha256 }) => sha256)));
    if (this.over) return;
    for (const [shown, asset] of files) if (missing.delete(asset.sha256)) this.told.send(asset, shown);
    this.told.named(Object.fromEntries([...files].map(([shown, { sha256 }]) => [shown, sha256])));
  }
}
