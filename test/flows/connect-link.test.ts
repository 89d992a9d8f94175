/** What a connect may be asked for: refused by its field before there is a link, or fixed in it and shown before Continue. */

import { describe, expect, it, vi } from 'vitest';
import { openBrowserHalf, user } from './browser-half.js';
import { login } from './chat-login-stage.js';

const refused = (field: string, words: string) => ({
  code: 'invalid_request',
  field,
  message: expect.stringContaining(words),
});

describe('the scopes of a link', () => {
  const microsoft = { template: 'microsoft', scopes: undefined };

  it.each([
    [
      'those of the caller, with what the provider needs for a refresh token',
      ['User.Read'],
      'User.Read offline_access',
    ],
    ['the configured ones, where the caller names none', undefined, 'openid profile email offline_access User.Read'],
    ['the configured ones, where the caller names an empty list', [], 'openid profile email offline_access User.Read'],
  ])('are %s', async (_title, scopes, asked) => {
    const { manager, link } = await openBrowserHalf(microsoft);
    const { authorizationUrl } = await manager.startAuthorization('one', (await link({ scopes })).code);
    const scope = new URL(authorizationUrl).searchParams.get('scope')?.split(' ');
    expect(scope?.sort()).toEqual(asked.split(' ').sort());
  });

  it('have nothing added that is not configured', async () => {
    const { manager, link } = await openBrowserHalf({ ...microsoft, scopes: ['openid'] });
    const { code } = await link({ scopes: ['User.Read'] });
    expect(await manager.describeLink('one', code)).toMatchObject({ scope: ['User.Read'] });
  });

  it.each([[['read', 'a b']], [['"']], [['']]])('are refused where one is no scope token: %j', async (scopes) => {
    const { link } = await openBrowserHalf();
    await expect(link({ scopes })).rejects.toMatchObject(refused('scopes', 'RFC 6749 section 3.3'));
  });
});

describe('the proof of a link', () => {
  it('is the configured one unless the caller names another', async () => {
    const { link } = await openBrowserHalf(
      {},
      { connectProof: 'app_verifier', appVerifierUrl: 'https://app.example/v' },
    );
    expect(await link()).toMatchObject({ proof: 'app_verifier' });
    expect(await link({ proof: 'chat_code' })).toMatchObject({ proof: 'chat_code' });
  });

  it.each([
    ['none', 'is not allowed in this deployment'],
    ['app_verifier', 'needs APP_VERIFIER_URL'],
    ['chat_login', 'needs a user of a platform in CHAT_LOGIN_PROVIDERS'],
  ] as const)('cannot be %s where the deployment has nothing for it, and no link is made', async (proof, words) => {
    const { store, link } = await openBrowserHalf();
    const saved = vi.spyOn(store.expiring, 'save');
    await expect(link({ proof })).rejects.toMatchObject(refused('proof', words));
    expect(saved).not.toHaveBeenCalled();
  });

  it('can be each of them where the deployment has what it needs', async () => {
    const { link } = await openBrowserHalf(
      {},
      { unsafeConnectWithoutProof: true, appVerifierUrl: 'https://app.example/v', chatLogins: [login] },
    );
    for (const proof of ['none', 'app_verifier', 'chat_login'] as const)
      expect(await link({ proof })).toMatchObject({ proof });
  });

  it('by a sign-in may name the person by the chat identity alone', async () => {
    const other = { ...login, platform: 'discord' };
    const { link } = await openBrowserHalf({}, { chatLogins: [login, other] });
    const signIn = (chatIdentity?: object) =>
      link(
        {
          proof: 'chat_login',
          ...(chatIdentity && { chatIdentity: { platform: 'discord', name: 'Ada', ...chatIdentity } }),
        },
        '4711',
      );
    await expect(signIn()).rejects.toMatchObject(refused('proof', 'chat_login'));
    expect(await signIn({})).toMatchObject({ proof: 'chat_login' });
  });
});

describe('a link', () => {
  it('is refused with a place to return to that is not allowed', async () => {
    const { link } = await openBrowserHalf({}, { returnToOrigins: ['https://app.example'] });
    await expect(link({ returnTo: 'https://evil.example/' })).rejects.toMatchObject(
      refused('return_to', 'allowed origin'),
    );
    expect(await link({ returnTo: 'https://app.example/done' })).toBeDefined();
  });

  it('is refused without a parameter that stands in the provider’s address, or with one that cannot stand there', async () => {
    const { link } = await openBrowserHalf({ template: 'shopify' });
    await expect(link()).rejects.toMatchObject(refused('parameters.shop', 'is required'));
    await expect(link({ parameters: { shop: 'evil.example/' } })).rejects.toMatchObject({ field: 'parameters.shop' });
  });

  it('shows who asks for what and where Continue leads, however often it is looked at, until it is spent or too old', async () => {
    const { manager, server, clock, link } = await openBrowserHalf();
    const chatIdentity = { platform: 'slack', name: 'Ada' };
    const { code, expiresAt, connectUrl } = await link({ chatIdentity, scopes: ['mail'] });
    expect([expiresAt, connectUrl]).toEqual([clock.now() + 600_000, `http://localhost:3000/oauth/one?link=${code}`]);
    const shown = {
      provider: 'one',
      providerName: 'One',
      chatIdentity,
      scope: ['mail'],
      expiresAt,
      proof: 'chat_code',
    };
    for (const _ of [1, 2]) {
      expect(await manager.describeLink('one', code)).toMatchObject({ ...shown, authorizationOrigin: server.url });
    }
    expect(await manager.describeLink('two', code)).toBeUndefined();
    const other = await link();
    await manager.startAuthorization('one', code);
    expect(await manager.describeLink('one', code)).toBeUndefined();
    clock.advance(599_999);
    expect(await manager.describeLink('one', other.code)).toBeDefined();
    clock.advance(1);
    expect(await manager.describeLink('one', other.code)).toBeUndefined();
  });

  it('tells how its connect ended for an hour after the last moment at which it could have gone on', async () => {
    const { manager, clock, link } = await openBrowserHalf({}, { linkCodeTtlSeconds: 60 });
    const { connectId } = await link({ metadata: { thread: '7' } });
    clock.advance(2 * 60_000 + 600_000 + 3_600_000 - 1);
    expect(await manager.findConnect(connectId)).toMatchObject({ status: 'expired', metadata: { thread: '7' } });
    clock.advance(1);
    await expect(manager.findConnect(connectId)).rejects.toMatchObject({ code: 'unknown_connect' });
  });

  it('connects under the label that it was made for, else under the default one', async () => {
    const { manager, finish } = await openBrowserHalf({}, { connectProof: 'none', unsafeConnectWithoutProof: true });
    await finish();
    await finish({ account: 'work' });
    expect((await manager.listUserConnections(user)).map(({ account }) => account)).toEqual(['default', 'work']);
  });
});
