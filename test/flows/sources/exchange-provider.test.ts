import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { type GrantContext, startOidcProvider, type TeachableProvider } from '../../support/authorization-servers.js';
import { openSourced } from '../../support/sourced-manager.js';

const exchangeGrant = 'urn:ietf:params:oauth:grant-type:token-exchange';
const accessType = 'urn:ietf:params:oauth:token-type:access_token';
const client = { client_id: 'exchanger', client_secret: 'exchanger-secret-of-32-characters-' };

/** RFC 8693 in the little that a test needs: one subject token is good, and whoever brings it gets a token of this server. */
function teachExchange(provider: TeachableProvider, requests: GrantContext['oidc']['params'][]) {
  const names = ['subject_token', 'subject_token_type', 'requested_token_type', 'audience', 'resource', 'scope'];
  provider.registerGrantType(
    exchangeGrant,
    async (context) => {
      const { client: asking, params } = context.oidc;
      requests.push({ ...params });
      if (params.subject_token !== 'good-subject' || params.subject_token_type !== accessType) {
        context.status = 400;
        context.body = { error: 'invalid_grant' };
        return;
      }
      const token = new provider.ClientCredentials({ client: asking, scope: params.scope });
      const access_token = await token.save();
      const { expiration: expires_in } = token;
      context.body = { access_token, token_type: 'Bearer', expires_in, issued_token_type: accessType };
    },
    names,
  );
}

async function openExchanging() {
  const requests: GrantContext['oidc']['params'][] = [];
  const server = await startOidcProvider({
    redirectUri: 'http://127.0.0.1:9/callback',
    configuration: {
      clients: [
        { ...client, redirect_uris: [], response_types: [], grant_types: [exchangeGrant, 'client_credentials'] },
      ],
    },
    teach: (provider) => teachExchange(provider, requests),
  });
  const endpoints = {
    token_endpoint: `${server.url}/token`,
    token_endpoint_auth_method: 'client_secret_basic' as const,
  };
  const common = { ...client, ...endpoints, scopes: ['read'] };
  const providers = {
    exchange: { ...common, source: 'token_exchange' as const },
    own: { ...common, source: 'client_credentials' as const },
  };
  const sourced = await openSourced({}, { providers, now: Date.now });
  return { ...sourced, server, requests };
}

/** What an independent server says of a token. */
async function introspect(url: string, token: string): Promise<unknown> {
  const authorization = `Basic ${Buffer.from(`${client.client_id}:${client.client_secret}`).toString('base64')}`;
  const body = new URLSearchParams({ token });
  const answer = await fetch(`${url}/token/introspection`, { method: 'POST', headers: { authorization }, body });
  return answer.json();
}

test('20 callers exchange one subject at oidc-provider with one request, for a token that it knows (S0-21)', async () => {
  const { manager, server, requests } = await openExchanging();
  const exchange = () => manager.exchangeToken('exchange', { subjectToken: 'good-subject' });
  const tokens = await Promise.all(Array.from({ length: 20 }, exchange));
  const [first, ...others] = tokens.map(({ accessToken }) => accessToken.reveal());
  expect(new Set(others)).toEqual(new Set([first]));
  expect(requests).toHaveLength(1);
  expect(await introspect(server.url, first ?? '')).toMatchObject({
    active: true,
    client_id: 'exchanger',
    scope: 'read',
  });
  await server.close();
});

test('a subject token that oidc-provider does not take is the caller’s to mend', async () => {
  const { manager, server, logged } = await openExchanging();
  const error = await manager
    .exchangeToken('exchange', { subjectToken: 'bad-CANARY' })
    .catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'invalid_request', field: 'subject_token' });
  expect(`${String(error)}${logged.join()}`).not.toContain('CANARY');
  await server.close();
});

test('client credentials are taken by oidc-provider, and renewed when they are refused', async () => {
  const { manager, server } = await openExchanging();
  const first = (await manager.requireToken('u', 'own')).accessToken.reveal();
  expect(await introspect(server.url, first)).toMatchObject({ active: true, scope: 'read' });
  const rejectedTokenSha256 = createHash('sha256').update(first).digest('hex');
  const renewed = await manager.refreshToken('u', 'own', { rejectedTokenSha256 });
  expect(renewed.accessToken.reveal()).not.toBe(first);
  await server.close();
});
