/** Whose refresh tokens the host hears of: those of its own fixed identities that are kept, and nobody else's. */

import { expect, onTestFinished, test } from 'vitest';
import { defaultAccount, internalTenant, providerIdSchema, userIdSchema } from '../../src/core/identifiers.js';
import type { Rotation } from '../../src/core/token-source.js';
import { openStore } from '../../src/open-store.js';
import { connectAccounts } from '../support/connected-accounts.js';
import { eventually } from '../support/redis.js';
import { entryAt } from '../support/scripted-server.js';
import { openSourced } from '../support/sourced-manager.js';

test('a person’s own refresh token is rotated, and told to nobody', async () => {
  const told: Rotation[] = [];
  const noProof = { unsafeConnectWithoutProof: true, connectProof: 'none' } as const;
  const { server, clock, openAnother } = await openSourced({}, noProof);
  const providers = { here: entryAt(server.url) };
  const manager = await openAnother({ providers, onRotate: (rotation) => void told.push(rotation) });
  await connectAccounts({ manager, server }, 'slack:T1:ada', [{ account: 'default', id: 'ada' }]);
  server.answer('/token', { json: { access_token: 'at-2', refresh_token: 'rt-2', expires_in: 3600 } });
  clock.advance(3_600_000);
  expect((await manager.requireToken('slack:T1:ada', 'here')).accessToken.reveal()).toBe('at-2');
  expect(told).toEqual([]);
});

test('what comes for a connection that is gone by then is told to nobody, and revoked', async () => {
  const told: string[] = [];
  const onRotate = ({ refreshToken }: Rotation) => void told.push(refreshToken.reveal());
  const fixed = { source: 'refresh_token', refresh_token: 'rt-1' } as const;
  const { manager, server, options } = await openSourced(fixed, { onRotate });
  let release = () => {};
  const after = new Promise<void>((resolve) => (release = resolve));
  server.answer('/token', { after, json: { access_token: 'at-late', refresh_token: 'rt-late', expires_in: 3600 } });
  server.answer('/revoke', { status: 200 });
  const late = manager.requireToken('anybody', 'src').catch((error: unknown) => error);
  await eventually('the refresh token was sent', () => server.requestsTo('/token').length === 1);
  const store = await openStore(options);
  onTestFinished(() => store.close());
  const owner = { tenant: internalTenant, userId: userIdSchema.parse('source:src') };
  const ref = { owner, provider: providerIdSchema.parse('src'), account: defaultAccount };
  const generation = (await store.connections.find(ref))?.generation ?? Number.NaN;
  await store.connections.write(owner, [{ kind: 'remove_connection', ref, expect: generation }]);
  release();
  expect(await late).toMatchObject({ code: 'provider_misconfigured' });
  expect(server.requestsTo('/revoke').map(({ form }) => form.get('token'))).toContain('rt-late');
  expect(told).toEqual([]);
});
