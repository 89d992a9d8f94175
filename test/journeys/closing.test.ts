/** A manager that is closed finishes what it was asked before: answers, refreshes, and the entries about them. */

import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { openManager } from '../../src/open-manager.js';
import { openSourced, type SourcedManager } from '../support/sourced-manager.js';

const user = 'slack:T1:U2';
const refused = { code: 'manager_lifecycle' };
const renewed = { access_token: 'renewed', refresh_token: 'next', token_type: 'Bearer', expires_in: 3600 };

function storeStale({ manager, clock }: SourcedManager, userId: string): Promise<void> {
  const expiresAt = clock.now() / 1_000 - 10;
  return manager.storeToken(userId, { provider: 'src', accessToken: 'old', refreshToken: 'first', expiresAt });
}

it.each(['embedded', 'redis'] as const)('what was asked before close is answered, on %s', async (kind) => {
  const stage = await openSourced({}, { auditTokens: true }, kind);
  const { manager, server, options } = stage;
  await storeStale(stage, user);
  let release = () => {};
  const after = new Promise<void>((resolve) => (release = resolve));
  server.answer('/token', { json: renewed, after });
  const asked = [
    manager.requireToken(user, 'src').then(({ accessToken }) => accessToken.reveal()),
    manager.storeToken('another', { provider: 'src', accessToken: 'made by hand' }),
    manager.generateConnectUrl(user, 'src'),
    manager.requireToken('nobody', 'src').catch(({ code }) => code),
  ];
  const closing = manager.close();
  await expect(manager.getToken(user, 'src')).rejects.toMatchObject(refused);
  await expect.poll(() => server.requestsTo('/token').length, { timeout: 30_000 }).toBe(1);
  release();
  const told = ['renewed', undefined, expect.stringContaining('/oauth/src?link='), 'not_connected'];
  expect(await Promise.all(asked)).toEqual(told);
  await closing;
  const next = await openManager(options);
  expect((await next.requireToken(user, 'src')).accessToken.reveal()).toBe('renewed');
  expect(await next.hasToken('another', 'src')).toBe(true);
  await next.close();
});

/** Long enough for a store to be closed that nothing keeps open. */
const aWhileMs = 100;

it.each(['embedded', 'redis'] as const)(
  'what a browser brought before close is kept, also if it left, on %s',
  async (kind) => {
    const { manager, server, options } = await openSourced({}, {}, kind);
    const code = await manager.createLinkCode(user, 'src');
    const { authorizationUrl, browserSecret } = await manager.startAuthorization('src', code);
    const state = new URL(authorizationUrl).searchParams.get('state') ?? '';
    let release = () => {};
    const after = new Promise<void>((resolve) => (release = resolve));
    server.answer('/token', { json: renewed, after });
    // As the routes do it; a server that is closed waits for nobody who left.
    const routes = manager.at({ request_id: 'r', address: '127.0.0.1' });
    const finished = routes.finishAuthorization(
      'src',
      new URLSearchParams({ code: 'c', state }),
      browserSecret.reveal(),
    );
    await expect.poll(() => server.requestsTo('/token').length, { timeout: 30_000 }).toBe(1);
    const closing = manager.close();
    await sleep(aWhileMs);
    release();
    await Promise.all([closing, expect(finished).resolves.toBeUndefined()]);
    const next = await openManager(options);
    await expect(next.requireToken(user, 'src')).rejects.toMatchObject({ code: 'awaiting_proof' });
    await next.close();
  },
);
