import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { ProviderEntry } from '../../../providers/index.js';
import { Secret } from '../../../src/core/secret.js';
import { KeptTokens } from '../../../src/flows/sources/kept-tokens.js';
import { exchangeKeyOf, tokenExchange } from '../../../src/flows/sources/token-exchange.js';
import { createHttp } from '../../../src/protocol/http.js';
import { createManualClock } from '../../support/clock.js';
import { registeredProvider } from '../../support/registered-provider.js';
import { entryAt } from '../../support/scripted-server.js';
import { countedTokens, openSourced } from '../../support/sourced-manager.js';
import { unsignedJwt } from '../../support/unsigned-jwt.js';

const exchanging = { source: 'token_exchange' } as const;
const client = { client_id: 'scripted-client', client_secret: 'scripted-secret' };
const grant = 'urn:ietf:params:oauth:grant-type:token-exchange';
const accessType = 'urn:ietf:params:oauth:token-type:access_token';

async function open(entry: Partial<ProviderEntry> = {}) {
  const sourced = await openSourced({ ...exchanging, ...entry });
  sourced.server.answer('/token', countedTokens());
  const exchange = async (subjectToken: string, more: object = {}) =>
    (await sourced.manager.exchangeToken('src', { subjectToken, ...more })).accessToken.reveal();
  return { ...sourced, exchange };
}

test('sends the grant of RFC 8693 with the type that it requires (S0-18, S0-19)', async () => {
  const { exchange, forms } = await open({ audience: 'urn:backend', resource: 'https://api.example' });
  expect(await exchange('subject-1')).toBe('at-1');
  expect(forms()).toEqual([
    {
      ...client,
      grant_type: grant,
      subject_token: 'subject-1',
      subject_token_type: accessType,
      audience: 'urn:backend',
      resource: 'https://api.example',
      scope: 'read',
    },
  ]);
});

test('sends Microsoft’s on-behalf-of form (S0-18, parity)', async () => {
  const { exchange, forms } = await open({
    grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
    subject_token_param: 'assertion',
    extra_token_params: { requested_token_use: 'on_behalf_of' },
  });
  await exchange('subject-1');
  expect(forms()).toEqual([
    {
      ...client,
      grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
      assertion: 'subject-1',
      requested_token_use: 'on_behalf_of',
      scope: 'read',
    },
  ]);
});

test('leaves types out when told so, and sends those that are set (parity)', async () => {
  const without = await open({ subject_token_type: null });
  await without.exchange('s');
  expect(Object.keys(without.forms()[0] ?? {})).not.toContain('subject_token_type');
  const withBoth = await open({ subject_token_type: 'urn:x:id', requested_token_type: 'urn:x:access' });
  await withBoth.exchange('s');
  expect(withBoth.forms()[0]).toMatchObject({ subject_token_type: 'urn:x:id', requested_token_type: 'urn:x:access' });
});

test('keeps what it got by subject, and subjects apart (S0-20, parity)', async () => {
  const { exchange, forms } = await open();
  expect([await exchange('a'), await exchange('a'), await exchange('b')]).toEqual(['at-1', 'at-1', 'at-2']);
  expect(forms().map(({ subject_token }) => subject_token)).toEqual(['a', 'b']);
});

test('keeps no more than it may, the least recently used out first (S0-20, parity)', async () => {
  const { exchange, forms } = await open({ exchange_cache_size: 1 });
  expect([await exchange('a'), await exchange('b'), await exchange('a')]).toEqual(['at-1', 'at-2', 'at-3']);
  expect(forms()).toHaveLength(3);
});

test('20 callers of one subject share a request; another subject does not wait for them (S0-21, S0-12)', async () => {
  const { exchange, server, forms } = await open();
  let letGo: (value?: unknown) => void = () => undefined;
  const held = new Promise((resolve) => (letGo = resolve));
  server.answer('/token', ({ form }) => ({
    ...(form.get('subject_token') === 'slow' && { after: held }),
    json: { access_token: `for-${form.get('subject_token')}`, expires_in: 60 },
  }));
  const waiting = Array.from({ length: 20 }, () => exchange('slow'));
  expect(await exchange('quick')).toBe('for-quick');
  letGo();
  expect(new Set(await Promise.all(waiting))).toEqual(new Set(['for-slow']));
  expect(forms().filter(({ subject_token }) => subject_token === 'slow')).toHaveLength(1);
});

test('nothing that was got for a subject token outlives it (S0-22)', async () => {
  const { exchange, manager, clock, forms } = await open();
  const subjectToken = unsignedJwt({ exp: clock.now() / 1000 + 60 });
  expect((await manager.exchangeToken('src', { subjectToken })).expiresAt).toBe(clock.now() + 60_000);
  clock.advance(29_000);
  expect(await exchange(subjectToken)).toBe('at-1');
  clock.advance(32_000);
  expect(await exchange(subjectToken)).toBe('at-2');
  expect(forms()).toHaveLength(2);
  expect(await exchange(subjectToken)).toBe('at-3');
});

test('a live token is given while the server is away, a dead one is not', async () => {
  const { exchange, server, clock } = await open();
  await exchange('a');
  server.answer('/token', { status: 503 });
  clock.advance(3_400_000);
  expect(await exchange('a')).toBe('at-1');
  clock.advance(200_000);
  await expect(exchange('a')).rejects.toMatchObject({ code: 'provider_unavailable' });
});

test.each([
  ['invalid_grant', 'invalid_request'],
  ['invalid_client', 'provider_misconfigured'],
  ['invalid_request', 'provider_error'],
])('a refusal with %s is a typed error without the subject token (S0-16, S0-17, parity)', async (error, code) => {
  const { exchange, server, logged } = await open();
  server.answer('/token', { status: 400, json: { error, error_description: 'CANARY' } });
  const thrown = await exchange('subject-CANARY').catch((caught: unknown) => caught);
  expect(thrown).toMatchObject({ code });
  expect(`${String(thrown)}${inspect(thrown)}${logged.join()}`).not.toContain('CANARY');
});

describe('a caller may only narrow what is configured (A6)', () => {
  test.each([
    ['a scope beside it', { scopes: ['read', 'write'] }, 'scopes'],
    ['another target', { resource: 'https://other.example' }, 'resource'],
  ])('%s is refused', async (_title, more, field) => {
    const { exchange, server } = await open({ resource: 'https://api.example' });
    await expect(exchange('s', more)).rejects.toMatchObject({ code: 'invalid_request', field });
    expect(server.requests).toEqual([]);
  });

  test('fewer scopes are asked for by themselves, and kept apart', async () => {
    const { exchange, forms } = await open({ scopes: ['read', 'write'] });
    expect([await exchange('s'), await exchange('s', { scopes: ['read'] }), await exchange('s')]).toEqual([
      'at-1',
      'at-2',
      'at-1',
    ]);
    expect(forms().map(({ scope }) => scope)).toEqual(['read write', 'read']);
  });

  test('subject tokens of other issuers are not sent on', async () => {
    const { exchange, forms } = await open({ subject_token_issuers: ['https://id.example'] });
    for (const subject of [
      'opaque',
      unsignedJwt({ iss: 'https://id.example.evil' }),
      unsignedJwt({ iss: ['https://id.example'] }),
    ]) {
      await expect(exchange(subject)).rejects.toMatchObject({ code: 'forbidden' });
    }
    expect(await exchange(unsignedJwt({ iss: 'https://id.example' }))).toBe('at-1');
    expect(forms()).toHaveLength(1);
  });
});

test('what is kept is found under digests, framed so that no two exchanges meet (S0-20)', async () => {
  const clock = createManualClock();
  const room = { http: createHttp(), now: clock.now, elapsed: clock.now, refreshBufferMs: 0 };
  const kept = new KeptTokens({ size: 5, bufferMs: 0, elapsed: clock.now });
  const provider = registeredProvider('src', entryAt('http://127.0.0.1:9', exchanging));
  const source = tokenExchange({ room, provider, settings: { cacheSize: 5 }, kept });
  const request = { subjectToken: new Secret('subject-CANARY'), scope: ['read'] };
  const key = exchangeKeyOf('src', { ...request, resource: undefined });
  await kept.get(key, {}, async () => ({ accessToken: new Secret('at'), tokenType: 'Bearer', scope: [] }));
  expect((await source.resolve(request)).accessToken).toMatchObject(new Secret('at'));
  expect(kept.keys()).toEqual([key]);
  expect(inspect(kept, { showHidden: true, depth: null }) + kept.keys().join()).not.toContain('CANARY');
  const meeting = [
    ['a', 'bc d'],
    ['ab', 'c d'],
  ].map(([id = '', scope = '']) =>
    exchangeKeyOf(id, { subjectToken: new Secret('s'), scope: scope.split(' '), resource: undefined }),
  );
  expect(new Set(meeting).size).toBe(2);
});

test('how long a token is kept does not depend on the time of day (S0-27)', async () => {
  const wall = createManualClock();
  const elapsed = createManualClock(0);
  const kept = new KeptTokens({ size: 1, bufferMs: 0, elapsed: elapsed.now });
  let asked = 0;
  const ask = async () => {
    asked += 1;
    return {
      accessToken: new Secret('at'),
      tokenType: 'Bearer',
      scope: [],
      expiresAt: wall.now() + 1_000,
      lifetimeMs: 1_000,
    };
  };
  await kept.get('k', {}, ask);
  wall.advance(-3_600_000);
  elapsed.advance(1_001);
  await kept.get('k', {}, ask);
  expect(asked).toBe(2);
});
