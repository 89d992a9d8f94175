/** The token endpoint: authorization code and refresh token grants (RFC 6749 4.1.3, 6), and what the others share. */

import * as oauth from 'oauth4webapi';
import type { ProviderIdentity } from '../core/connection.js';
import { ProviderError } from '../core/errors.js';
import type { JsonObject, Provider } from '../core/provider.js';
import { isRenewedByUse } from '../core/refresh-end.js';
import { formatScope, parseScope, type Scope } from '../core/scope.js';
import { Secret } from '../core/secret.js';
import type { TokenSet } from '../core/token-set.js';
import { readRefreshLifetime, readTokenAnswer, type StandardAnswer } from './dialects.js';
import { clientOf, postAsClient, serverOf } from './engine.js';
import type { Http } from './http.js';
import { readIdentity } from './identity.js';
import { refusalOf, wrapFailure } from './refusals.js';

/** A token response (RFC 6749 5.1) in our words. */
export interface TokenResponse {
  readonly tokenSet: TokenSet;
  /** Whose tokens they are, when that stands in the answer itself. */
  readonly identity?: ProviderIdentity;
  /** The whole answer, for what a provider says beside the tokens. Holds them, too. */
  readonly answer?: JsonObject;
}

/** One request to the token endpoint. */
export interface TokenRequest {
  readonly grantType: string;
  readonly parameters: Readonly<Record<string, string>>;
  /** What was granted if the answer does not say (RFC 6749 5.1). */
  readonly impliedScope: Scope;
  /** Where it goes, if not to the token endpoint. */
  readonly endpoint?: string;
}

/** A token response and the answer it was read from. */
export interface ReadAnswer {
  readonly answer: StandardAnswer;
  readonly tokenSet: TokenSet;
}

/**
 * Redeems an authorization code. One POST, never repeated: a code is good once.
 *
 * @param request `redirectUri` as in the authorization request; `requestedScope` is taken for granted if the answer
 *   does not say otherwise, without the tokens that this provider never lists
 * @throws GrantRefused the code is void; ProviderError it refuses us, or its answer cannot be read;
 *   ProviderUnavailable no usable answer in time
 * @see RFC 6749 section 4.1.3, RFC 7636 section 4.5, RFC 8707
 */
export function redeemAuthorizationCode(
  provider: Provider,
  request: { code: Secret; codeVerifier: Secret; redirectUri: string; requestedScope: Scope },
  http: Http,
): Promise<TokenResponse> {
  const parameters = {
    code: request.code.reveal(),
    redirect_uri: request.redirectUri,
    ...(provider.pkce === 'S256' && { code_verifier: request.codeVerifier.reveal() }),
  };
  const { requestedScope } = request;
  return redeemConsent(provider, { grantType: 'authorization_code', parameters, requestedScope }, http);
}

/** Redeems what a person's consent has brought; parameters as {@link redeemAuthorizationCode}. */
export async function redeemConsent(
  provider: Provider,
  request: Pick<TokenRequest, 'grantType' | 'parameters'> & { readonly requestedScope: Scope },
  http: Http,
): Promise<TokenResponse> {
  const { grantType, parameters, requestedScope } = request;
  const impliedScope = requestedScope.filter((token) => !provider.unlistedScope.includes(token));
  const { answer, tokenSet } = await requestTokens(provider, { grantType, parameters, impliedScope }, http);
  const identity = readIdentity(provider, answer.body);
  const refreshExpiresAt = tokenSet.refreshToken && refreshEnd(provider, answer, tokenSet.obtainedAt);
  const { body } = answer;
  return {
    tokenSet: withRefreshEnd(tokenSet, refreshExpiresAt),
    ...(identity && { identity }),
    ...(body && { answer: body }),
  };
}

/**
 * Asks for a new token set by means of the refresh token of `current`.
 *
 * One POST, never repeated: if the answer is lost the old refresh token may already be spent. No `scope` is sent, so
 * that what was granted stays as it is; a fixed identity's is (`refreshScope`).
 *
 * @param current the set to renew; its `refreshToken` must be present
 * @returns what the answer holds. Without a refresh token in it the old one stays in force, and `scope` is empty when
 *   the answer does not name one: see `mergeAfterRefresh`.
 * @throws GrantRefused the grant is over; ProviderError it refuses us, or its answer cannot be read (after status 200
 *   the refresh token may be spent); ProviderUnavailable no usable answer, `reached` tells whether it may be spent
 * @see RFC 6749 section 6; RFC 9700 section 4.14 (rotation)
 */
export async function refreshTokens(provider: Provider, current: TokenSet, http: Http): Promise<TokenSet> {
  return (await refreshGrant(provider, current, http)).tokenSet;
}

/** As {@link refreshTokens}, with what the provider says beside the tokens. */
export async function refreshGrant(provider: Provider, current: TokenSet, http: Http): Promise<TokenResponse> {
  const { refreshToken, refreshExpiresAt } = current;
  if (!refreshToken) throw new TypeError('there is no refresh token to use');
  const scope = provider.refreshScope ?? [];
  const { answer, tokenSet } = await requestTokens(
    provider,
    {
      grantType: 'refresh_token',
      parameters: { refresh_token: refreshToken.reveal(), ...scopeParameter(provider, scope) },
      impliedScope: scope,
      ...(provider.refreshEndpoint !== undefined && { endpoint: provider.refreshEndpoint }),
    },
    http,
  );
  const fixedEnd = isRenewedByUse(provider, current) ? undefined : refreshExpiresAt;
  const isStated = readRefreshLifetime(answer.body) !== undefined;
  const isOfConsent = provider.refreshLifetime?.renewedByUse === false || tokenSet.refreshToken === undefined;
  const end = isOfConsent && !isStated ? fixedEnd : undefined;
  const renewed = withRefreshEnd(tokenSet, end ?? refreshEnd(provider, answer, tokenSet.obtainedAt));
  return { tokenSet: renewed, ...(answer.body && { answer: answer.body }) };
}

/** `scope` as a parameter of a token request; none when it is empty. */
export function scopeParameter(provider: Provider, scope: Scope): Record<string, string> {
  return scope.length > 0 ? { scope: formatScope(scope, provider.scopeSeparator) } : {};
}

/**
 * Makes one request to the token endpoint and reads its answer.
 *
 * @throws as {@link redeemAuthorizationCode}; no error holds anything of request or answer but status and code
 */
export async function requestTokens(provider: Provider, request: TokenRequest, http: Http): Promise<ReadAnswer> {
  const obtainedAt = http.now();
  try {
    const url = request.endpoint ?? provider.tokenEndpoint;
    const answer = readTokenAnswer(
      provider,
      await postAsClient(provider, { url, fields: requestFields(provider, request) }, http),
    );
    if (!answer.tokenResponse) throw refusalOf(provider, answer, http.now());
    const standard = readUsual(answer.tokenResponse) ?? (await readStandard(provider, answer));
    return { answer, tokenSet: toTokenSet(provider, { request, answer, standard, obtainedAt }, http) };
  } catch (error) {
    throw wrapFailure(provider, error);
  }
}

function requestFields(provider: Provider, request: TokenRequest): URLSearchParams {
  const { extraTokenParameters, resource } = provider;
  const fields = new URLSearchParams();
  for (const parameters of [extraTokenParameters, request.parameters]) {
    for (const [name, value] of Object.entries(parameters)) fields.set(name, value);
  }
  if (resource !== undefined) fields.set('resource', resource);
  fields.set('grant_type', request.grantType);
  return fields;
}

/** Lets the protocol library check a token response that is not of the usual form: types, presence, kind of token. */
async function readStandard(provider: Provider, answer: StandardAnswer): Promise<oauth.TokenEndpointResponse> {
  try {
    const response = Response.json(answer.tokenResponse);
    return await oauth.processGenericTokenEndpointResponse(serverOf(provider), clientOf(provider), response);
  } catch {
    const about = { provider: provider.id, status: answer.status };
    throw new ProviderError(
      `${provider.id} gave an answer that is no token response (status ${answer.status}).`,
      about,
    );
  }
}

/** A bearer token with whatever else `dialects.ts` lets through, all of it text; `undefined` for anything else. */
function readUsual(tokenResponse: JsonObject | undefined): oauth.TokenEndpointResponse | undefined {
  const { access_token, token_type, refresh_token, scope } = tokenResponse ?? {};
  if (typeof access_token !== 'string' || access_token === '') return undefined;
  if (typeof token_type !== 'string' || token_type.toLowerCase() !== 'bearer') return undefined;
  return {
    access_token,
    token_type: 'bearer',
    refresh_token: typeof refresh_token === 'string' ? refresh_token : undefined,
    scope: typeof scope === 'string' ? scope : undefined,
  };
}

function toTokenSet(
  provider: Provider,
  read: { request: TokenRequest; answer: StandardAnswer; standard: oauth.TokenEndpointResponse; obtainedAt: number },
  http: Http,
): TokenSet {
  const { request, answer, standard, obtainedAt } = read;
  const lifetimeMs = lifetimeOf(provider, answer, http);
  return {
    accessToken: new Secret(standard.access_token),
    tokenType: standard.token_type === 'bearer' ? 'Bearer' : standard.token_type,
    refreshToken: standard.refresh_token === undefined ? undefined : new Secret(standard.refresh_token),
    expiresAt: lifetimeMs === undefined ? undefined : Math.floor(obtainedAt + lifetimeMs),
    obtainedAt,
    scope: standard.scope === undefined ? request.impliedScope : parseScope(standard.scope),
  };
}

/** Lifetime of the access token in ms; `undefined` = it does not expire. */
function lifetimeOf(provider: Provider, { lifetime }: StandardAnswer, http: Http): number | undefined {
  if (lifetime.kind === 'seconds') return lifetime.seconds * 1000;
  if (!provider.tokensExpire) return undefined;
  if (lifetime.kind === 'malformed') {
    http.warn?.({ provider: provider.id }, 'The token response has an expires_in that cannot be used; a default is.');
  }
  return provider.defaultLifetimeMs;
}

/** Epoch ms at which the refresh token ends, if the answer says so or the provider is known for it. */
function refreshEnd(provider: Provider, answer: StandardAnswer, obtainedAt: number): number | undefined {
  const seconds = readRefreshLifetime(answer.body);
  const lifetimeMs = seconds === undefined ? provider.refreshLifetime?.ms : seconds * 1000;
  return lifetimeMs === undefined ? undefined : Math.floor(obtainedAt + lifetimeMs);
}

function withRefreshEnd(tokenSet: TokenSet, refreshExpiresAt: number | undefined): TokenSet {
  return refreshExpiresAt === undefined ? tokenSet : { ...tokenSet, refreshExpiresAt };
}
