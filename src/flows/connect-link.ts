/** Mints the one-time link that says who connects what, and shows what is behind it. */

import type { ChatIdentity, ConnectIntent, ConnectLink } from '../core/connect.js';
import type { ProofMode } from '../core/connection.js';
import { InvalidRequest } from '../core/errors.js';
import { type AccountLabel, defaultAccount, type Owner, type ProviderId } from '../core/identifiers.js';
import type { Provider } from '../core/provider.js';
import { withParameters } from '../core/provider-endpoints.js';
import { parseReturnTo } from '../core/return-to.js';
import { isScopeToken, type Scope, unionScope } from '../core/scope.js';
import type { Secret } from '../core/secret.js';
import type { LinkView, StartedConnect } from '../core/views.js';
import { findChatPerson } from './chat-person.js';
import type { Dependencies, Settings } from './dependencies.js';
import { withKnownParameters } from './known-parameters.js';
import { newId, newOneTimeValue } from './one-time-values.js';
import { requireConnectable, requireProvider } from './provider-of.js';

/** What a connect is asked for. Everything is fixed here; the browser adds nothing to it. */
export interface ConnectRequest {
  readonly owner: Owner;
  readonly provider: ProviderId;
  readonly account?: AccountLabel;
  readonly scope?: Scope;
  readonly returnTo?: string;
  readonly chatIdentity?: ChatIdentity;
  readonly proof?: ProofMode;
  /** `device`: a code is typed in on another device (RFC 8628); default `browser`. */
  readonly method?: 'browser' | 'device';
  readonly metadata?: Readonly<Record<string, string>>;
  readonly parameters?: Readonly<Record<string, string>>;
}

/** How long the end of a connect can still be asked for. */
const rememberedMs = 3_600_000;

/** How long a connect's record is kept: link, browser, proof, and a while to tell the end. */
export function connectRecordTtlMs(deps: Dependencies): number {
  return 2 * deps.settings.linkTtlMs + deps.settings.proofTtlMs + rememberedMs;
}

/**
 * Mints a link. The link is a bearer secret, but a finished browser flow is worth nothing without the proof of person.
 *
 * @throws {UnknownProvider | InvalidRequest} scope, `return_to`, proof or parameters cannot be used
 */
export async function startConnect(deps: Dependencies, request: ConnectRequest): Promise<StartedConnect> {
  const { intent, code } = await mintConnectLink(deps, request);
  return {
    connectId: intent.connectId,
    connectUrl: `${deps.settings.baseUrl}/oauth/${intent.provider}?link=${code.reveal()}`,
    expiresAt: intent.expiresAt,
    proof: intent.proof,
  };
}

/** The code of a new link, and what it stands for. */
export async function mintConnectLink(
  deps: Dependencies,
  request: ConnectRequest,
): Promise<{ intent: ConnectIntent; code: Secret }> {
  const provider = await requireConnectable(deps, request);
  const intent = newConnectIntent(deps, await withKnownParameters(deps, request, provider), provider);
  const code = newOneTimeValue();
  await Promise.all([
    saveConnect(deps, intent),
    deps.store.expiring.save('connect_link', code.reveal(), { intent }, deps.settings.linkTtlMs),
  ]);
  return { intent, code };
}

/** Keeps a new connect, so that it can be followed. */
export async function saveConnect(deps: Dependencies, intent: ConnectIntent): Promise<void> {
  const connect = { ...intent, status: { kind: 'pending' as const } };
  await deps.store.expiring.save('connect', intent.connectId, connect, connectRecordTtlMs(deps));
}

/** Checks what is asked for and fixes it. */
export function newConnectIntent(deps: Dependencies, request: ConnectRequest, provider: Provider): ConnectIntent {
  const { settings } = deps;
  const createdAt = deps.now();
  withParameters(provider, request.parameters);
  return {
    connectId: newId('cn'),
    tenant: request.owner.tenant,
    userId: request.owner.userId,
    provider: provider.id,
    account: request.account ?? defaultAccount,
    scope: chosenScope(provider, request.scope),
    proof: chosenProof(deps, request),
    returnTo: request.returnTo === undefined ? undefined : parseReturnTo(request.returnTo, settings.returnToOrigins),
    chatIdentity: request.chatIdentity,
    metadata: request.metadata,
    parameters: request.parameters,
    createdAt,
    expiresAt: createdAt + settings.linkTtlMs,
  };
}

/** The caller's scope replaces the default; what a provider needs for refresh tokens comes along in any case. */
function chosenScope(provider: Provider, wanted: Scope | undefined): Scope {
  if (wanted === undefined || wanted.length === 0) return provider.defaultScope;
  if (!wanted.every(isScopeToken))
    throw new InvalidRequest('scopes', 'every entry must be a scope token of RFC 6749 section 3.3');
  const unlisted = provider.unlistedScope.filter((token) => provider.defaultScope.includes(token));
  return unionScope(wanted, unlisted);
}

function chosenProof({ settings }: Dependencies, request: ConnectRequest): ProofMode {
  const { owner, chatIdentity, method } = request;
  const proof = method === 'device' ? deviceProof(settings, request.proof) : (request.proof ?? settings.proof);
  if (proof === 'none' && !settings.allowNoProof) {
    throw new InvalidRequest('proof', '"none" is not allowed in this deployment');
  }
  if (method === 'device') return proof;
  if (proof === 'app_verifier' && settings.appVerifierUrl === undefined) {
    throw new InvalidRequest('proof', '"app_verifier" needs APP_VERIFIER_URL in this deployment');
  }
  if (proof === 'chat_login' && findChatPerson(settings, { userId: owner.userId, chatIdentity }) === undefined) {
    throw new InvalidRequest('proof', '"chat_login" needs a user of a platform in CHAT_LOGIN_PROVIDERS');
  }
  return proof;
}

/**
 * Whoever is handed a device code can pass it on to somebody else, and no page of ours sees the person who gives consent
 * (RFC 8628 section 5.4). So only the host can tell whose account it is, by what it knows of its user.
 */
function deviceProof(settings: Settings, wanted: ProofMode | undefined): ProofMode {
  const proof = wanted ?? (settings.proof === 'none' ? 'none' : 'app_verifier');
  if (proof === 'none' || proof === 'app_verifier') return proof;
  throw new InvalidRequest('proof', 'must be "app_verifier" or "none" with method "device"');
}

/** What the landing page shows; reading it changes nothing. `undefined` when the link is used, too old or another provider's. */
export async function describeLink(deps: Dependencies, id: ProviderId, code: string): Promise<LinkView | undefined> {
  const provider = await requireProvider(deps, id);
  const link: ConnectLink | undefined = await deps.store.expiring.find('connect_link', code);
  if (link === undefined || link.intent.provider !== id) return undefined;
  const { chatIdentity, scope, expiresAt, proof, parameters } = link.intent;
  return {
    provider: id,
    providerName: provider.displayName,
    providerIcon: provider.icon,
    chatIdentity,
    scope,
    expiresAt,
    proof,
    authorizationOrigin: new URL(withParameters(provider, parameters).authorizationEndpoint).origin,
  };
}
