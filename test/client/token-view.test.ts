import { expect, test } from 'vitest';
import { tokenAnswer } from '../../routes/token-answer.js';
import { formatToken } from '../../routes/wire.js';
import { readToken } from '../../src/client/views.js';
import { providerIdSchema } from '../../src/core/identifiers.js';
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
