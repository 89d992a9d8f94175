/** The way to a sign-in at the chat platform (proof `chat_login`): who is sent there, to ask for what, and how often. */

import { describe, expect, it } from 'vitest';
import { providerIdSchema } from '../../src/core/identifiers.js';
import { openBrowserHalf } from './browser-half.js';
import { ada, login, openLogin, over } from './chat-login-stage.js';

describe('the way to the sign-in', () => {
  it('leads the browser that finished to the platform’s provider, for ten minutes', async () => {
    const { manager, clock, connect } = await openLogin();
    const { cookie } = await connect();
    const { authorizationUrl, provider, expiresAt } = await manager.startChatLogin('one', cookie);
    expect([provider, expiresAt]).toEqual(['two', clock.now() + 600_000]);
    const { searchParams } = new URL(authorizationUrl);
    expect(Object.fromEntries(searchParams)).toMatchObject({
      scope: 'read',
      code_challenge_method: 'S256',
      redirect_uri: 'http://localhost:3000/oauth/two/callback',
    });
  });

  it.each([
    [
      'openid and profile, where an ID token says who somebody is',
      { template: 'microsoft', identity: undefined, userinfo_endpoint: undefined },
      {},
      'openid profile',
    ],
    ['what is configured for the platform', {}, { chatLogins: [{ ...login, scope: ['who'] }] }, 'who'],
  ] as const)('asks for %s', async (_title, entry, more, scope) => {
    const { manager, connect } = await openLogin(entry, more);
    const { authorizationUrl } = await manager.startChatLogin('one', (await connect()).cookie);
    expect(new URL(authorizationUrl).searchParams.get('scope')).toBe(scope);
  });

  it('has no PKCE at a provider that does not know it', async () => {
    const { manager, connect } = await openLogin({ pkce: 'none' });
    const { authorizationUrl } = await manager.startChatLogin('one', (await connect()).cookie);
    expect(new URL(authorizationUrl).searchParams.has('code_challenge')).toBe(false);
  });

  it('is closed to a browser that has finished nothing, or something else, and when the proof is too late', async () => {
    const { manager, clock, connect } = await openLogin();
    const { cookie } = await connect();
    await expect(manager.startChatLogin('one', 'another')).rejects.toMatchObject(over);
    await expect(manager.startChatLogin('two', cookie)).rejects.toMatchObject(over);
    clock.advance(599_999);
    expect(await manager.startChatLogin('one', cookie)).toBeDefined();
    clock.advance(1);
    await expect(manager.startChatLogin('one', cookie)).rejects.toMatchObject(over);
  });

  it('is closed where another proof is asked for', async () => {
    const { manager, finish } = await openBrowserHalf({}, { chatLogins: [login] });
    const { cookie } = await finish({}, ada);
    await expect(manager.startChatLogin('one', cookie)).rejects.toMatchObject(over);
  });

  it('is gone five times; then the grant ends and is given back', async () => {
    const { manager, connect, revoked } = await openLogin();
    const { cookie, connectId } = await connect();
    for (const _ of [1, 2, 3, 4, 5]) await manager.startChatLogin('one', cookie);
    expect(revoked()).toEqual([]);
    await expect(manager.startChatLogin('one', cookie)).rejects.toMatchObject(over);
    expect(await manager.findConnect(connectId)).toMatchObject({ status: 'failed', error: 'attempts_used_up' });
    expect(revoked()).not.toEqual([]);
    expect(await manager.startChatLogin('one', (await connect()).cookie)).toBeDefined();
  });

  it('is closed where the platform’s provider is not there', async () => {
    const nowhere = { ...login, provider: providerIdSchema.parse('three') };
    const { manager, connect } = await openLogin({}, { chatLogins: [nowhere] });
    const { cookie } = await connect();
    await expect(manager.startChatLogin('one', cookie)).rejects.toMatchObject({ code: 'unknown_provider' });
    expect(await manager.describeFinished('one', cookie)).toMatchObject({ chatLogin: undefined });
  });

  it('is told on the done page, by the name and origin of the platform’s provider', async () => {
    const { manager, connect, server } = await openLogin();
    const page = await manager.describeFinished('one', (await connect()).cookie);
    expect(page?.chatLogin).toEqual({ providerName: 'Two', authorizationOrigin: server.url });
  });
});
