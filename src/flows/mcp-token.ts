/** A token of one user for one MCP server: known, discovered, refreshed, or a link for the person. */

import type { StoredConnection } from '../core/connection.js';
import { OAuthNotConnected, ProviderError, ProviderUnavailable } from '../core/errors.js';
import { type AccountLabel, defaultAccount, type Owner, type ProviderId } from '../core/identifiers.js';
import { rulesDigestOf } from '../core/mcp-server.js';
import type { Provider } from '../core/provider.js';
import { parseReturnTo } from '../core/return-to.js';
import { type Scope, unionScope } from '../core/scope.js';
import type { AccessToken } from '../core/views.js';
import { type BearerChallenge, findBearerChallenge } from '../protocol/challenge.js';
import { startConnect } from './connect-link.js';
import type { Dependencies } from './dependencies.js';
import { discoverProvider, findKnownServer, type ServerInView, viewServer } from './discover-provider.js';
import { findDiscovered, findDiscoveredRecord } from './discovered-provider.js';
import { getToken, type TokenDesk } from './get-token.js';
import { getAppToken } from './mcp-app-token.js';
import { lookingAgain, mayLookAgain } from './mcp-look-again.js';
import { forgetRegistration, requireForeignClient } from './register-client.js';
import type { TokenOutcome } from './token-request.js';

/** Whose token, for which server. */
export interface McpTokenRequest {
  readonly owner: Owner;
  readonly serverUrl: string;
  readonly account?: AccountLabel;
  /** Where the browser goes when all is done; see `ConnectRequest`. */
  readonly returnTo?: string;
  /** What the server asks for; see {@link readChallenge}. */
  readonly challenge?: BearerChallenge;
  /** Lower-case hex SHA-256 of an access token that the server refused. */
  readonly rejectedTokenSha256?: string;
}

/** The Bearer challenge in a header `WWW-Authenticate`, as it came. */
export function readChallenge(header: string | null | undefined): BearerChallenge | undefined {
  return findBearerChallenge(header);
}

/**
 * The user's token for a server that is known, without asking anybody but for a refresh that is due.
 *
 * @returns `undefined` when the server is not known or the user has no usable token
 */
export async function findMcpToken(desk: TokenDesk, request: McpTokenRequest): Promise<AccessToken | undefined> {
  const server = viewServer(desk.deps, request.owner.tenant, request.serverUrl);
  const known = await findKnownServer(desk.deps, server);
  // What was found under other rules is looked at again first, on the server's 401.
  const isCurrent = known !== undefined && known.rules === rulesDigestOf(server.rules);
  const provider = isCurrent ? await findDiscovered(desk.deps, known.provider) : undefined;
  if (provider === undefined) return undefined;
  return lookingAgain(desk, { server, known, provider }, async (at) => {
    if (server.rules.grant === 'client_credentials') return getAppToken(desk.deps, server, at);
    const outcome = await tokenAt(desk, at, { ...request, rejectedTokenSha256: undefined });
    return outcome.kind === 'token' ? outcome.token : undefined;
  });
}

/**
 * The user's token for a server that answered 401.
 *
 * @throws {OAuthNotConnected} the person has to open a link first
 * @throws {DiscoveryFailed | ClientRegistrationRequired} the operator has to do something; step and origin say where
 * @throws {InvalidRequest} the server's URL cannot be used
 * @throws {ProviderUnavailable | ProviderError | StoreUnavailable} as for any provider
 */
export async function requireMcpToken(desk: TokenDesk, request: McpTokenRequest): Promise<AccessToken> {
  const { deps } = desk;
  const server = viewServer(deps, request.owner.tenant, request.serverUrl);
  // A fault of the caller's is reported before any request is sent.
  if (request.returnTo !== undefined) parseReturnTo(request.returnTo, deps.settings.returnToOrigins);
  const { challenge, rejectedTokenSha256: rejected } = request;
  const known = await findKnownServer(deps, server);
  const again = rejected !== undefined && known !== undefined && (await mayLookAgain(deps, known.provider));
  const provider = await lookAt(deps, server, { challenge, again, known: known?.provider });
  return lookingAgain(desk, { server, known, provider }, async (at) => {
    if (server.rules.grant === 'client_credentials') return getAppToken(deps, server, at, rejected);
    const moved = known !== undefined && known.provider !== at.id;
    const outcome = await tokenAt(desk, at, moved ? { ...request, rejectedTokenSha256: undefined } : request);
    return outcome.kind === 'token' ? outcome.token : offerFor(desk, { server, provider: at, request, outcome });
  });
}

/** A link for a person whose token is none, or of no use. */
async function offerFor(
  { deps }: TokenDesk,
  found: {
    readonly server: ServerInView;
    readonly provider: Provider;
    readonly request: McpTokenRequest;
    readonly outcome: Exclude<TokenOutcome, { kind: 'token' }>;
  },
): Promise<never> {
  const { server, provider, request, outcome } = found;
  await ensureClient(deps, server, provider);
  const previous = await findStored(deps, provider.id, request);
  const scope = askedFor(server, { challenge: request.challenge, previous: previous?.connection.requestedScope });
  const { reason, paused } = outcome;
  return offerConnect(deps, provider.id, { request, scope, reason, ...(paused && { paused }) });
}

/** A link for the person, as the error that carries it. */
export async function offerConnect(
  deps: Dependencies,
  provider: ProviderId,
  offer: {
    readonly request: McpTokenRequest;
    readonly scope?: Scope | undefined;
    readonly reason: OAuthNotConnected['reason'];
    readonly missingScopes?: Scope;
    readonly paused?: true;
  },
): Promise<never> {
  const { request, scope, reason, missingScopes, paused } = offer;
  const { owner, account, returnTo } = request;
  const { connectUrl, connectId, proof } = await startConnect(deps, { owner, provider, account, scope, returnTo });
  throw new OAuthNotConnected({ provider, reason, connectUrl, connectId, missingScopes, paused, proof });
}

/** The token at a provider; one registration that the server has forgotten is made anew on the way. */
export async function tokenAt(desk: TokenDesk, provider: Provider, request: McpTokenRequest): Promise<TokenOutcome> {
  const { owner, account, rejectedTokenSha256 } = request;
  const wanted = { owner, provider: provider.id, account, rejectedTokenSha256 };
  try {
    return await getToken(desk, wanted);
  } catch (error) {
    const isOurs = error instanceof ProviderError && error.oauthError === 'invalid_client';
    if (!isOurs || !(await forgetRegistration(desk.deps, provider))) throw error;
    await ensureClient(desk.deps, viewServer(desk.deps, owner.tenant, request.serverUrl), provider);
    desk.flights.forgive(provider.id);
    return getToken(desk, wanted);
  }
}

/** What the user has stored at a provider, if anything. */
export function findStored(
  deps: Dependencies,
  provider: ProviderId,
  { owner, account = defaultAccount }: McpTokenRequest,
): Promise<StoredConnection | undefined> {
  return deps.store.connections.find({ owner, provider, account });
}

/**
 * What a connect asks for: what the challenge says, and what was asked for before; the server's list when neither
 * says anything. The operator may have drawn a line.
 */
export function askedFor(
  { rules }: ServerInView,
  { challenge, previous }: { challenge?: BearerChallenge | undefined; previous?: Scope | undefined },
): Scope | undefined {
  const { allowed_scopes: allowed } = rules;
  const challenged = challenge?.scope?.filter((token) => allowed?.includes(token) ?? true) ?? [];
  const scope = unionScope(previous ?? [], challenged);
  return scope.length === 0 ? undefined : scope;
}

/** The provider that stands for the server; a look again that fails for now leaves it as it was. */
async function lookAt(
  deps: Dependencies,
  server: ServerInView,
  look: { challenge: BearerChallenge | undefined; again: boolean; known: ProviderId | undefined },
): Promise<Provider> {
  try {
    return await discoverProvider(deps, server, look);
  } catch (error) {
    const present = look.known === undefined ? undefined : await findDiscovered(deps, look.known);
    if (present !== undefined && error instanceof ProviderUnavailable) return present;
    throw error;
  }
}

/** A client whose secret has ended is replaced before somebody is sent to the authorization server with it. */
async function ensureClient(deps: Dependencies, server: ServerInView, provider: Provider): Promise<void> {
  const record = await findDiscoveredRecord(deps, provider.id);
  if (record !== undefined) await requireForeignClient(deps, server.room, { id: provider.id, record });
}
