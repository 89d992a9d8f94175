/** The browser came back: authorization response -> grant awaiting its proof. */

import { timingSafeEqual } from 'node:crypto';
import { readAuthorizationResponse } from '../core/authorization-response.js';
import type { AwaitingGrant, PendingAuthorization } from '../core/connect.js';
import type { Connection } from '../core/connection.js';
import { Gone, InvalidRequest, OAuthManagerError, ProviderError } from '../core/errors.js';
import type { ProviderId } from '../core/identifiers.js';
import { type Provider, withParameters } from '../core/provider.js';
import type { Secret } from '../core/secret.js';
import { fetchIdentity } from '../protocol/identity.js';
import { redeemAuthorizationCode, type TokenResponse } from '../protocol/token-endpoint.js';
import { moveConnect } from './connect-progress.js';
import type { Dependencies } from './dependencies.js';
import { digestOf, newId } from './one-time-values.js';
import { parkGrant } from './park-grant.js';
import { requireProvider } from './provider-of.js';

/** What the browser brought back. */
export interface BrowserAnswer {
  readonly provider: ProviderId;
  readonly parameters: URLSearchParams;
  /** The flow cookie, if there was exactly one. */
  readonly browserSecret: string | undefined;
}

/**
 * Checks state, provider, browser and issuer before anything is spent, then redeems the code once. Another browser,
 * another provider's path or a wrong issuer leave the flow as it was for the right one.
 *
 * What came of it, good or bad, is kept for the done page of this browser.
 *
 * @throws {InvalidRequest} the answer is not one to this browser's request; the code was sent nowhere
 * @throws {Gone} the state is used up or too old
 * @throws {ProviderError | ProviderUnavailable | StoreUnavailable} the code could not be redeemed, or not be kept
 */
export async function finishAuthorization(deps: Dependencies, answer: BrowserAnswer): Promise<void> {
  const configured = await requireProvider(deps, answer.provider);
  const state = soleState(answer.parameters);
  const seen = await deps.store.expiring.find('pending_authorization', state);
  if (seen === undefined) throw usedUp();
  const browserSecret = checkedBrowser(seen, answer);
  const response = readAuthorizationResponse(answer.parameters, {
    issuer: seen.issuer,
    issParameterSupported: configured.issParameterSupported,
  });
  const pending = await deps.store.expiring.take('pending_authorization', state);
  if (pending === undefined) throw usedUp();
  const provider = withParameters(configured, pending.intent.parameters);
  if ('error' in response) return fail(deps, pending, { browserSecret, error: response.error });
  try {
    const grant = await redeem(deps, provider, { pending, code: response.code });
    await parkGrant(deps, provider, { intent: pending.intent, grant, browserSecret });
  } catch (error) {
    await fail(deps, pending, { browserSecret, error: error instanceof OAuthManagerError ? error.code : 'internal' });
    throw error;
  }
}

function soleState(parameters: URLSearchParams): string {
  const states = parameters.getAll('state');
  const [state] = states;
  if (states.length !== 1 || state === undefined || state === '')
    throw new InvalidRequest('state', 'must be there exactly once');
  return state;
}

/** The state must have been made for this path and for this browser; a wrong party does not burn it. */
function checkedBrowser(seen: PendingAuthorization, answer: BrowserAnswer): string {
  if (seen.intent.provider !== answer.provider) throw new InvalidRequest('state', 'belongs to another provider');
  if (answer.browserSecret === undefined) throw new InvalidRequest('cookie', 'this browser did not start the connect');
  const shown = Buffer.from(digestOf(answer.browserSecret));
  const expected = Buffer.from(seen.browserHash);
  if (shown.length !== expected.length || !timingSafeEqual(shown, expected)) {
    throw new InvalidRequest('cookie', 'this browser did not start the connect');
  }
  return answer.browserSecret;
}

/** Redeems the code and asks who was connected. An identity that cannot be had does not cost the grant. */
async function redeem(
  deps: Dependencies,
  provider: Provider,
  { pending, code }: { pending: PendingAuthorization; code: Secret },
): Promise<AwaitingGrant['connection']> {
  const { intent, codeVerifier, redirectUri } = pending;
  const request = { code, codeVerifier, redirectUri, requestedScope: intent.scope };
  const response: TokenResponse = await redeemAuthorizationCode(provider, request, deps.http).catch(
    asProviderFault(provider),
  );
  const identity = response.identity ?? (await identityOf(deps, provider, response));
  const now = deps.now();
  const { tenant, userId, account, scope, parameters } = intent;
  const connection: Omit<Connection, 'proof'> = {
    connectionId: newId('co'),
    tenant,
    userId,
    provider: provider.id,
    account,
    identity,
    tokenSet: response.tokenSet,
    requestedScope: scope,
    parameters,
    state: { kind: 'active' },
    connectedAt: now,
    updatedAt: now,
  };
  return connection;
}

/** A refused code is not the end of a connection, and nothing the person could mend: it is the provider's answer. */
function asProviderFault(provider: Provider): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof OAuthManagerError) || error.code !== 'grant_refused') throw error;
    throw new ProviderError(`${provider.displayName} refused the authorization code.`, { provider: provider.id });
  };
}

async function identityOf(deps: Dependencies, provider: Provider, response: TokenResponse) {
  try {
    return await fetchIdentity(provider, response.tokenSet, deps.http);
  } catch {
    deps.log.warn({ provider: provider.id }, 'the connected account could not be read');
    return undefined;
  }
}

/** Ends the connect; the done page of this browser says why in plain words. */
async function fail(
  deps: Dependencies,
  { intent }: PendingAuthorization,
  { browserSecret, error }: { browserSecret: string; error: string },
): Promise<void> {
  await deps.store.expiring.save('finished_flow', browserSecret, { intent, error }, deps.settings.proofTtlMs);
  await moveConnect(deps, intent, { status: { kind: 'failed', error } });
}

function usedUp(): Gone {
  return new Gone('This step was done already or took too long. Ask for a new link in the chat.');
}
