/** Times what the provider takes for a refresh, and tells how it ended. */

import { OAuthManagerError, ProviderUnavailable } from '../core/errors.js';
import type { ProviderId } from '../core/identifiers.js';
import type { Meter } from '../core/meter.js';
import { providerLabel } from './announce.js';
import type { Dependencies } from './dependencies.js';

/** Sends by `send` and tells the meter; answers and throws as `send` does. */
export function meterRefresh<T>(deps: Dependencies, provider: ProviderId, send: () => Promise<T>): Promise<T> {
  return deps.meter === undefined ? send() : timed(deps, { meter: deps.meter, provider }, send);
}

async function timed<T>(
  deps: Dependencies,
  { meter, provider }: { meter: Meter; provider: ProviderId },
  send: () => Promise<T>,
): Promise<T> {
  const startedAt = performance.now();
  const tell = (outcome: string) => {
    const seconds = (performance.now() - startedAt) / 1_000;
    meter.refreshed({ provider: providerLabel(deps, provider), outcome, seconds });
  };
  try {
    const answer = await send();
    tell('ok');
    return answer;
  } catch (error) {
    const isLost = error instanceof ProviderUnavailable && error.reached === 'unknown';
    tell(isLost ? 'answer_lost' : error instanceof OAuthManagerError ? error.code : 'failed');
    throw error;
  }
}
