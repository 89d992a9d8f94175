import { createHash } from 'node:crypto';
import { describe, expect, test, vi } from 'vitest';
import type { Secret } from '../../../src/core/secret.js';
import { openStore } from '../../../src/open-store.js';
import { storeKinds } from '../../support/service.js';
import { countedTokens, openSourced } from '../../support/sourced-manager.js';

const fixed = { source: 'refresh_token', refresh_token: 'rt-1' } as const;

/** The bare token, as a tool handler gets it; whoever asks is given the same one. */
const tokenOf = async (manager: {
  requireToken: (user: string, provider: string) => Promise<{ accessToken: Secret }>;
}) => (await manager.requireToken('anybody', 'src')).accessToken.reveal();

describe.each(storeKinds)('callers of one identity, on the %s store', (kind) => {
  test('50 callers in two processes send it once (S0-11)', async () => {
    const { manager, server, forms, openAnother } = await openSourced(fixed, {}, kind);
    const other = await openAnother();
    const slow = new Promise((resolve) => setTimeout(resolve, 200));
    server.answer('/token', { after: slow, json: { access_token: 'at', expires_in: 3600, refresh_token: 'rt-2' } });
    const tokens = await Promise.all(Array.from({ length: 50 }, (_, index) => tokenOf(index % 2 ? manager : other)));
    expect(new Set(tokens)).toEqual(new Set(['at']));
    expect(forms()).toHaveLength(1);
  });

  test('a failed refresh reaches every waiter and holds up nobody after them (S0-13)', async () => {
    const { manager, server, forms } = await openSourced(fixed, {}, kind);
    server.answer('/token', { status: 500, text: 'CANARY' }, { json: { access_token: 'at', expires_in: 3600 } });
    const failed = await Promise.allSettled(Array.from({ length: 10 }, () => tokenOf(manager)));
    expect(new Set(failed.map(({ status }) => status))).toEqual(new Set(['rejected']));
    expect(await tokenOf(manager)).toBe('at');
    expect(forms()).toHaveLength(2);
  });
});

test('a process that planted it too late does not bring back what another one has used up since', async () => {
  const { server, forms, options, openAnother } = await openSourced(fixed);
  const store = await openStore({ ...options, now: options.now ?? Date.now });
  const [late, other] = [await openAnother({ store }), await openAnother()];
  server.answer('/token', countedTokens({ refresh_token: 'rt-2' }));
  const write = store.connections.write.bind(store.connections);
  vi.spyOn(store.connections, 'write').mockImplementationOnce(async (...change) => {
    expect(await tokenOf(other)).toBe('at-1');
    return write(...change);
  });
  expect(await tokenOf(late)).toBe('at-1');
  expect(forms().map(({ refresh_token }) => refresh_token)).toEqual(['rt-1']);
});

test.each([
  ['HTTP 400 (parity)', { status: 400, text: 'CANARY' }],
  ['no access token (parity)', { json: { token_type: 'Bearer', note: 'CANARY' } }],
  ['an empty access token', { json: { access_token: '' } }],
  ['an access token that is no text', { json: { access_token: 7 } }],
  ['no JSON', { text: '<html>CANARY' }],
  ['an error with status 200', { json: { error: 'slow', error_description: 'CANARY' } }],
  ['a redirect, which is not followed (S0-28)', { status: 307, headers: { location: '/elsewhere' } }],
  ['a cut connection', { cut: 'at_once' as const }],
])('%s is one typed error without the answer in it (S0-16, S0-17)', async (_title, answer) => {
  const { manager, server, logged } = await openSourced(fixed);
  server.answer('/token', answer);
  const error = await tokenOf(manager).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: expect.stringMatching(/^provider_/), provider: 'src' });
  expect(`${String(error)}${JSON.stringify(error)}${logged.join()}`).not.toMatch(/CANARY|rt-1|scripted-secret/);
  expect(server.requestsTo('/elsewhere')).toEqual([]);
});

test('an endpoint that never answers is given up after request_timeout (S0-26)', async () => {
  const { manager, server } = await openSourced({ ...fixed, request_timeout: 0.1 });
  let resolve: (value?: unknown) => void = () => undefined;
  server.answer('/token', { after: new Promise((settle) => (resolve = settle)) });
  await expect(tokenOf(manager)).rejects.toMatchObject({ code: 'provider_unavailable' });
  resolve();
});

test('one that was refused by the API is renewed, once', async () => {
  const { manager, server } = await openSourced(fixed);
  server.answer('/token', countedTokens());
  const rejectedTokenSha256 = createHash('sha256')
    .update(await tokenOf(manager))
    .digest('hex');
  const renew = async () => (await manager.refreshToken('u', 'src', { rejectedTokenSha256 })).accessToken.reveal();
  expect([await renew(), await renew()]).toEqual(['at-2', 'at-2']);
});

test('no caller can name whose the grant is', async () => {
  const { manager, server } = await openSourced(fixed);
  server.answer('/token', countedTokens());
  await tokenOf(manager);
  const owner = { tenant: 'valetkey.internal' };
  for (const attempt of [
    () => manager.deleteToken('source:src', 'src', owner),
    () => manager.listUserConnections('source:src', owner),
    () => manager.eraseUser('source:src', owner),
    () => manager.findConnect('cn_1', owner),
  ]) {
    await expect(attempt()).rejects.toMatchObject({ code: 'invalid_request', field: 'tenant' });
  }
});
