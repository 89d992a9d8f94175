/** Asks a provider's API with a person's access token; for the few questions that come with a new grant. */

import { type OAuthManagerError, ProviderError, ProviderUnavailable } from '../core/errors.js';
import type { Provider } from '../core/provider.js';
import type { TokenSet } from '../core/token-set.js';
import { parseBody } from './dialects.js';
import type { Http } from './http.js';
import { wrapFailure } from './refusals.js';
import { readRetryAfter } from './retry-after.js';

/** One question. */
export interface UserRequest {
  readonly url: string;
  readonly tokenSet: TokenSet;
  readonly http: Http;
  readonly method?: 'GET' | 'POST' | undefined;
  /** JSON text of a POST. */
  readonly body?: string | undefined;
}

/**
 * The parsed answer, whatever its form.
 *
 * @throws ProviderError the request is refused; ProviderUnavailable no answer now
 */
export async function askAsUser(provider: Provider, request: UserRequest): Promise<unknown> {
  const { url, tokenSet, http, method = 'GET', body } = request;
  let response: Response;
  try {
    response = await http.fetch(url, {
      method,
      headers: {
        accept: 'application/json',
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...provider.identity.headers,
        authorization: `Bearer ${tokenSet.accessToken.reveal()}`,
      },
      ...(body !== undefined && { body }),
    });
  } catch (error) {
    throw wrapFailure(provider, error);
  }
  if (!response.ok) throw refused(provider, response, http.now());
  return parseJson(await response.text());
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return parseBody(text, '');
  }
}

function refused(provider: Provider, response: Response, now: number): OAuthManagerError {
  const { status } = response;
  const about = { provider: provider.id, status };
  if (status !== 429 && status < 500) {
    return new ProviderError(`${provider.id} did not tell whose account it is (status ${status}).`, about);
  }
  const retryAfterMs = readRetryAfter(response.headers, undefined, now);
  const details = { ...about, reached: 'no' as const, ...(retryAfterMs !== undefined && { retryAfterMs }) };
  return new ProviderUnavailable(`${provider.id} cannot tell now whose account it is (status ${status}).`, details);
}
