/** When a refresh token ends: after some time without use, or at a fixed time however much it is used. */

import type { Provider } from './provider.js';
import type { TokenSet } from './token-set.js';

/** A stated end that is at most this much before the usual one counts as the usual one, ms: some are rounded. */
const toleranceMs = 3_600_000;

type Lifetime = Pick<Provider, 'refreshLifetime'>;

/**
 * Whether using the refresh token puts its end off. Not where the provider counts from the consent, and not where an
 * answer has named an end before the usual one: Google's tokens of apps in testing live 7 days, QuickBooks' last one
 * ends with its five years.
 */
export function isRenewedByUse({ refreshLifetime }: Lifetime, { refreshExpiresAt, obtainedAt }: TokenSet): boolean {
  if (!refreshLifetime?.renewedByUse) return false;
  return refreshExpiresAt === undefined || refreshExpiresAt >= obtainedAt + refreshLifetime.ms - toleranceMs;
}

/**
 * The hard end of a connection's refresh token, however much it is used; epoch ms.
 *
 * @param consentedAt epoch ms of the last consent, from which some providers count (Atlassian 365 days)
 */
export function hardEndOf(provider: Lifetime | undefined, tokenSet: TokenSet, consentedAt: number): number | undefined {
  const { refreshLifetime } = provider ?? {};
  const counted = refreshLifetime?.mostMs === undefined ? undefined : consentedAt + refreshLifetime.mostMs;
  const stated = provider && isRenewedByUse(provider, tokenSet) ? undefined : tokenSet.refreshExpiresAt;
  const ends = [counted, stated].filter((end) => end !== undefined);
  return ends.length > 0 ? Math.min(...ends) : undefined;
}
