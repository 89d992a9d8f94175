import { describe, expect, it, vi } from 'vitest';
import { StoreUnavailable } from '../../src/core/errors.js';
import { defaultTenant } from '../../src/core/identifiers.js';
import { Person } from '../support/person.js';
import { type OpenService, storeKinds } from '../support/service.js';
import { openStrictService } from '../support/strict-service.js';

const earlier = 'slack:T1:earlier';
const later = 'slack:T1:later';

/** Connects somebody with an account at the provider; answers the proof's status and code. */
async function connect({ bot }: OpenService, user: string, account: string, label?: string) {
  const { connectUrl } = await bot.connect(user, 'strict', label === undefined ? {} : { account: label });
  return bot.prove(user, await new Person(account).connect(connectUrl));
}

/** What users were told about accounts: user and change. */
async function changes({ store }: OpenService): Promise<string[]> {
  const events = await store.events.read(defaultTenant, undefined, 100);
  return events.flatMap(({ event }) =>
    event.type === 'connection.updated' && event.change?.startsWith('account_')
      ? [`${event.userId} ${event.change}`]
      : [],
  );
}

describe.each(storeKinds)('one account under two users, on the %s store', (kind) => {
  it('is told to the earlier user, once, and goes on (L12, warn)', async () => {
    const service = await openStrictService(kind);
    await connect(service, earlier, 'ada');
    expect(await changes(service)).toEqual([]);
    expect((await connect(service, later, 'ada')).status).toBe(200);
    expect(await changes(service)).toEqual([`${earlier} account_shared`]);
    expect((await service.bot.token(earlier, 'strict')).status).toBe(200);
    await connect(service, later, 'ada');
    expect(await changes(service)).toHaveLength(1);
    const trail = await service.store.audit.read(defaultTenant, undefined, 100);
    expect(trail.filter(({ entry }) => entry.act === 'account.share').map(({ entry }) => entry.user)).toEqual([later]);
  });

  it('is refused where policy says so, and taken back at the provider (L12, deny)', async () => {
    const service = await openStrictService(kind, { variables: { ACCOUNT_POLICY: 'deny' } });
    await connect(service, earlier, 'ada');
    expect(await connect(service, later, 'ada')).toMatchObject({ status: 409, body: { code: 'account_mismatch' } });
    expect((await service.bot.token(later, 'strict')).body.code).toBe('not_connected');
    expect(await changes(service)).toEqual([`${earlier} account_share_refused`]);
    const { access_token } = JSON.parse(service.strict.answers.at(-1) ?? '{}');
    expect(await service.strict.userinfoStatus(access_token)).toBe(401);
    expect((await connect(service, later, 'bob')).status).toBe(200);
  });

  it('is no concern when the earlier user has disconnected, or has it under another label', async () => {
    const service = await openStrictService(kind, { variables: { ACCOUNT_POLICY: 'deny' } });
    await connect(service, earlier, 'ada');
    expect((await connect(service, earlier, 'ada', 'second')).status).toBe(200);
    await service.bot.erase(earlier);
    expect((await connect(service, later, 'ada')).status).toBe(200);
    expect(await changes(service)).toEqual([]);
  });

  it('is no concern when the earlier user has another account by now, whatever the index says', async () => {
    const service = await openStrictService(kind);
    await connect(service, earlier, 'ada');
    const remove = vi.spyOn(service.store.documents, 'remove');
    remove.mockRejectedValueOnce(new StoreUnavailable('The store does not answer.', 'no'));
    await connect(service, earlier, 'bob');
    expect((await connect(service, later, 'ada')).status).toBe(200);
    expect(await changes(service)).toEqual([`${earlier} account_changed`]);
  });

  it('another account in place of the connected one is refused where policy says so (L11, deny)', async () => {
    const service = await openStrictService(kind, { variables: { ACCOUNT_POLICY: 'deny' } });
    await connect(service, earlier, 'ada');
    expect(await connect(service, earlier, 'bob')).toMatchObject({ status: 409, body: { code: 'account_mismatch' } });
    expect((await service.bot.token(earlier, 'strict')).body.account).toMatchObject({ id: 'ada' });
  });
});
