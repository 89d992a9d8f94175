/** What the workers go over, with entries in it that nobody can read (F14). */

import { expect, it, vi } from 'vitest';
import { GrantJanitor } from '../../src/flows/grant-janitor.js';
import { openDeviceStage, token, user } from '../support/device-stage.js';

it('an entry of a later version holds up neither devices and grants of others, nor an erasure', async () => {
  const { deps, manager, server, clock, start, statusOf, pass } = await openDeviceStage('embedded');
  for (const list of ['device-authorizations', 'awaiting-grants']) await deps.store.documents.put(list, 'x', { v: 9 });
  server.answer('/token', { json: token });
  const first = await start({ proof: 'app_verifier' });
  await pass(5);
  expect(await statusOf(first.connectId)).toBe('awaiting_proof');
  clock.advance(3_600_000);
  await new GrantJanitor(deps).round();
  expect(server.requestsTo('/revoke')).not.toEqual([]);
  await start();
  await pass(5);
  expect(await manager.eraseUser(user)).toMatchObject({ connections: 1 });
});

it('how many cannot be read is logged when they become more, not with each look', async () => {
  const { deps } = await openDeviceStage('embedded');
  const logged: object[] = [];
  const log = { ...deps.log, error: (fields: object) => void logged.push(fields) };
  const grants = new GrantJanitor({ ...deps, log });
  for (const id of ['x', 'y']) {
    await deps.store.documents.put('awaiting-grants', id, { v: 9 });
    for (let looks = 0; looks < 3; looks += 1) await grants.round();
  }
  expect(logged).toEqual([1, 2].map((unread) => ({ list: 'awaiting-grants', unread })));
});

it('a grant is ended when it may no longer be proven, and not before', async () => {
  const { deps, server, clock, start, statusOf, pass } = await openDeviceStage('embedded');
  server.answer('/token', { json: token });
  const { connectId } = await start({ proof: 'app_verifier' });
  await pass(5);
  const grants = new GrantJanitor(deps);
  clock.advance(599_999);
  await grants.round();
  expect([await statusOf(connectId), server.requestsTo('/revoke')]).toEqual(['awaiting_proof', []]);
  clock.advance(1);
  await grants.round();
  expect(server.requestsTo('/revoke')).not.toEqual([]);
});

it('a grant stays on the list while a record of its person cannot be read: that may be it', async () => {
  const { deps, server, clock, start, pass } = await openDeviceStage('embedded');
  server.answer('/token', { json: token });
  await start({ proof: 'app_verifier' });
  await pass(5);
  clock.advance(600_000);
  const list = vi.spyOn(deps.store.connections, 'list');
  const unreadable = [{ field: 'g/x', error: new TypeError() }];
  list.mockImplementationOnce(async () => ({ connections: [], awaiting: [], lastUsedAt: new Map(), unreadable }));
  await new GrantJanitor(deps).round();
  expect(server.requestsTo('/revoke')).toEqual([]);
  await new GrantJanitor(deps).round();
  expect(server.requestsTo('/revoke')).not.toEqual([]);
});
