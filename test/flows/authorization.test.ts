/** The browser's half of connecting at the manager itself: what Continue starts, what a callback ends, what is told. */

import { describe, expect, it, vi } from 'vitest';
import { StoreUnavailable } from '../../src/core/errors.js';
import { silentLog } from '../../src/core/log.js';
import { answerOf, openBrowserHalf, settle, user } from './browser-half.js';

const gone = (text: string) => ({ code: 'gone', message: expect.stringContaining(text) });
const away = () => new StoreUnavailable('The store does not answer.', 'no');
const browser = { kind: 'person', id: 'browser' };

describe('Continue', () => {
  it('spends the link: of two at once one goes on, and the other is told and recorded', async () => {
    const { manager, link, trail } = await openBrowserHalf();
    const { code, connectId } = await link();
    const { done, refusals } = await settle([0, 1].map(() => manager.startAuthorization('one', code)));
    expect(done).toBe(1);
    expect(refusals).toEqual([expect.objectContaining(gone('This link was used already'))]);
    const about = { actor: browser, user, provider: 'one', account: 'default', object: connectId };
    expect(await trail('connect.start')).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ ...about, outcome: 'ok' }),
        expect.objectContaining({ ...about, outcome: 'refused', reason: 'gone' }),
      ]),
    );
  });

  it('that comes too late for the link keeps nothing of its own', async () => {
    const { manager, store, link } = await openBrowserHalf();
    const { code } = await link();
    const removed = vi.spyOn(store.expiring, 'remove');
    const saved = vi.spyOn(store.expiring, 'save');
    await settle([0, 1].map(() => manager.startAuthorization('one', code)));
    const [, state = ''] = removed.mock.calls[0] ?? [];
    expect(removed.mock.calls).toEqual([['pending_authorization', state]]);
    const states = saved.mock.calls.flatMap(([purpose, key]) => (purpose === 'pending_authorization' ? [key] : []));
    expect(states).toContain(state);
  });

  it('leaves a link good that belongs to another provider, and names its connect in the trail', async () => {
    const { manager, link, trail } = await openBrowserHalf();
    const { code, connectId } = await link();
    await expect(manager.startAuthorization('two', code)).rejects.toMatchObject(gone('used already or is too old'));
    expect(await trail('connect.start')).toMatchObject([{ outcome: 'refused', user, object: connectId }]);
    expect(await manager.startAuthorization('one', code)).toBeDefined();
  });

  it('leaves a link good when the store fails on the way', async () => {
    const { manager, store, link } = await openBrowserHalf();
    const { code } = await link();
    vi.spyOn(store.expiring, 'save').mockRejectedValueOnce(away());
    await expect(manager.startAuthorization('one', code)).rejects.toThrow(StoreUnavailable);
    expect(await manager.startAuthorization('one', code)).toBeDefined();
  });

  it('with a link that nobody made is recorded with the provider alone', async () => {
    const { manager, trail } = await openBrowserHalf();
    await expect(manager.startAuthorization('one', 'never-made')).rejects.toMatchObject({ code: 'gone' });
    const [entry] = await trail('connect.start');
    expect(entry).toMatchObject({ provider: 'one', outcome: 'refused', reason: 'gone' });
    expect(entry).not.toHaveProperty('user');
  });

  it('gives as much time again as the link had', async () => {
    const { manager, clock, link } = await openBrowserHalf();
    const { code, connectId } = await link();
    clock.advance(599_000);
    const { expiresAt } = await manager.startAuthorization('one', code);
    expect(expiresAt).toBe(clock.now() + 600_000);
    clock.advance(599_999);
    expect(await manager.findConnect(connectId)).toMatchObject({ status: 'pending' });
    clock.advance(1);
    expect(await manager.findConnect(connectId)).toMatchObject({ status: 'expired' });
  });

  it.each([
    ['with S256', {}, 'S256'],
    ['without, where the provider does not know it', { pkce: 'none' }, null],
  ] as const)('asks for the code with PKCE %s', async (_title, entry, method) => {
    const { manager, link } = await openBrowserHalf(entry);
    const { authorizationUrl } = await manager.startAuthorization('one', (await link({ scopes: ['mail'] })).code);
    const { searchParams } = new URL(authorizationUrl);
    expect(searchParams.get('code_challenge_method')).toBe(method);
    expect(searchParams.get('scope')).toBe('mail');
    expect(searchParams.get('redirect_uri')).toBe('http://localhost:3000/oauth/one/callback');
  });
});

describe('the way back', () => {
  it('ends with a grant that waits for its proof, shown to this browser alone', async () => {
    const { manager, clock, finish, trail } = await openBrowserHalf();
    const { connectId, page } = await finish();
    expect(page).toMatchObject({ status: 'awaiting_proof', identity: { id: '4711', name: 'Ada' } });
    expect(page?.returnCode?.reveal()).toMatch(/^[2-9A-Z]{8}$/);
    expect(await manager.findConnect(connectId)).toMatchObject({ status: 'awaiting_proof', identity: { id: '4711' } });
    expect(await manager.hasToken(user, 'one')).toBe(false);
    expect(await trail('connect.finish')).toMatchObject([
      { actor: browser, user, object: connectId, outcome: 'ok', connection_id: expect.stringMatching(/^co_/) },
    ]);
    clock.advance(599_999);
    expect(await manager.findConnect(connectId)).toMatchObject({ status: 'awaiting_proof' });
    clock.advance(1);
    expect(await manager.findConnect(connectId)).toMatchObject({ status: 'expired' });
  });

  it('has no return code where another proof is asked for, and ends at once where none is', async () => {
    const { manager, finish } = await openBrowserHalf(
      {},
      { unsafeConnectWithoutProof: true, appVerifierUrl: 'https://app.example/verify' },
    );
    expect((await finish({ proof: 'app_verifier' })).page).toMatchObject({
      status: 'awaiting_proof',
      returnCode: undefined,
    });
    const { connectId, page } = await finish({ proof: 'none' });
    expect(page).toMatchObject({ status: 'connected', returnCode: undefined });
    expect(await manager.findConnect(connectId)).toMatchObject({ status: 'connected' });
    expect(await manager.hasToken(user, 'one')).toBe(true);
  });

  it.each([
    ['access_denied', 'refused', undefined],
    ['temporarily_unavailable', 'failed', undefined],
    ['user_cancelled_login', 'refused', 'linkedin'],
    ['user_cancelled_authorize', 'refused', 'linkedin'],
    ['user_cancelled_authorize', 'refused', 'apple'],
  ])('with the error %s ends the connect, which was %s; no code is sent anywhere', async (word, outcome, template) => {
    const warned: object[] = [];
    const log = { ...silentLog, warn: (fields: object) => void warned.push(fields) };
    const { manager, server, link, consent, trail } = await openBrowserHalf({ ...(template && { template }) }, { log });
    const { code, connectId } = await link();
    const { answer, cookie } = await consent(code);
    answer.delete('code');
    answer.set('error', word);
    await manager.finishAuthorization('one', answer, cookie);
    // A provider's own word for it is `access_denied` as well.
    const error = outcome === 'refused' ? 'access_denied' : word;
    expect(await manager.findConnect(connectId)).toMatchObject({ status: 'failed', error });
    expect(await manager.describeFinished('one', cookie)).toMatchObject({ status: 'failed', error });
    expect(await trail('connect.finish')).toMatchObject([{ outcome, reason: error }]);
    expect(warned).toEqual(outcome === 'refused' ? [] : [{ provider: 'one', reason: error }]);
    expect(server.requestsTo('/token')).toEqual([]);
  });

  it('asks once more who was connected where the new token is not known yet (GitHub)', async () => {
    const { server, finish } = await openBrowserHalf();
    const whole = { json: { sub: '4711', name: 'Ada' } };
    server.answer('/userinfo', { status: 401 }, whole);
    expect((await finish()).page).toMatchObject({ identity: { id: '4711' } });
    server.answer('/userinfo', { status: 401 });
    const asked = server.requestsTo('/userinfo').length;
    expect((await finish()).page?.identity).toBeUndefined();
    expect(server.requestsTo('/userinfo')).toHaveLength(asked + 2);
  });

  it.each([
    [
      'a refusal of the code',
      { status: 400, json: { error: 'invalid_grant' } },
      'provider_error',
      'refused the authorization code',
    ],
    ['an outage', { status: 503 }, 'provider_unavailable', ''],
  ])('with %s ends the connect, and is the provider’s fault', async (_title, answered, error, message) => {
    const { manager, server, link, consent, trail } = await openBrowserHalf();
    const { code, connectId } = await link();
    const { answer, cookie } = await consent(code);
    server.answer('/token', answered);
    const finishing = manager.finishAuthorization('one', answer, cookie);
    await expect(finishing).rejects.toMatchObject({
      code: error,
      provider: 'one',
      message: expect.stringContaining(message),
    });
    expect(await manager.findConnect(connectId)).toMatchObject({ status: 'failed', error });
    expect(await manager.describeFinished('one', cookie)).toMatchObject({ status: 'failed', error });
    expect(await trail('connect.finish')).toMatchObject([{ outcome: 'failed', reason: error }]);
  });

  it('with a grant that cannot be kept gives it back to the provider', async () => {
    const { manager, server, store, link, consent, trail } = await openBrowserHalf();
    const { answer, cookie } = await consent((await link()).code);
    vi.spyOn(store.connections, 'write').mockRejectedValueOnce(away());
    await expect(manager.finishAuthorization('one', answer, cookie)).rejects.toThrow(StoreUnavailable);
    expect(server.requestsTo('/revoke').length).toBeGreaterThan(0);
    expect(await trail('connect.finish')).toMatchObject([{ outcome: 'failed', reason: 'store_unavailable' }]);
  });

  it('with a fault of ours is told as such', async () => {
    const { manager, store, link, consent, trail } = await openBrowserHalf();
    const { answer, cookie } = await consent((await link()).code);
    vi.spyOn(store.connections, 'write').mockRejectedValueOnce(new TypeError('a bug'));
    await expect(manager.finishAuthorization('one', answer, cookie)).rejects.toThrow('a bug');
    expect(await manager.describeFinished('one', cookie)).toMatchObject({ status: 'failed', error: 'internal' });
    expect(await trail('connect.finish')).toMatchObject([{ outcome: 'failed', reason: 'internal' }]);
  });

  it('is gone once: of two at once one comes through, the other is told and recorded', async () => {
    const { manager, server, link, consent, trail } = await openBrowserHalf();
    const { code, connectId } = await link();
    const { answer, cookie } = await consent(code);
    const { done, refusals } = await settle([0, 1].map(() => manager.finishAuthorization('one', answer, cookie)));
    expect(done).toBe(1);
    expect(refusals).toEqual([expect.objectContaining(gone('This step was done already'))]);
    expect(server.requestsTo('/token')).toHaveLength(1);
    expect(await trail('connect.finish')).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ outcome: 'refused', reason: 'gone', user, object: connectId }),
      ]),
    );
  });

  it('with a state that nobody made is gone, and recorded with the provider alone', async () => {
    const { manager, trail } = await openBrowserHalf();
    const strange = new URLSearchParams({ state: 'never-made', code: 'x' });
    await expect(manager.finishAuthorization('one', strange, 'cookie')).rejects.toMatchObject(gone('took too long'));
    const [entry] = await trail('connect.finish');
    expect(entry).toMatchObject({ provider: 'one', actor: browser, outcome: 'refused', reason: 'gone' });
    expect(entry).not.toHaveProperty('user');
  });

  it('of another issuer, another path or another browser costs nothing, and the trail names the field', async () => {
    const { manager, server, link, consent, trail } = await openBrowserHalf({ issuer: 'https://as.example' });
    const { code, connectId } = await link();
    const { answer, cookie } = await consent(code);
    const foreign = new URLSearchParams([...answer, ['iss', 'https://evil.example']]);
    await expect(manager.finishAuthorization('one', foreign, cookie)).rejects.toMatchObject({ field: 'iss' });
    await expect(manager.finishAuthorization('two', answer, cookie)).rejects.toMatchObject({ field: 'state' });
    await expect(manager.finishAuthorization('one', answer, 'another')).rejects.toMatchObject({ field: 'cookie' });
    expect(server.requestsTo('/token')).toEqual([]);
    const refused = await trail('connect.finish');
    expect(refused.map(({ reason }) => reason)).toEqual(
      ['iss', 'state', 'cookie'].map((name) => `invalid_request: ${name}`),
    );
    expect(refused).toMatchObject(refused.map(() => ({ user, object: connectId, outcome: 'refused' })));
    await manager.finishAuthorization('one', new URLSearchParams([...answer, ['iss', 'https://as.example']]), cookie);
    expect(await answerOf(await manager.startAuthorization('one', (await link()).code))).toBeDefined();
  });

  it('is refused where the provider has become another authorization server meanwhile, and nothing is sent there (C1)', async () => {
    const { manager, server, store, link, consent } = await openBrowserHalf({ issuer: 'https://as.example' });
    const { answer, cookie } = await consent((await link()).code);
    const moved = await openBrowserHalf({ issuer: 'https://other.example' }, { store });
    await expect(moved.manager.finishAuthorization('one', answer, cookie)).rejects.toMatchObject({ field: 'state' });
    expect([...server.requestsTo('/token'), ...moved.server.requestsTo('/token')]).toEqual([]);
    await manager.finishAuthorization('one', answer, cookie);
    expect(server.requestsTo('/token')).toHaveLength(1);
  });
});
