import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { openManager } from '../../src/open-manager.js';
import { openStore } from '../../src/open-store.js';

it('the account page costs two trips to the store, however many connections there are', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'valetkey-'));
  const encryptionKeys = `k1:${Buffer.alloc(32, 7).toString('base64')}`;
  const store = await openStore({ encryptionKeys, dataDir });
  const seen: string[] = [];
  const watched =
    <Args extends unknown[], T>(name: string, call: (...args: Args) => Promise<T>) =>
    async (...args: Args): Promise<T> => {
      seen.push(`${name} asked`);
      const answer = await call(...args);
      seen.push(`${name} told`);
      return answer;
    };
  const providers = { github: { client_id: 'x', client_secret: 'x' } };
  const manager = await openManager({ baseUrl: 'http://localhost:3000', providers, encryptionKeys, store });
  onTestFinished(async () => {
    await manager.close();
    await rm(dataDir, { recursive: true, force: true });
  });
  for (const account of ['default', 'work', 'home']) {
    await manager.storeToken('u', { provider: 'github', account, accessToken: account });
    await manager.requireToken('u', 'github', { account, usedBy: { caller: `bot of ${account}` } });
    expect(await manager.listTokenUses('u', 'github', { account })).toHaveLength(1);
  }
  store.connections.list = watched('connections', store.connections.list);
  store.expiring.find = watched('ledger', store.expiring.find) as typeof store.expiring.find;
  const details = await manager.describeConnections('u');
  expect(details.map(({ connection, uses }) => [connection.account, uses[0]?.caller])).toEqual([
    ['default', 'bot of default'],
    ['home', 'bot of home'],
    ['work', 'bot of work'],
  ]);
  const ledgers = (what: string) => Array.from({ length: 3 }, () => `ledger ${what}`);
  expect(seen).toEqual(['connections asked', 'connections told', ...ledgers('asked'), ...ledgers('told')]);
});
