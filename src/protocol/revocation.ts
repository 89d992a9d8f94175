/** Revokes a token or a grant, the way of RFC 7009 or the provider's own. */

import type { Provider, Revocation } from '../core/provider.js';
import type { Secret } from '../core/secret.js';
import type { TokenSet } from '../core/token-set.js';
import type { RevocationOutcome } from '../core/views.js';
import { clientAuthenticationOf } from './client-authentication.js';
import { parseBody } from './dialects.js';
import { clientOf, serverOf } from './engine.js';
import type { Http } from './http.js';

/** How long a disconnect waits for the provider, ms: nobody wants to wait longer to be let go. */
const longestMs = 5_000;

/** Codes that say that the token was dead already, which is what was wanted (RFC 7009 2.2; Slack). */
const deadAlready: ReadonlySet<unknown> = new Set(['invalid_token', 'token_revoked', 'token_expired']);

type Token = { readonly value: Secret; readonly hint: 'access_token' | 'refresh_token' };

/**
 * Revokes what the provider lets us revoke. Never throws; takes at most 5 s.
 *
 * @returns `yes` when the provider has confirmed it, `no` when it did not, `unsupported` when it has no way
 */
export async function revokeTokens(provider: Provider, tokenSet: TokenSet, http: Http): Promise<RevocationOutcome> {
  const { revocation } = provider;
  if (!revocation) return 'unsupported';
  const tokens = tokensToSend(revocation, tokenSet);
  const signal = AbortSignal.timeout(longestMs);
  const sent = tokens.map((token) => sendRevocation(provider, { revocation, token, signal }, http).catch(() => false));
  const done = await Promise.all(sent);
  return done.length > 0 && done.every(Boolean) ? 'yes' : 'no';
}

/** A revocation that reaches one token only takes both; otherwise the one that ends the other with it. */
function tokensToSend(revocation: Revocation, tokenSet: TokenSet): readonly Token[] {
  const access: Token = { value: tokenSet.accessToken, hint: 'access_token' };
  const refresh: Token | undefined = tokenSet.refreshToken && { value: tokenSet.refreshToken, hint: 'refresh_token' };
  switch (revocation.token) {
    case 'access':
      return [access];
    case 'refresh_only':
      return refresh ? [refresh] : [];
    case 'refresh':
      if (!refresh) return [access];
      return revocation.reach === 'token' ? [refresh, access] : [refresh];
  }
}

async function sendRevocation(
  provider: Provider,
  { revocation, token, signal }: { revocation: Revocation; token: Token; signal: AbortSignal },
  http: Http,
): Promise<boolean> {
  const headers = new Headers({ accept: 'application/json', ...revocation.headers });
  const fields = new URLSearchParams();
  if (revocation.body !== 'none') fields.set(revocation.parameter, token.value.reveal());
  await authenticate(provider, { revocation, token, headers, fields }, http);
  const url = new URL(revocation.endpoint);
  if (revocation.body === 'query') for (const [name, value] of fields) url.searchParams.set(name, value);
  const body = formatBody(revocation, fields, headers);
  const request = { method: revocation.method, headers, signal, ...(body !== undefined && { body }) };
  return isDone(revocation, await http.fetch(url.href, request));
}

async function authenticate(
  provider: Provider,
  request: { revocation: Revocation; token: Token; headers: Headers; fields: URLSearchParams },
  http: Http,
): Promise<void> {
  const { revocation, token, headers, fields } = request;
  if (revocation.authentication === 'bearer') headers.set('authorization', `Bearer ${token.value.reveal()}`);
  if (revocation.authentication === 'client_id') fields.set('client_id', provider.clientId);
  if (revocation.authentication !== 'client' && revocation.authentication !== 'basic') return;
  if (revocation.body === 'form') fields.set('token_type_hint', token.hint);
  const method = revocation.authentication === 'basic' ? 'client_secret_basic' : provider.clientAuthentication;
  const authenticateClient = clientAuthenticationOf({ ...provider, clientAuthentication: method }, http.now);
  await authenticateClient(serverOf(provider), clientOf(provider), fields, headers);
}

function formatBody(revocation: Revocation, fields: URLSearchParams, headers: Headers): string | undefined {
  if (revocation.body === 'form') {
    headers.set('content-type', 'application/x-www-form-urlencoded');
    return fields.toString();
  }
  if (revocation.body === 'json') {
    headers.set('content-type', 'application/json');
    return JSON.stringify(Object.fromEntries(fields));
  }
  return undefined;
}

/** By the body before the status: Slack reports a failure with status 200. */
async function isDone(revocation: Revocation, response: Response): Promise<boolean> {
  const body = parseBody(await response.text(), response.headers.get('content-type') ?? '');
  if (deadAlready.has(body?.error)) return true;
  const failed = body?.ok === false || (typeof body?.error === 'string' && body.error !== '');
  return (response.ok && !failed) || (revocation.alsoDone?.includes(response.status) ?? false);
}
