/** What a host hands in as its own token. */

import { describe, expect, it, onTestFinished } from 'vitest';
import { startScriptedServer } from '../support/scripted-server.js';
import { openBrowserHalf, user } from './browser-half.js';

describe('a token of the host', () => {
  it('may end at a fraction of a second', async () => {
    const { manager, clock } = await openBrowserHalf();
    const expiresAt = clock.now() / 1000 + 3600.123_456_7;
    await manager.storeToken(user, { provider: 'one', accessToken: 'a', expiresAt });
    expect((await manager.requireToken(user, 'one')).expiresAt).toBe(clock.now() + 3_600_123);
  });

  it('lasts when it ends at 0', async () => {
    const { manager } = await openBrowserHalf();
    await manager.storeToken(user, { provider: 'one', accessToken: 'a', expiresAt: 0 });
    expect((await manager.requireToken(user, 'one')).expiresAt).toBeUndefined();
  });

  it.each([
    ['accessToken', { accessToken: '' }],
    ['refreshToken', { refreshToken: '' }],
    ['expiresAt', { expiresAt: Number.NaN }],
    ['expiresAt', { expiresAt: -1 }],
  ])('is refused by the name of what cannot be: %s', async (field, fault) => {
    const { manager } = await openBrowserHalf();
    const storing = manager.storeToken(user, { provider: 'one', accessToken: 'a', ...fault });
    await expect(storing).rejects.toMatchObject({ code: 'invalid_request', field });
    expect(await manager.listUserConnections(user)).toEqual([]);
  });
});

describe('at a provider with a host for each customer', () => {
  const parameters = { subdomain: 'acme' };

  async function openDesk() {
    const customers = await startScriptedServer();
    onTestFinished(() => customers.close());
    const client = { client_id: 'c', client_secret: 's' };
    const desk = { ...client, template: 'zendesk', token_endpoint: `${customers.url}/{subdomain}/token` };
    customers.answer('/acme/token', { json: { access_token: 'at-2', refresh_token: 'rt-2', expires_in: 3600 } });
    return { customers, ...(await openBrowserHalf({}, { providers: { desk } })) };
  }

  it('a token of the host is refreshed at that customer’s, which is told with it', async () => {
    const { manager, clock } = await openDesk();
    const expiresAt = clock.now() / 1000 - 1;
    await manager.storeToken(user, { provider: 'desk', accessToken: 'a', refreshToken: 'r', expiresAt, parameters });
    const token = await manager.requireToken(user, 'desk');
    expect([token.accessToken.reveal(), token.parameters]).toEqual(['at-2', parameters]);
  });

  it('a token of nobody knows which customer is refused: it could never be had', async () => {
    const { manager } = await openDesk();
    const storing = manager.storeToken(user, { provider: 'desk', accessToken: 'a' });
    await expect(storing).rejects.toMatchObject({ code: 'invalid_request', field: 'parameters.subdomain' });
    expect(await manager.listUserConnections(user)).toEqual([]);
  });

  it('a host’s own browser half goes to that customer’s', async () => {
    const { manager, customers } = await openDesk();
    const url = manager.getAuthorizeUrl('desk', 'state', { codeChallenge: 'c', parameters });
    expect(new URL(url).hostname).toBe('acme.zendesk.com');
    const tokens = await manager.exchangeCode('desk', 'code', { codeVerifier: 'v', parameters });
    expect([tokens.accessToken.reveal(), customers.requestsTo('/acme/token').length]).toEqual(['at-2', 1]);
    const lacking = { code: 'invalid_request', field: 'parameters.subdomain' };
    expect(() => manager.getAuthorizeUrl('desk', 'state', { codeChallenge: 'c' })).toThrow(
      expect.objectContaining(lacking),
    );
    await expect(manager.exchangeCode('desk', 'code', { codeVerifier: 'v' })).rejects.toMatchObject(lacking);
  });
});
