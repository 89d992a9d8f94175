import { createHash } from 'node:crypto';
import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { defaultTenant } from '../../../src/core/identifiers.js';
import { Secret } from '../../../src/core/secret.js';
import { KeptTokens } from '../../../src/flows/sources/kept-tokens.js';
import { exchangeKeyOf, tokenExchange } from '../../../src/flows/sources/token-exchange.js';
import { createHttp } from '../../../src/protocol/http.js';
import { createManualClock } from '../../support/clock.js';
import { client, startExchangeServer, subjectTokenOf } from '../../support/exchange-server.js';
import { registeredProvider } from '../../support/registered-provider.js';
import { openService } from '../../support/service.js';
import { openSourced } from '../../support/sourced-manager.js';

/** The providers of a deployment that has such a server. */
function providersAt(url: string) {
  const method = 'client_secret_basic' as const;
  const common = { ...client, token_endpoint: `${url}/token`, token_endpoint_auth_method: method, scopes: ['read'] };
  return {
    exchange: { ...common, source: 'token_exchange' as const },
    own: { ...common, source: 'client_credentials' as const },
  };
}

async function openExchanging() {
  const server = await startExchangeServer();
  const clock = createManualClock(Date.now());
  const sourced = await openSourced({}, { providers: providersAt(server.url), now: clock.now });
  return { ...sourced, server, clock };
}

test('20 callers exchange one subject at oidc-provider with one request, for a token that it knows (S0-21)', async () => {
  const { manager, server } = await openExchanging();
  const subjectToken = await subjectTokenOf();
  const exchange = () => manager.exchangeToken('exchange', { subjectToken });
  const tokens = await Promise.all(Array.from({ length: 20 }, exchange));
  const [first, ...others] = tokens.map(({ accessToken }) => accessToken.reveal());
  expect(new Set(others)).toEqual(new Set([first]));
  expect(server.requests).toHaveLength(1);
  const known = { active: true, client_id: 'exchanger', scope: 'read' };
  expect(await server.introspect(first ?? '')).toMatchObject(known);
});

test('what oidc-provider gave for ten minutes is not kept beyond its subject’s one (S0-22)', async () => {
  const { manager, server, clock } = await openExchanging();
  const end = Math.floor(clock.now() / 1000) + 60;
  const subjectToken = await subjectTokenOf({ exp: end });
  const exchange = () => manager.exchangeToken('exchange', { subjectToken });
  expect((await exchange()).expiresAt).toBe(end * 1000);
  await exchange();
  expect(server.requests).toHaveLength(1);
  clock.set(end * 1000);
  await exchange();
  await exchange();
  expect(server.requests).toHaveLength(3);
});

test('neither what is kept nor what is logged holds the subject token, and the trail says who acts (S0-20, A6)', async () => {
  const server = await startExchangeServer();
  const service = await openService({ providers: async () => providersAt(server.url) });
  const subjectToken = await subjectTokenOf({ may_act: { sub: 'exchanger' } });
  const { status, body } = await service.bot.call('POST', '/exchange/exchange', { subject_token: subjectToken });
  expect(status).toBe(200);
  expect(JSON.stringify(body)).not.toContain('exchanger');
  const parts = [subjectToken, ...subjectToken.split('.').slice(1)];
  const trail = await service.manager.audit.read(defaultTenant, undefined, 10);
  expect(trail.map(({ entry }) => entry)).toMatchObject([
    { act: 'token.issue', outcome: 'ok', provider: 'exchange', object: 'ada', reason: 'act: exchanger' },
  ]);
  const kept = await keptAfterExchange(server.url, subjectToken);
  const seen = `${service.log.join('')}${JSON.stringify(trail)}${kept}`;
  for (const part of parts) expect(seen).not.toContain(part);
});

/** All that is in memory of a source after it has exchanged. */
async function keptAfterExchange(url: string, subjectToken: string): Promise<string> {
  const http = createHttp({ allowInsecureLoopback: true });
  const kept = new KeptTokens({ size: 5, bufferMs: 0, elapsed: Date.now });
  const provider = registeredProvider('exchange', providersAt(url).exchange);
  const room = { http, now: Date.now, elapsed: Date.now, refreshBufferMs: 0 };
  const subject = { subjectToken: new Secret(subjectToken), scope: ['read'] };
  await tokenExchange({ room, provider, settings: { cacheSize: 5 }, kept }).resolve(subject);
  await http.close();
  expect(kept.keys()).toEqual([exchangeKeyOf('exchange', { ...subject, resource: undefined })]);
  return inspect(kept, { showHidden: true, depth: null }) + kept.keys().join();
}

test('a subject token that oidc-provider does not take is the caller’s to mend', async () => {
  const { manager, logged } = await openExchanging();
  const subjectToken = await subjectTokenOf({ sub: 'CANARY' }, Buffer.alloc(32, 1));
  const error = await manager.exchangeToken('exchange', { subjectToken }).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'invalid_request', field: 'subject_token' });
  expect(`${String(error)}${logged.join()}`).not.toContain(subjectToken);
});

test('a subject that was granted less than is configured gets nothing more (A6)', async () => {
  const { manager } = await openExchanging();
  const subjectToken = await subjectTokenOf({ scope: 'write' });
  await expect(manager.exchangeToken('exchange', { subjectToken })).rejects.toMatchObject({
    code: 'provider_misconfigured',
  });
});

test('client credentials are taken by oidc-provider, and renewed when they are refused', async () => {
  const { manager, server } = await openExchanging();
  const first = (await manager.requireToken('u', 'own')).accessToken.reveal();
  expect(await server.introspect(first)).toMatchObject({ active: true, scope: 'read' });
  const rejectedTokenSha256 = createHash('sha256').update(first).digest('hex');
  const renewed = await manager.refreshToken('u', 'own', { rejectedTokenSha256 });
  expect(renewed.accessToken.reveal()).not.toBe(first);
});
