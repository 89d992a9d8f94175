/** What a host hands in as its own token. */

import { describe, expect, it } from 'vitest';
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
