import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { tokenAnswer } from '../../routes/token-answer.js';
import { formatConnection, formatToken } from '../../routes/wire.js';
import { ValetkeyClient } from '../../src/client/valetkey-client.js';
import { type ClientConnection, type ClientToken, readConnections, readToken } from '../../src/client/views.js';
import { accountLabelSchema, defaultAccount, providerIdSchema } from '../../src/core/identifiers.js';
import { Secret } from '../../src/core/secret.js';

const token = {
  accessToken: new Secret('at-1'),
  tokenType: 'Bearer',
  scope: ['read'],
  provider: providerIdSchema.parse('atlassian'),
  connectionId: 'co_1',
};
const overTheWire = (value: Parameters<typeof formatToken>[0]) =>
  readToken(JSON.parse(JSON.stringify(tokenAnswer.parse(formatToken(value)))));

test('what the provider’s API wants to know travels with a token, and is read as it was', () => {
  const sites = [{ id: 'c1', name: 'acme', url: 'https://acme.atlassian.net' }, { id: 'c2' }];
  const parameters = { cloud_id: 'c1' };
  expect(overTheWire({ ...token, parameters, sites })).toMatchObject({ parameters, sites });
});

test('a token without such facts has no empty fields for them', () => {
  expect(Object.keys(tokenAnswer.parse(JSON.parse(JSON.stringify(formatToken(token))))).sort()).toEqual(
    ['access_token', 'account', 'connection_id', 'expires_at', 'provider', 'scopes', 'token_type'].sort(),
  );
  expect(overTheWire(token)).not.toHaveProperty('parameters');
});

test.each([
  ['as text', 'at-1'],
  ['as the secret that it came as', new Secret('at-1')],
])('a rejected token is told by its digest, %s', async (_title, rejectedToken) => {
  const told: unknown[] = [];
  const fetch = async (_url: unknown, init?: RequestInit) => {
    told.push(JSON.parse(String(init?.body)));
    return Response.json(formatToken(token));
  };
  const client = new ValetkeyClient({ baseUrl: 'https://valetkey.example.com', apiKey: 'k', fetch });
  await client.refreshToken('u', 'github', { rejectedToken });
  expect(told).toEqual([{ rejected_token_sha256: createHash('sha256').update('at-1').digest('hex') }]);
});

test('a context may have its fields as getters of a class', async () => {
  const asked: string[] = [];
  const fetch = async (url: unknown) => {
    asked.push(String(url));
    return Response.json(formatToken(token));
  };
  const client = new ValetkeyClient({ baseUrl: 'https://valetkey.example.com', apiKey: 'k', fetch });
  class HostContext {
    get userId() {
      return 'u';
    }
    get account() {
      return 'work';
    }
  }
  await client.requireOAuthToken(new HostContext(), 'atlassian');
  expect(asked).toEqual(['https://valetkey.example.com/v1/users/u/tokens/atlassian?account=work']);
});

test('every field that the types of the client promise travels', () => {
  const identity = { id: 'u1', name: 'Ada', email: 'ada@example.com' };
  const [expiresAt, connectedAt, lastUsedAt] = [1_800_000_000_000, 1_700_000_000_000, 1_700_000_060_000];
  const facts = { parameters: { cloud_id: 'c1' }, sites: [{ id: 'c1' }] };
  const wholeToken: Required<ClientToken> = { ...token, expiresAt, identity, ...facts };
  expect(overTheWire({ ...token, expiresAt, identity, ...facts })).toEqual(wholeToken);
  const names = { provider: token.provider, account: accountLabelSchema.parse('work') };
  const connection = { connectionId: 'co_1', scope: ['read'], status: 'paused', hasRefreshToken: true } as const;
  const whole: Required<ClientConnection> = { ...connection, ...names, identity, expiresAt, connectedAt, lastUsedAt };
  const summary = { ...connection, ...names, identity, expiresAt, connectedAt, lastUsedAt, pausedAt: connectedAt };
  const usual = { ...summary, account: defaultAccount };
  expect(formatConnection(summary).account_label).toBe('work');
  expect(JSON.stringify(formatConnection(usual))).not.toContain('account_label');
  expect(readConnections({ connections: [summary, usual].map(formatConnection) })).toEqual([
    whole,
    { ...whole, account: 'default' },
  ]);
});
