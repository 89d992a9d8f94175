/** What a host does in process stands in the audit trail too, once for each act. */

import { createHash } from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import timers from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { OAuthNotConnected, StoreUnavailable } from '../src/core/errors.js';
import { defaultTenant } from '../src/core/identifiers.js';
import { type ApiUnderTest, buildApi } from './routes/api-app.js';
import { get, send } from './routes/calls.js';

let api: ApiUnderTest;
beforeEach(async () => {
  api = await buildApi();
});
afterEach(() => api.close());

const user = 'slack:T1:U2';
const token = { provider: 'github', accessToken: 'the-access-token' };
const code = (connectUrl: string) => new URL(connectUrl).searchParams.get('link') ?? '';
const entries = async () => (await api.store.audit.read(defaultTenant, undefined, 100)).map(({ entry }) => entry);
const acts = async () =>
  (await entries()).map(({ act, outcome, reason }) => [act, outcome, reason].filter(Boolean).join(' '));
const trailIsDown = () =>
  vi
    .spyOn(api.store.audit, 'append')
    .mockImplementation(() => Promise.reject(new StoreUnavailable('The store does not answer.', 'no')));

describe('what a host does in process', () => {
  it('is written down, each act once (S3-25)', async () => {
    const { manager } = api;
    await expect(manager.requireToken(user, 'github')).rejects.toBeInstanceOf(OAuthNotConnected);
    const started = await manager.startConnect(user, 'github', { account: 'work' });
    await manager.generateConnectUrl(user, 'github');
    await manager.resolveLinkCode(await manager.createLinkCode(user, 'github'));
    await expect(manager.startAuthorization('github', 'made-up')).rejects.toMatchObject({ code: 'gone' });
    await manager.startAuthorization('github', code(started.connectUrl));
    await expect(manager.submitProof(user, 'WRONG222')).rejects.toMatchObject({ code: 'code_refused' });
    await expect(manager.verifyConnect(started.connectId, user)).rejects.toMatchObject({ code: 'forbidden' });
    await manager.storeToken(user, token);
    await manager.getToken(user, 'github');
    await manager.deleteToken(user, 'github');
    await manager.redeemAccountLink(code((await manager.createAccountLink(user)).url));
    await manager.eraseUser(user);
    expect(await acts()).toEqual([
      'token.issue refused not_connected',
      'connect.create ok',
      'connect.create ok',
      'connect.create ok',
      'connect.start ok',
      'connect.start refused gone',
      'connect.start ok',
      'proof refused code_refused',
      'proof refused forbidden',
      'token.store ok',
      'disconnect ok revoked: unsupported',
      'account_link.create ok',
      'account_link.redeem ok',
      'erase ok revoked: 0',
    ]);
    const [refused, created, ...rest] = await entries();
    expect(refused).toMatchObject({ user, provider: 'github', actor: { kind: 'caller', id: 'library' } });
    expect(refused?.object).toMatch(/^cn_/);
    expect(created).toMatchObject({ user, provider: 'github', account: 'work', object: started.connectId });
    expect(JSON.stringify([refused, created, ...rest])).not.toContain(code(started.connectUrl));
  });

  it('is not written twice when a route does it', async () => {
    await get(api, '/v1/users/u1/tokens/github');
    await send(api, 'POST', '/v1/users/u1/connect/github');
    await send(api, 'POST', '/v1/users/u1/account-link');
    await send(api, 'DELETE', '/v1/users/u1/connections/github');
    await send(api, 'DELETE', '/v1/users/u1');
    expect(await acts()).toEqual([
      'token.issue refused not_connected',
      'connect.create ok',
      'account_link.create ok',
      'disconnect ok revoked: no',
      'erase ok revoked: 0',
    ]);
    for (const entry of await entries()) expect(entry.request_id).toBeDefined();
  });

  it('hands out no link that is not written down, and tells what has happened as it is (S3-26)', async () => {
    await api.manager.storeToken(user, token);
    trailIsDown();
    const down = { code: 'store_unavailable' };
    await expect(api.manager.startConnect(user, 'github')).rejects.toMatchObject(down);
    await expect(api.manager.createLinkCode(user, 'github')).rejects.toMatchObject(down);
    await expect(api.manager.createAccountLink(user)).rejects.toMatchObject(down);
    expect((await api.manager.getToken(user, 'github'))?.accessToken.reveal()).toBe(token.accessToken);
    expect(await api.manager.deleteToken(user, 'github')).toEqual({ revoked: 'unsupported' });
  });
});

describe('with auditTokens', () => {
  beforeEach(async () => {
    await api.close();
    api = await buildApi({ settings: { auditTokens: true } });
  });

  it('each token that is handed out is written down, for whom and which, and each that is not', async () => {
    await api.manager.getToken(user, 'github');
    await api.manager.storeToken(user, token);
    await api.manager.getToken(user, 'github', { usedBy: { caller: 'nightly' } });
    await api.manager.requireToken(user, 'github');
    await expect(api.manager.getToken(user, 'unheard-of')).rejects.toMatchObject({ code: 'unknown_provider' });
    const { mcp } = api.manager;
    const server = 'https://mcp.example';
    const wwwAuthenticate = 'Bearer error="insufficient_scope"';
    await expect(mcp.findToken(user, server)).rejects.toMatchObject({ field: 'server_url' });
    await expect(mcp.requireToken(user, server)).rejects.toMatchObject({ field: 'server_url' });
    await expect(mcp.stepUp(user, server, { wwwAuthenticate })).rejects.toMatchObject({ field: 'server_url' });
    expect(await acts()).toEqual([
      'token.issue refused not_connected',
      'token.store ok',
      'token.issue ok',
      'token.issue ok',
      'token.issue refused unknown_provider',
      ...Array.from({ length: 3 }, () => 'token.issue refused invalid_request'),
    ]);
    const token_digest = createHash('sha256').update(token.accessToken).digest('hex').slice(0, 12);
    const issued = (await entries())[2];
    expect(issued).toMatchObject({ user, provider: 'github', actor: { kind: 'caller', id: 'nightly' }, token_digest });
    expect(issued?.connection_id).toBeDefined();
  });

  it('a token whose entry cannot be written is not handed out', async () => {
    await api.manager.storeToken(user, token);
    trailIsDown();
    await expect(api.manager.getToken(user, 'github')).rejects.toMatchObject({ code: 'store_unavailable' });
    await expect(api.manager.requireToken(user, 'github')).rejects.toMatchObject({ code: 'store_unavailable' });
  });
});

describe('closing while a call is under way', () => {
  /** A call that waits for the store until `answer`, a manager that is being closed, and a clock that stands still until `pass`. */
  function callAndClose() {
    const [answer, pass] = [gate(), gate()];
    const sleep = vi.spyOn(timers, 'setTimeout').mockImplementation(() => pass.opened);
    syncBuiltinESMExports();
    onTestFinished(() => {
      sleep.mockRestore();
      syncBuiltinESMExports();
    });
    vi.spyOn(api.store.connections, 'find').mockReturnValue(answer.opened);
    const closeStore = vi.spyOn(api.store, 'close');
    const called = api.manager.getToken(user, 'github');
    const closing = api.manager.close();
    const hasLeft = () => closeStore.mock.calls.length > 0;
    return { answer: answer.open, pass: pass.open, sleep, called, closing, hasLeft };
  }

  it('waits for it', async () => {
    const { answer, called, closing, hasLeft } = callAndClose();
    // Long enough for whoever does not wait.
    await new Promise((resolve) => setImmediate(resolve));
    expect(hasLeft()).toBe(false);
    answer();
    expect(await called).toBeUndefined();
    await closing;
    expect(hasLeft()).toBe(true);
  });

  it('waits for 15 seconds and no longer', async () => {
    const { pass, sleep, closing, hasLeft } = callAndClose();
    expect(sleep.mock.calls.map(([ms]) => ms)).toEqual([15_000]);
    expect(hasLeft()).toBe(false);
    pass();
    await closing;
    expect(hasLeft()).toBe(true);
  });
});

/** Something to wait for, and what ends the waiting. */
function gate() {
  let open = () => {};
  const opened = new Promise<undefined>((resolve) => {
    open = () => resolve(undefined);
  });
  return { opened, open: () => open() };
}
