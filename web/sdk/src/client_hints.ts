/** What the browser tells about itself beside its user agent, where it is asked: User-Agent Client Hints. */

export interface ClientHints {
  platform?: string;
  /** Of Windows not the version: 13 and later are Windows 11. */
  platform_version?: string;
  architecture?: string;
  bitness?: string;
  model?: string;
  mobile?: boolean;
  /** With full versions. */
  brands?: { brand: string; version: string }[];
  /** `navigator.maxTouchPoints`, which only a page has: an iPad says that it is a Mac that can be touched. */
  max_touch_points?: number;
}

/** Not yet in TypeScript's own libraries. */
interface HintedNavigator {
  globalPrivacyControl: boolean;
  userAgentData: { getHighEntropyValues(hints: string[]): Promise<HighEntropyValues> };
}

interface HighEntropyValues {
  platform?: string;
  platformVersion?: string;
  architecture?: string;
  bitness?: string;
  model?: string;
  mobile?: boolean;
  fullVersionList?: ClientHints['brands'];
}

const HINTS = ['platformVersion', 'architecture', 'bitness', 'model', 'fullVersionList'];

/** Empty where the browser has no hints, a policy forbids them, or the visitor asks for privacy (GPC). */
export async function askClientHints(): Promise<ClientHints> {
  const { userAgentData, globalPrivacyControl } = navigator as Partial<HintedNavigator>;
  try {
    if (!userAgentData || globalPrivacyControl) return {};
    const told = await userAgentData.getHighEntropyValues(HINTS);
    const { platform, platformVersion, architecture, bitness, model, mobile, fullVersionList } = told;
    return {
      platform,
      platform_version: platformVersion,
      architecture,
      bitness,
      model,
      mobile,
      brands: fullVersionList,
    };
  } catch {
    return {};
  }
}
