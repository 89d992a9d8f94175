/** A token response becomes a connection that is not active yet: who was connected is asked, nothing is stored. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { AwaitingGrant, ConnectIntent } from '../core/connect.js';
import type { ProviderIdentity } from '../core/connection.js';
import { ProviderError } from '../core/errors.js';
import { withPlace } from '../core/identity-place.js';
import { keptParameters } from '../core/kept-parameters.js';
import type { Provider } from '../core/provider.js';
import { withChosenSite } from '../core/site.js';
import { fetchIdentity, nameIn } from '../protocol/identity.js';
import { fetchSites } from '../protocol/sites.js';
import type { TokenResponse } from '../protocol/token-endpoint.js';
import type { Dependencies } from './dependencies.js';
import { newId } from './one-time-values.js';
import { httpOf } from './provider-of.js';

/** A server that refuses a token that is brand new may know it by then, ms (GitHub's replicas lag). */
const settlingMs = 500;

/** A redeemed grant: what was asked for, and all that came back. */
export interface RedeemedGrant {
  readonly intent: ConnectIntent;
  readonly response: TokenResponse;
  /** The authorization response, if a browser brought one. */
  readonly callback?: URLSearchParams;
}

/** Puts the connection together. An identity or list of sites that cannot be had does not cost the grant. */
export async function newGrant(
  deps: Dependencies,
  provider: Provider,
  { intent, response, callback }: RedeemedGrant,
): Promise<AwaitingGrant['connection']> {
  const [identity, sites] = await Promise.all([
    response.identity ?? identityOf(deps, provider, response),
    sitesOf(deps, provider, response),
  ]);
  const now = deps.now();
  const { tenant, userId, account, scope } = intent;
  const kept = keptParameters(provider, { callback, answer: response.answer });
  const parameters = { ...withChosenSite(provider, intent.parameters ?? {}, sites), ...kept };
  return {
    connectionId: newId('co'),
    tenant,
    userId,
    provider: provider.id,
    account,
    identity: withPlace(provider.identity, named(identity, nameIn(provider, callback)), parameters),
    tokenSet: response.tokenSet,
    requestedScope: scope,
    parameters: Object.keys(parameters).length === 0 ? undefined : parameters,
    sites,
    state: { kind: 'active' },
    connectedAt: now,
    updatedAt: now,
  };
}

/** The identity's own name comes first. */
function named(identity: ProviderIdentity | undefined, name: string | undefined): ProviderIdentity | undefined {
  return identity && identity.name === undefined && name !== undefined ? { ...identity, name } : identity;
}

async function identityOf(deps: Dependencies, provider: Provider, response: TokenResponse) {
  const ask = () => fetchIdentity(provider, response.tokenSet, httpOf(deps, provider));
  try {
    return await ask().catch(async (error: unknown) => {
      if (!(error instanceof ProviderError) || error.status !== 401) throw error;
      await sleep(settlingMs);
      return ask();
    });
  } catch {
    deps.log.warn({ provider: provider.id }, 'the connected account could not be read');
    return undefined;
  }
}

/** Failing is no loss: a bot can ask the provider for its sites as well. */
async function sitesOf(deps: Dependencies, provider: Provider, response: TokenResponse) {
  try {
    return await fetchSites(provider, response.tokenSet, httpOf(deps, provider));
  } catch {
    deps.log.warn({ provider: provider.id }, 'the sites of the connected account could not be read');
    return undefined;
  }
}
