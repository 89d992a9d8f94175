/** What commands say of records that cannot be opened, of which there may be as many as there are records. */

import { afterEach, expect, it, onTestFinished, vi } from 'vitest';
import { openStore } from '../../src/open-store.js';
import { createEncryptionKey } from '../../src/service/generated-keys.js';
import { makeDataDir } from '../service/running.js';
import { run } from '../support/command-line.js';

afterEach(() => {
  process.exitCode = undefined;
});

/** Documents under a key that the commands are not given; answers its id. */
async function storeUnderLostKey(count: number): Promise<string> {
  const { path, remove } = makeDataDir();
  onTestFinished(remove);
  const lost = createEncryptionKey();
  const store = await openStore({ encryptionKeys: lost, dataDir: path });
  await Promise.all(Array.from({ length: count }, (_, at) => store.documents.put('things', String(at), at)));
  await store.close();
  vi.stubEnv('DATA_DIR', path);
  vi.stubEnv('BASE_URL', 'http://localhost:3999');
  vi.stubEnv('ENCRYPTION_KEYS', createEncryptionKey());
  return lost.slice(0, lost.indexOf(':'));
}

it('are counted by key, and the first 20 are named', async () => {
  const id = await storeUnderLostKey(23);
  const { status, out } = await run('keys verify');
  const [sum, byKey, ...named] = out.split('\n');
  expect([status, sum, byKey]).toEqual([1, '0 records can be opened, 23 cannot.', `${id}\t23 cannot be opened`]);
  expect(named).toHaveLength(21);
  expect(named.at(-1)).toBe('and 3 more: --json prints all');
});

it('are all named in JSON, as before', async () => {
  await storeUnderLostKey(21);
  const { status, out } = await run('keys verify --json');
  const { opened, unopened, ...others } = JSON.parse(out);
  expect({ status, opened, others }).toEqual({ status: 1, opened: 0, others: {} });
  expect(unopened).toHaveLength(21);
  expect(unopened[0]).toEqual({ where: expect.any(String), code: 'key_unavailable' });
});

it('are all named where they are no more than 20', async () => {
  await storeUnderLostKey(20);
  expect((await run('keys verify')).out.split('\n')).toHaveLength(22);
});
