/** A manager that is closed finishes what it was asked before: answers, refreshes, and the entries about them. */

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
