/** An import that somebody comes in between of, or that meets what is damaged. */

import { setImmediate } from 'node:timers/promises';
import { expect, it, onTestFinished, vi } from 'vitest';
import { createRegistry } from '../../providers/index.js';
import type { Connection } from '../../src/core/connection.js';
import { StoredTokenUnreadable, StoreUnavailable } from '../../src/core/errors.js';
import { accountLabelSchema } from '../../src/core/identifiers.js';
import { Secret } from '../../src/core/secret.js';
import { openStore } from '../../src/open-store.js';
import { importConnections } from '../../src/transfer/import-connections.js';
import { ImportRefused } from '../../src/transfer/imported-token.js';
import { aConnection, anOwner, refTo, revealed, t0 } from '../store/samples.js';
import { makePlace, secrets } from '../support/service.js';

async function open() {
  const { DATA_DIR } = await makePlace('embedded');
  const store = await openStore({ encryptionKeys: secrets.encryptionKeys, dataDir: DATA_DIR });
  onTestFinished(() => store.close());
  const providers = createRegistry({});
  const isKnownProvider = () => true;
  return { store, target: { store, dryRun: false, isKnownProvider, providers, refreshBufferMs: 0, now: Date.now } };
}

async function* sourceOf(...connections: readonly Connection[]) {
  for (const connection of connections) yield { where: 'a line', read: () => connection };
}

it('leaves a record that cannot be opened as it is, and goes on with the others', async () => {
  const { store, target } = await open();
  const [damaged, fine] = [aConnection(anOwner()), aConnection(anOwner())];
  vi.spyOn(store.connections, 'find').mockRejectedValueOnce(new StoredTokenUnreadable('The test says so.'));
  expect(await importConnections(sourceOf(damaged, fine), target)).toMatchObject({ created: 1, existing: 1 });
  expect(await store.connections.find(refTo(damaged))).toBeUndefined();
});

it('never replaces what a person has connected while it looked (S6: create-only)', async () => {
  const { store, target } = await open();
  const owner = anOwner();
  const theirs = aConnection(owner);
  const imported = { ...aConnection(owner), identity: { id: '4711' }, connectionId: 'co_imported' };
  const put = store.documents.put.bind(store.documents);
  vi.spyOn(store.documents, 'put').mockImplementationOnce(async (...entry) => {
    const change = { kind: 'put_connection', connection: theirs, expect: 'absent', generation: 1 } as const;
    expect(await store.connections.write(owner, [change])).toBe('stored');
    return put(...entry);
  });
  expect(await importConnections(sourceOf(imported), target)).toMatchObject({ created: 0, existing: 1 });
  expect(revealed((await store.connections.find(refTo(theirs)))?.connection)).toEqual(revealed(theirs));
});

it.each([true, false])(
  'refuses a second account under one label, which would be left out (dry run: %s)',
  async (dryRun) => {
    const { target } = await open();
    const owner = anOwner();
    const first = aConnection(owner);
    const second = { ...first, tokenSet: { ...first.tokenSet, accessToken: new Secret('another') } };
    const all = [first, second, { ...first, connectionId: 'co_again' }, aConnection(anOwner())];
    expect(await importConnections(sourceOf(...all), { ...target, dryRun })).toMatchObject({
      created: 2,
      existing: 1,
      refused: [{ where: 'a line', problem: expect.stringContaining('the same user, provider and account') }],
    });
  },
);

it('writes several at a time, also of one user, and what is under way ends before a failure is told', async () => {
  const { store, target } = await open();
  const owner = anOwner();
  const labels = Array.from({ length: 50 }, (_, at) => accountLabelSchema.parse(`account ${at}`));
  const all = labels.map((account) => aConnection(owner, { account }));
  const flying = { now: 0, most: 0, whole: 0 };
  const append = store.audit.append.bind(store.audit);
  vi.spyOn(store.audit, 'append').mockImplementation(async (entry) => {
    flying.most = Math.max(flying.most, ++flying.now);
    const id = await append(entry);
    flying.now -= 1;
    flying.whole += 1;
    return id;
  });
  async function* cut() {
    yield* sourceOf(...all.slice(0, 20));
    throw new StoreUnavailable('The source is gone.');
  }
  await expect(importConnections(cut(), target)).rejects.toBeInstanceOf(StoreUnavailable);
  expect([flying.now, flying.whole, flying.most > 1]).toEqual([0, 20, true]);
  expect(await importConnections(sourceOf(...all), target)).toMatchObject({ created: 30, existing: 20, refused: [] });
  expect((await store.connections.list(owner)).connections).toHaveLength(50);
});

it('names what it refuses in the order of the source', async () => {
  const { target } = await open();
  async function* records() {
    for (let at = 0; at < 50; at += 1) {
      const refuse = () => Promise.reject(new ImportRefused('no'));
      const read = at % 2 === 0 ? async () => aConnection(anOwner()) : refuse;
      yield { where: `line ${at}`, read: () => (at % 3 === 0 ? setImmediate(0).then(read) : read()) };
    }
  }
  const { refused, created } = await importConnections(records(), target);
  expect([created, ...refused.map(({ where }) => where)]).toEqual([
    25,
    ...Array.from({ length: 25 }, (_, at) => `line ${at * 2 + 1}`),
  ]);
});

it('looks after a connection that another run stored just before it was killed', async () => {
  const { store, target } = await open();
  const connection = { ...aConnection(anOwner()), proof: { mode: 'host', provenAt: t0 } } as const;
  const tokenSet = { ...connection.tokenSet, refreshToken: new Secret('r'), expiresAt: Date.now() + 3_600_000 };
  const imported = { ...connection, tokenSet };
  vi.spyOn(store.due, 'schedule').mockRejectedValueOnce(new StoreUnavailable('The test says so.'));
  await expect(importConnections(sourceOf(imported), target)).rejects.toBeInstanceOf(StoreUnavailable);
  expect(await importConnections(sourceOf(imported), target)).toMatchObject({ created: 0, existing: 1 });
  expect(await store.due.claim(Date.now() + 3_600_000, 10, 1_000)).toHaveLength(1);
});
