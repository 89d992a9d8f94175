/** Proof `chat_login`: the browser signs in at the chat platform, and must be the person the link was made for. */

import { readAuthorizationResponse } from '../core/authorization-response.js';
import type { ConnectIntent, PendingChatLogin } from '../core/connect.js';
import { Gone, OAuthManagerError, UnknownProvider } from '../core/errors.js';
import type { ProviderId } from '../core/identifiers.js';
import { keptParameters } from '../core/kept-parameters.js';
import type { Provider } from '../core/provider.js';
import { withParameters } from '../core/provider-endpoints.js';
import type { Scope } from '../core/scope.js';
import type { Secret } from '../core/secret.js';
import type { StoredGrant } from '../core/store.js';
import type { StartedChatLogin } from '../core/views.js';
import { buildAuthorizationUrl, codeChallengeOf, createCodeVerifier } from '../protocol/authorization-request.js';
import { fetchIdentity } from '../protocol/identity.js';
import { redeemAuthorizationCode } from '../protocol/token-endpoint.js';
import { activate } from './activate.js';
import { type BrowserAnswer, checkBrowser } from './browser-binding.js';
import { findChatPerson } from './chat-person.js';
import type { ChatLogin, Dependencies } from './dependencies.js';
import { endGrant } from './end-grant.js';
import { digestOf, newOneTimeValue } from './one-time-values.js';
import { httpOf } from './provider-of.js';
import { type Act, aboutConnect, browser, recordAct, recordRefusedBrowser } from './record-act.js';
import { redirectUriOf } from './redirect-uri.js';
import { revokeConnection } from './revoke-connection.js';

/**
 * Sends the browser that finished a connect to the chat platform's provider. A connect may be signed in for a few
 * times only; then its grant ends.
 *
 * @throws {Gone} this browser has finished nothing that awaits a sign-in, or has tried too often
 */
export async function startChatLogin(
  deps: Dependencies,
  connected: ProviderId,
  browserSecret: string,
): Promise<StartedChatLogin> {
  const finished = await deps.store.expiring.find('finished_flow', browserSecret);
  if (finished === undefined || finished.intent.provider !== connected) throw over();
  const { intent } = finished;
  const { login } = personOf(deps, intent);
  const grant = await awaitingGrant(deps, intent);
  await limitTries(deps, grant);
  const provider = loginProvider(deps, login);
  const state = newOneTimeValue();
  const codeVerifier = createCodeVerifier();
  const redirectUri = redirectUriOf(deps, provider.id);
  const startedAt = deps.now();
  await deps.store.expiring.save(
    'chat_login',
    state.reveal(),
    { intent, provider: provider.id, codeVerifier, redirectUri, browserHash: digestOf(browserSecret), startedAt },
    deps.settings.linkTtlMs,
  );
  const authorizationUrl = buildAuthorizationUrl(provider, {
    state,
    codeChallenge: await codeChallengeOf(codeVerifier),
    redirectUri,
    scope: scopeOf(login, provider),
  });
  return { authorizationUrl, provider: provider.id, expiresAt: startedAt + deps.settings.linkTtlMs };
}

/**
 * Takes an authorization response that belongs to a sign-in. The person of the link activates the grant; another one
 * ends it. Whoever said no to signing in may try again.
 *
 * @returns the provider that is being connected; `undefined` when the response belongs to no sign-in
 * @throws {InvalidRequest} the answer is not one to this browser's request; the code was sent nowhere
 * @throws {Gone} the grant is over
 * @throws {ProviderError | ProviderUnavailable | StoreUnavailable} who signed in is not known; the grant goes on waiting
 */
export async function finishChatLogin(deps: Dependencies, answer: BrowserAnswer): Promise<ProviderId | undefined> {
  if (!deps.settings.chatLogins?.length) return undefined;
  const [state, ...more] = answer.parameters.getAll('state');
  if (state === undefined || more.length > 0) return undefined;
  const seen = await deps.store.expiring.find('chat_login', state);
  if (seen === undefined) return undefined;
  const { pending, provider, response } = await accept(deps, { state, seen }, answer).catch(async (error: unknown) => {
    await recordRefusedBrowser(deps, { act: 'proof', intent: seen.intent }, error);
    throw error;
  });
  if ('error' in response) await recordProof(deps, pending.intent, { outcome: 'refused', reason: response.error });
  else await judge(deps, pending, await whoSignedIn(deps, provider, { pending, code: response.code }));
  return pending.intent.provider;
}

/** Takes the answer as that of this browser, once. */
async function accept(
  deps: Dependencies,
  { state, seen }: { state: string; seen: PendingChatLogin },
  answer: BrowserAnswer,
) {
  checkBrowser(seen, answer);
  const provider = loginProvider(deps, personOf(deps, seen.intent).login);
  const { issuer, issParameterSupported, denials } = provider;
  const response = readAuthorizationResponse(answer.parameters, { issuer, issParameterSupported, denials });
  const pending = await deps.store.expiring.take('chat_login', state);
  if (pending === undefined) throw over();
  return { pending, provider, response };
}

/** The immutable id of the account that signed in. What the sign-in brought is forgotten at once. */
async function whoSignedIn(
  deps: Dependencies,
  provider: Provider,
  { pending, code }: { pending: PendingChatLogin; code: Secret },
): Promise<string | undefined> {
  const { codeVerifier, redirectUri, intent } = pending;
  const http = httpOf(deps, provider);
  const requestedScope = scopeOf(personOf(deps, intent).login, provider);
  try {
    const request = { code, codeVerifier, redirectUri, requestedScope };
    const { tokenSet, identity, answer } = await redeemAuthorizationCode(provider, request, http);
    try {
      return (identity ?? (await fetchIdentity(provider, tokenSet, http)))?.id;
    } finally {
      // A revocation that reaches further than this sign-in's grant would end what the person has connected there.
      const parameters = keptParameters(provider, { answer });
      if (reachesNoFurther(provider)) await revokeConnection(deps, { provider: provider.id, tokenSet, parameters });
    }
  } catch (error) {
    const reason = error instanceof OAuthManagerError ? error.code : 'internal';
    await recordProof(deps, intent, { outcome: 'failed', reason });
    throw error;
  }
}

function reachesNoFurther({ revocation }: Provider): boolean {
  return revocation?.reach === 'token' || revocation?.reach === 'grant';
}

async function judge(deps: Dependencies, { intent }: PendingChatLogin, signedIn: string | undefined): Promise<void> {
  const owner = { tenant: intent.tenant, userId: intent.userId };
  const grant = await awaitingGrant(deps, intent);
  if (signedIn !== personOf(deps, intent).subject) {
    await endGrant(deps, grant, 'person_mismatch');
    await recordProof(deps, intent, { outcome: 'refused', reason: 'person_mismatch' });
    return;
  }
  const activation = await activate(deps, { owner, connectId: intent.connectId });
  const isActive = activation.kind === 'active';
  // A reconnect keeps the id of the connection that was there.
  const { connectionId } = isActive ? activation.proven : grant.grant.connection;
  const outcome = isActive ? 'ok' : 'refused';
  await recordProof(deps, intent, { outcome, reason: activation.kind, connection_id: connectionId });
}

/** The grant of a connect that waits for this proof. @throws {Gone} there is none (any more) */
async function awaitingGrant(deps: Dependencies, intent: ConnectIntent): Promise<StoredGrant> {
  const records = await deps.store.connections.list({ tenant: intent.tenant, userId: intent.userId });
  const found = records.awaiting.find(({ connectId }) => connectId === intent.connectId);
  if (found?.grant.proof !== 'chat_login' || deps.now() >= found.grant.expiresAt) throw over();
  return found;
}

async function limitTries(deps: Dependencies, grant: StoredGrant): Promise<void> {
  const { proofAttempts, proofTtlMs } = deps.settings;
  const { count } = await deps.store.counters.add(`chat-login/${grant.connectId}`, 2 * proofTtlMs);
  if (count <= proofAttempts) return;
  await endGrant(deps, grant, 'attempts_used_up');
  throw over();
}

/** Looked up each time: a platform that was taken out of the configuration proves nothing any more. */
function personOf(deps: Dependencies, intent: ConnectIntent) {
  const person = findChatPerson(deps.settings, intent);
  if (person === undefined) throw over();
  return person;
}

function loginProvider(deps: Dependencies, { provider: id }: ChatLogin): Provider {
  const provider = deps.providers.find(id);
  if (provider === undefined) throw new UnknownProvider();
  return withParameters(provider);
}

/** Identity and nothing else, as far as we know what that is called there. */
function scopeOf({ scope }: ChatLogin, provider: Provider): Scope {
  return scope ?? (provider.identity.from === 'id_token' ? ['openid', 'profile'] : provider.defaultScope);
}

function recordProof(
  deps: Dependencies,
  intent: ConnectIntent,
  what: Pick<Act, 'outcome' | 'reason' | 'connection_id'>,
): Promise<void> {
  return recordAct(deps, { act: 'proof', actor: browser, ...aboutConnect(intent), ...what });
}

function over(): Gone {
  return new Gone('Nothing here waits for a sign-in any more. Ask for a new link in the chat.');
}

/** Where the done page's button leads in the end, while a sign-in is awaited; for its words and its `form-action`. */
export function describeChatLogin(deps: Dependencies, intent: ConnectIntent) {
  const person = findChatPerson(deps.settings, intent);
  const provider = person && deps.providers.find(person.login.provider);
  if (provider === undefined) return undefined;
  const authorizationOrigin = new URL(withParameters(provider).authorizationEndpoint).origin;
  return { providerName: provider.displayName, authorizationOrigin };
}
