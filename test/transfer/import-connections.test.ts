/** An import that somebody comes in between of. */

import { expect, it, onTestFinished, vi } from 'vitest';
import { createRegistry } from '../../providers/index.js';
import { openStore } from '../../src/open-store.js';
import { importConnections } from '../../src/transfer/import-connections.js';
import { aConnection, anOwner, refTo, revealed } from '../store/samples.js';
import { makePlace, secrets } from '../support/service.js';

it('never replaces what a person has connected while it looked (S6: create-only)', async () => {
  const { DATA_DIR } = await makePlace('embedded');
  const store = await openStore({ encryptionKeys: secrets.encryptionKeys, dataDir: DATA_DIR });
  onTestFinished(() => store.close());
  const owner = anOwner();
  const theirs = aConnection(owner);
  const imported = { ...aConnection(owner), identity: { id: '4711' }, connectionId: 'co_imported' };
  const put = store.documents.put.bind(store.documents);
  vi.spyOn(store.documents, 'put').mockImplementationOnce(async (...entry) => {
    const change = { kind: 'put_connection', connection: theirs, expect: 'absent', generation: 1 } as const;
    expect(await store.connections.write(owner, [change])).toBe('stored');
    return put(...entry);
  });
  const target = {
    store,
    dryRun: false,
    isKnownProvider: () => true,
    providers: createRegistry({}),
    refreshBufferMs: 0,
    now: Date.now,
  };
  async function* source() {
    yield { where: 'line 1', read: () => imported };
  }
  expect(await importConnections(source(), target)).toMatchObject({ created: 0, existing: 1 });
  expect(revealed((await store.connections.find(refTo(theirs)))?.connection)).toEqual(revealed(theirs));
});
