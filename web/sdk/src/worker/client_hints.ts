/** What the browser tells about itself beside its user agent, where it is asked: User-Agent Client Hints. */

import type { ClientHints } from '../shared/batch.ts';

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
