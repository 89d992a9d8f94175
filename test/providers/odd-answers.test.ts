/** What single providers want of a client, or answer, that no other does: against a scripted server. */

import { describe, expect, test } from 'vitest';
import type { Provider } from '../../src/core/provider.js';
import { mapEndpoints } from '../../src/core/provider-endpoints.js';
import { Secret } from '../../src/core/secret.js';
import { fetchIdentity } from '../../src/protocol/identity.js';
import { revokeTokens } from '../../src/protocol/revocation.js';
import { refreshTokens } from '../../src/protocol/token-endpoint.js';
import { registeredProvider } from '../support/registered-provider.js';
import { scriptedStage } from '../support/scripted-stage.js';

const { server, http } = await scriptedStage();

/** The provider at the scripted server, below a path of its own for each host. */
const providerOf = (id: string): Provider =>
  mapEndpoints(registeredProvider(id, { client_id: 'client-1', client_secret: 'secret-1' }), (url) =>
    url.replace('https://', `${server.url}/`),
  );
const current = {
  accessToken: new Secret('at'),
  tokenType: 'Bearer',
  refreshToken: new Secret('rt'),
  obtainedAt: 0,
  scope: [],
};

describe('Reddit', () => {
  test('every request names the app as its user agent', async () => {
    const paths = [
      '/www.reddit.com/api/v1/access_token',
      '/oauth.reddit.com/api/v1/me',
      '/www.reddit.com/api/v1/revoke_token',
    ];
    for (const path of paths) server.answer(path, { json: { id: 'u1', access_token: 'at-2', token_type: 'bearer' } });
    const provider = providerOf('reddit');
    const tokenSet = await refreshTokens(provider, current, http);
    await fetchIdentity(provider, tokenSet, http);
    expect(await revokeTokens(provider, tokenSet, http)).toBe('yes');
    const agents = paths.map((path) => server.requestsTo(path).at(-1)?.headers['user-agent']);
    expect(agents).toEqual(paths.map(() => 'server:client-1 (valetkey)'));
  });
});

describe('Salesforce', () => {
  test.each(['unsupported_token_type', 'invalid_token'])('%s means that the token is dead already', async (error) => {
    server.answer('/login.salesforce.com/services/oauth2/revoke', { status: 400, json: { error } });
    expect(await revokeTokens(providerOf('salesforce'), current, http)).toBe('yes');
  });
});

describe('Zoom', () => {
  test('a 401 without a number may be of one person, so that it holds back nobody else', async () => {
    server.answer('/zoom.us/oauth/token', { status: 401, json: { reason: 'Invalid access token.' } });
    const refused = refreshTokens(providerOf('zoom'), current, http);
    await expect(refused).rejects.toMatchObject({ code: 'provider_error' });
  });
});
