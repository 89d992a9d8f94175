/** Whose tokens they are: reads the provider's own account by the paths of its identity mapping. */

import type { ProviderIdentity } from '../core/connection.js';
import { ProviderError } from '../core/errors.js';
import { isJsonObject, textOf, valueAt } from '../core/json-paths.js';
import type { EmailList, JsonObject, Provider } from '../core/provider.js';
import type { TokenSet } from '../core/token-set.js';
import { parseBody, readJwtClaims } from './dialects.js';
import type { Http } from './http.js';
import { askAsUser, type UserRequest } from './user-request.js';

/** What is kept of a name or an address: providers let users write novels. */
const longestName = 200;
const longestEmail = 320;
const longestId = 512;

/**
 * The identity that stands in a token response, in its fields or in the ID token. `undefined` when the provider tells
 * it elsewhere or not at all.
 *
 * @param body the token response, made standard
 */
export function readIdentity(provider: Provider, body: JsonObject | undefined): ProviderIdentity | undefined {
  const { from } = provider.identity;
  if (from === 'token_response') return identityIn(provider, body);
  if (from !== 'id_token' || typeof body?.id_token !== 'string') return undefined;
  const claims = readJwtClaims(body.id_token);
  const { issuer } = provider.identity;
  const expected = issuer?.replace(/\{([a-z]+)\}/g, (_place, name: string) => textOf(claims?.[name]) ?? '');
  return expected === undefined || claims?.iss === expected ? identityIn(provider, claims) : undefined;
}

/**
 * Asks the provider whose access token this is. `undefined` when it has no way to ask.
 *
 * @throws ProviderError the answer holds no identity, or the request is refused; ProviderUnavailable no answer now
 */
export async function fetchIdentity(
  provider: Provider,
  tokenSet: TokenSet,
  http: Http,
): Promise<ProviderIdentity | undefined> {
  const { from, endpoint } = provider.identity;
  if (from !== 'userinfo' || endpoint === undefined) return undefined;
  const { method, body: question } = provider.identity;
  const ask = { url: endpoint, tokenSet, http };
  const body = await askAsUser(provider, { ...ask, method, body: question });
  const identity = identityIn(provider, isJsonObject(body) ? body : undefined);
  if (!identity) throw new ProviderError(`${provider.id} did not say whose account it is.`, { provider: provider.id });
  if (identity.email !== undefined || !provider.identity.emails) return identity;
  const email = await findListedEmail(provider, provider.identity.emails, ask);
  return email === undefined ? identity : { ...identity, email };
}

/**
 * The name that came with the authorization response, where only that has one (Apple, at the first consent). The browser
 * brought it and nobody signed it: good for showing, as every display name.
 */
export function nameIn(provider: Provider, callback: URLSearchParams | undefined): string | undefined {
  const { callbackName } = provider.identity;
  const text = callbackName && callback?.get(callbackName.parameter);
  const body = text ? parseBody(text, 'application/json') : undefined;
  return callbackName && body && capped(readPath(body, callbackName.path, ' '), longestName);
}

/** An address is worth having, but not worth failing for: the scope for it may not have been granted. */
async function findListedEmail(provider: Provider, list: EmailList, ask: UserRequest): Promise<string | undefined> {
  const url = new URL(list.endpoint, ask.url).href;
  const body = await askAsUser(provider, { ...ask, url }).catch(() => undefined);
  const found = list.list === undefined ? body : valueAt(body, list.list);
  const entries: readonly unknown[] = Array.isArray(found) ? found : [];
  const chosen = entries
    .filter(isJsonObject)
    .find((entry) => entry[list.primary] === true && entry[list.verified] === true);
  return capped(textOf(chosen?.[list.address]), longestEmail);
}

/** Reads the identity out of a body by the mapping's paths, or by the provider's own function. */
function identityIn(provider: Provider, body: JsonObject | undefined): ProviderIdentity | undefined {
  if (!body) return undefined;
  if (provider.readIdentity) return provider.readIdentity(body);
  const { identity } = provider;
  const id = readPath(body, identity.id, ':');
  if (id === undefined || id.length > longestId) return undefined;
  const name = identity.name === undefined ? undefined : capped(readPath(body, identity.name, ' '), longestName);
  const email = identity.email === undefined ? undefined : capped(readPath(body, identity.email, ' '), longestEmail);
  return { id, ...(name !== undefined && { name }), ...(email !== undefined && { email }) };
}

/** `a|b` is the first that is present, `a+b` all of them, joined; every part must be there. */
function readPath(body: JsonObject, expression: string, joint: string): string | undefined {
  for (const alternative of expression.split('|')) {
    const parts = alternative.split('+').map((path) => textOf(valueAt(body, path.trim())));
    const present = parts.filter((part) => part !== undefined);
    if (present.length === parts.length) return present.join(joint);
  }
  return undefined;
}

function capped(text: string | undefined, most: number): string | undefined {
  return text?.slice(0, most);
}
