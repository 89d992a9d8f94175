/** Where authorization servers send browsers back to. */

import type { ProviderId } from '../core/identifiers.js';
import type { Settings } from './dependencies.js';

/** One redirect URI per provider, so that answers cannot be mixed up. */
export function redirectUriOf({ settings }: { readonly settings: Settings }, provider: ProviderId): string {
  return `${settings.baseUrl}/oauth/${provider}/callback`;
}
