/** Two users who connect one account of a provider at the same moment. */

import { expect, it, vi } from 'vitest';
import { defaultTenant, providerIdSchema } from '../../src/core/identifiers.js';
import type { Store } from '../../src/core/store.js';
import { findByAccount } from '../../src/flows/shared-account.js';
import { settle } from './browser-half.js';
import { ada, eve, openPeople } from './people.js';

it.each([
  ['deny', ['account_mismatch'], [`${ada} default account_share_refused`]],
  ['warn', [], [`${ada} default account_shared`]],
] as const)(
  'two users of one account who come at once notice each other, with policy "%s"',
  async (accountPolicy, refusals, expected) => {
    const half = await openPeople({ accountPolicy, connectProof: 'chat_code' });
    half.server.answer('/userinfo', { json: { sub: '7' } });
    const codes = [];
    for (const who of [ada, eve]) codes.push((await half.finish({}, who)).page?.returnCode?.reveal() ?? '');
    const [first, second] = meetAtWrite(half.store);
    const adas = half.manager.submitProof(ada, codes[0] ?? '');
    await first;
    const eves = half.manager.submitProof(eve, codes[1] ?? '');
    await second;
    await adas;
    expect((await settle([eves])).refusals.map(({ code }) => code)).toEqual(refusals);
    expect(await half.told()).toEqual(expected);
    const at = { tenant: defaultTenant, provider: providerIdSchema.parse('one'), accountId: '7' };
    const providers = { find: () => undefined, findNaming: () => undefined, configured: () => [], known: () => [] };
    expect(await findByAccount({ store: half.store, providers }, at)).toHaveLength(2 - refusals.length);
  },
);

it('one who stands still for longer than a turn lasts looks for the other again before it connects', async () => {
  const half = await openPeople({ accountPolicy: 'deny', connectProof: 'chat_code' });
  half.server.answer('/userinfo', { json: { sub: '7' } });
  const codes = [];
  for (const who of [ada, eve]) codes.push((await half.finish({}, who)).page?.returnCode?.reveal() ?? '');
  const [asleep, awake] = [gate(), gate()];
  const put = half.store.documents.put.bind(half.store.documents);
  vi.spyOn(half.store.documents, 'put').mockImplementationOnce(async (...entry) => {
    asleep.open();
    await awake.opened;
    return put(...entry);
  });
  const eves = half.manager.submitProof(eve, codes[1] ?? '');
  await asleep.opened;
  half.clock.advance(5_000);
  await half.manager.submitProof(ada, codes[0] ?? '');
  awake.open();
  expect((await settle([eves])).refusals.map(({ code }) => code)).toEqual(['account_mismatch']);
  expect(await half.told()).toEqual([`${ada} default account_share_refused`]);
  expect(await half.manager.hasToken(ada, 'one')).toBe(true);
  expect(await half.manager.hasToken(eve, 'one')).toBe(false);
});

/**
 * Holds the first connection back right before it is stored, until the next one has come as far as it can: to its own
 * write, or to where it has to wait. Answers both moments.
 */
function meetAtWrite({ connections, leases }: Store): readonly [first: Promise<void>, second: Promise<void>] {
  const [first, second] = [gate(), gate()];
  let writes = 0;
  const write = connections.write.bind(connections);
  vi.spyOn(connections, 'write').mockImplementation(async (owner, changes, finishes) => {
    if (changes.some(({ kind }) => kind === 'put_connection')) {
      writes += 1;
      (writes === 1 ? first : second).open();
      await second.opened;
    }
    return write(owner, changes, finishes);
  });
  const acquire = leases.acquire.bind(leases);
  vi.spyOn(leases, 'acquire').mockImplementation(async (...lease) => {
    const isOurs = await acquire(...lease);
    if (!isOurs) second.open();
    return isOurs;
  });
  return [first.opened, second.opened];
}

function gate() {
  let open = () => {};
  return { opened: new Promise<void>((resolve) => (open = resolve)), open: () => open() };
}
