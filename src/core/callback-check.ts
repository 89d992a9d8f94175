/** What one provider's authorization responses prove beside their state: a signature, and for whom they are (Shopify). */

import { createHmac, timingSafeEqual } from 'node:crypto';
import { InvalidRequest } from './errors.js';
import type { Provider } from './provider.js';

/**
 * Checks the response as the provider's record wants it: `callbackMatches` by equality, then `callbackSignature`.
 *
 * @param provider with its placeholders filled
 * @throws {InvalidRequest} naming the parameter; nothing was spent
 */
export function checkCallback(provider: Provider, parameters: URLSearchParams): void {
  for (const [name, expected] of Object.entries(provider.callbackMatches ?? {})) {
    if (parameters.get(name) !== expected) throw new InvalidRequest(name, 'is not the one that was asked');
  }
  const name = provider.callbackSignature;
  if (name !== undefined && !isSigned(provider, parameters, name)) {
    throw new InvalidRequest(name, 'is not the signature of this response');
  }
}

/** HMAC-SHA256 by our client secret over all other parameters, sorted by name; hex. */
function isSigned(provider: Provider, parameters: URLSearchParams, name: string): boolean {
  const secret = provider.clientSecret?.reveal();
  const given = Buffer.from(parameters.get(name) ?? '', 'hex');
  if (secret === undefined || given.length !== 32) return false;
  const others = [...parameters].filter(([key]) => key !== name).sort(([one], [other]) => (one < other ? -1 : 1));
  // Most values that Shopify sends are the same encoded or not. Only `host`, which ends in `=`, differs: both are tried.
  const ways = [(text: string) => text, encodeURIComponent];
  return ways.some((write) => {
    const message = others.map(([key, value]) => `${write(key)}=${write(value)}`).join('&');
    return timingSafeEqual(given, createHmac('sha256', secret).update(message).digest());
  });
}
