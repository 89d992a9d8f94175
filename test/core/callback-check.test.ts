/** What a provider's authorization responses prove beside their state: matching values, and a signature. */

import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { checkCallback } from '../../src/core/callback-check.js';
import { InvalidRequest } from '../../src/core/errors.js';
import type { Provider } from '../../src/core/provider.js';
import { registeredProvider } from '../support/registered-provider.js';

const shop = registeredProvider('github', { client_id: 'c', client_secret: 'shop-secret' });
const signing: Provider = { ...shop, callbackSignature: 'hmac' };
const hex = (message: string) => createHmac('sha256', 'shop-secret').update(message).digest('hex');
const check = (provider: Provider, query: string) => checkCallback(provider, new URLSearchParams(query));

/** The refusal: which parameter, and that something is said about it. */
const refusal = (field: string) =>
  expect.objectContaining({ field, message: expect.stringMatching(new RegExp(`^${field}: is .+`)) });

describe('an authorization response', () => {
  it('is taken as it is where the provider proves nothing beside the state', () => {
    expect(() => check(shop, 'code=x')).not.toThrow();
  });

  it.each([
    ['as they stand', `hmac=${hex('code=x&host=YWRtaW4=')}`],
    ['encoded for a URL', `hmac=${hex('code=x&host=YWRtaW4%3D')}`],
  ])('is taken when its parameters are signed %s, whatever their order', (_title, signature) => {
    expect(() => check(signing, `host=YWRtaW4%3D&${signature}&code=x`)).not.toThrow();
  });

  it.each([
    ['none', 'code=x'],
    ['one that is no hexadecimal number', 'code=x&hmac=signed'],
    ['one that is too short', `code=x&hmac=${hex('code=x').slice(2)}`],
    ['one that is too long', `code=x&hmac=${hex('code=x')}00`],
    ['one of other parameters', `code=x&hmac=${hex('code=y')}`],
  ])('is refused with a signature that is %s, by the name of the parameter', (_title, query) => {
    expect(() => check(signing, query)).toThrow(InvalidRequest);
    expect(() => check(signing, query)).toThrow(refusal('hmac'));
  });

  it('is refused where we have no secret to tell the signature by', () => {
    const without: Provider = { ...signing, clientSecret: undefined };
    expect(() => check(without, `code=x&hmac=${hex('code=x')}`)).toThrow(refusal('hmac'));
  });

  it('is refused when it names another shop than the one that was asked, or none', () => {
    const asked: Provider = { ...shop, callbackMatches: { shop: 'acme.myshopify.com' } };
    expect(() => check(asked, 'shop=acme.myshopify.com')).not.toThrow();
    expect(() => check(asked, 'shop=evil.myshopify.com')).toThrow(refusal('shop'));
    expect(() => check(asked, 'code=x')).toThrow(refusal('shop'));
  });
});
