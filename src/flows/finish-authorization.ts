/** The browser came back: authorization response -> grant awaiting its proof. */

import { readAuthorizationResponse } from '../core/authorization-response.js';
import { checkCallback } from '../core/callback-check.js';
import type { AwaitingGrant, PendingAuthorization } from '../core/connect.js';
import { Gone, InvalidRequest, OAuthManagerError, ProviderError } from '../core/errors.js';
import type { Provider } from '../core/provider.js';
import { withParameters } from '../core/provider-endpoints.js';
import type { Secret } from '../core/secret.js';
import { knownWord } from '../protocol/refusals.js';
import { redeemAuthorizationCode, type TokenResponse } from '../protocol/token-endpoint.js';
import { type BrowserAnswer, checkBrowser, soleState } from './browser-binding.js';
import { connectRecordTtlMs } from './connect-link.js';
import { moveConnect } from './connect-progress.js';
import type { Dependencies } from './dependencies.js';
import { newGrant } from './new-grant.js';
import { parkGrant } from './park-grant.js';
import { httpOf, requireProvider } from './provider-of.js';
import { type Act, aboutConnect, browser, recordAct, recordRefusedBrowser } from './record-act.js';
import { forgetRegistration } from './register-client.js';

/** The person said no (RFC 6749 4.1.2.1). */
const denied = 'access_denied';

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
  const { pending, provider, browserSecret, response } = await accept(deps, configured, answer);
  if ('error' in response) {
    const { error } = response;
    // What no person has decided is for the operator, such as a scope that the provider does not know.
    if (error !== denied) {
      const reason = knownWord(provider, error) ?? 'unknown';
      deps.log.warn({ provider: provider.id, reason }, 'a provider ended a connect with an error');
    }
    return fail(deps, pending, { browserSecret, error });
  }
  try {
    const grant = await redeem(deps, provider, { pending, code: response.code, callback: answer.parameters });
    await parkGrant(deps, { intent: pending.intent, grant, browserSecret });
    await recordFinish(deps, pending, { outcome: 'ok', connection_id: grant.connectionId });
  } catch (error) {
    if (error instanceof ProviderError && error.oauthError === 'invalid_client')
      await forgetRegistration(deps, provider);
    const code = error instanceof OAuthManagerError ? error.code : 'internal';
    // The grant was there, and whoever has ended it since tells of that.
    await fail(deps, pending, { browserSecret, error: code, isTold: error instanceof Gone });
    throw error;
  }
}

/** Checks that the answer is for this browser, and spends its state. Nothing was sent before; refusals are recorded. */
async function accept(deps: Dependencies, configured: Provider, answer: BrowserAnswer) {
  let seen: PendingAuthorization | undefined;
  try {
    const state = soleState(answer.parameters);
    seen = await deps.store.expiring.find('pending_authorization', state);
    if (seen === undefined) throw usedUp();
    const { intent, browserHash, issuer } = seen;
    const browserSecret = checkBrowser({ provider: intent.provider, browserHash }, answer);
    const provider = withParameters(configured, intent.parameters);
    // The configuration may have changed meanwhile: the code is for the server that the browser was sent to.
    if (provider.issuer !== issuer) throw new InvalidRequest('state', 'belongs to another authorization server');
    const { issParameterSupported, denials } = provider;
    const response = readAuthorizationResponse(answer.parameters, { issuer, issParameterSupported, denials });
    checkCallback(provider, answer.parameters);
    const pending = await deps.store.expiring.take('pending_authorization', state);
    if (pending === undefined) throw usedUp();
    return { pending, provider, browserSecret, response };
  } catch (error) {
    const about = { act: 'connect.finish', provider: answer.provider, intent: seen?.intent } as const;
    await recordRefusedBrowser(deps, about, error);
    throw error;
  }
}

/** Redeems the code and asks who was connected. */
async function redeem(
  deps: Dependencies,
  provider: Provider,
  { pending, code, callback }: { pending: PendingAuthorization; code: Secret; callback: URLSearchParams },
): Promise<AwaitingGrant['connection']> {
  const { intent, codeVerifier, redirectUri } = pending;
  const request = { code, codeVerifier, redirectUri, requestedScope: intent.scope };
  const response: TokenResponse = await redeemAuthorizationCode(provider, request, httpOf(deps, provider)).catch(
    asProviderFault(provider),
  );
  return newGrant(deps, provider, { intent, response, callback });
}

/** A refused code is not the end of a connection, and nothing the person could mend: it is the provider's answer. */
function asProviderFault(provider: Provider): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof OAuthManagerError) || error.code !== 'grant_refused') throw error;
    throw new ProviderError(`${provider.displayName} refused the authorization code.`, { provider: provider.id });
  };
}

/** Ends the connect; the done page of this browser says why in plain words. */
async function fail(
  deps: Dependencies,
  pending: PendingAuthorization,
  { browserSecret, error, isTold = false }: { browserSecret: string; error: string; isTold?: boolean },
): Promise<void> {
  const { intent } = pending;
  const outcome = error === denied ? 'refused' : 'failed';
  await recordFinish(deps, pending, { outcome, reason: error });
  await deps.store.expiring.save('finished_flow', browserSecret, { intent, error }, connectRecordTtlMs(deps));
  if (!isTold) await moveConnect(deps, intent, { status: { kind: 'failed', error } });
}

function recordFinish(
  deps: Dependencies,
  { intent }: PendingAuthorization,
  what: Pick<Act, 'outcome' | 'reason' | 'connection_id'>,
): Promise<void> {
  return recordAct(deps, { act: 'connect.finish', actor: browser, ...aboutConnect(intent), ...what });
}

function usedUp(): Gone {
  return new Gone('This step was done already or took too long. Ask for a new link in the chat.');
}
