/** The embedded engine: the common behaviour, and what only a data file shows. */

import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { openEmbeddedEngine } from '../../src/store/embedded/index.js';
import { createStore } from '../../src/store/sealed-store.js';
import { at, freshOwner } from './contract/fields.js';
import { engineContract, storeContract } from './contract.js';
import { aConnection, anOwner, keyring } from './samples.js';

const root = mkdtempSync(path.join(tmpdir(), 'valetkey-embedded-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

engineContract('embedded', (options) => openEmbeddedEngine({ dataDir: path.join(root, 'engine'), ...options }));
storeContract('embedded', (options) => openEmbeddedEngine({ dataDir: path.join(root, 'store'), ...options }));

const mode = (file: string) => (statSync(file).mode & 0o777).toString(8);

describe('the data directory', () => {
  it('is made for its user alone, like the files in it', async () => {
    const dataDir = path.join(root, 'made', 'here');
    const engine = await openEmbeddedEngine({ dataDir });
    expect(mode(dataDir)).toBe('700');
    expect(readdirSync(dataDir).map((name) => mode(path.join(dataDir, name)))).toEqual(['600', '600']);
    await engine.close();
  });

  it('that is open to others is left as it is, with a warning; the files are closed to them', async () => {
    const dataDir = path.join(root, 'open');
    mkdirSync(dataDir);
    chmodSync(dataDir, 0o755);
    writeFileSync(path.join(dataDir, 'valetkey.mdb'), '', { mode: 0o644 });
    const engine = await openEmbeddedEngine({ dataDir });
    expect((await engine.check()).warnings.join()).toMatch(/0700/);
    expect([mode(dataDir), mode(path.join(dataDir, 'valetkey.mdb'))]).toEqual(['755', '600']);
    await engine.close();
  });

  it('holds what was written after it is closed and opened again', async () => {
    const dataDir = path.join(root, 'again');
    const first = await openEmbeddedEngine({ dataDir });
    await first.putDocument('things', 'a', Buffer.from('1'));
    await first.close();
    const second = await openEmbeddedEngine({ dataDir });
    expect(await second.getDocument('things', 'a')).toEqual(Buffer.from('1'));
    await second.close();
  });

  it('that several stores of a process have open stays open until the last has left', async () => {
    const dataDir = path.join(root, 'shared');
    const [first, second] = [await openEmbeddedEngine({ dataDir }), await openEmbeddedEngine({ dataDir })];
    const writing = first.putDocument('things', 'a', Buffer.from('1'));
    await Promise.all([first.close(), first.close()]);
    await writing;
    await expect(first.getDocument('things', 'a')).rejects.toMatchObject({ code: 'store_unavailable' });
    expect(await second.getDocument('things', 'a')).toEqual(Buffer.from('1'));
    await second.close();
    const third = await openEmbeddedEngine({ dataDir });
    expect(await third.getDocument('things', 'a')).toEqual(Buffer.from('1'));
    await third.close();
  });

  it('that has taken the place of a removed one is another store', async () => {
    const dataDir = path.join(root, 'replaced');
    const before = await openEmbeddedEngine({ dataDir });
    await before.putDocument('things', 'a', Buffer.from('1'));
    rmSync(dataDir, { recursive: true });
    const after = await openEmbeddedEngine({ dataDir });
    expect(await after.getDocument('things', 'a')).toBeUndefined();
    await Promise.all([before.close(), after.close()]);
  });

  it('holds no secret, user id or account in the clear', async () => {
    const dataDir = path.join(root, 'sealed');
    const engine = await openEmbeddedEngine({ dataDir });
    const owner = anOwner();
    const connection = aConnection(owner);
    const store = createStore(engine, keyring('k1'));
    await store.connections.write(owner, [{ kind: 'put_connection', connection, expect: 'absent', generation: 1 }]);
    await engine.close();
    const file = readFileSync(path.join(dataDir, 'valetkey.mdb'));
    expect(file.includes('c/github')).toBe(true);
    for (const text of [connection.tokenSet.accessToken.reveal(), owner.userId, 'octocat']) {
      expect(file.includes(text)).toBe(false);
    }
  });

  it('that cannot be used is StoreUnavailable', async () => {
    const file = path.join(root, 'a-file');
    writeFileSync(file, 'x');
    await expect(openEmbeddedEngine({ dataDir: file })).rejects.toMatchObject({ code: 'store_unavailable' });
  });

  it('says why its data file cannot be used', async () => {
    const dataDir = path.join(root, 'taken');
    mkdirSync(path.join(dataDir, 'valetkey.mdb'), { recursive: true });
    const problem = `The data file ${dataDir}/valetkey.mdb cannot be used (EISDIR: illegal operation on a directory).`;
    await expect(openEmbeddedEngine({ dataDir })).rejects.toMatchObject({ message: problem });
  });

  it('whose data file is none of ours is StoreUnavailable, and the file is left as it is', async () => {
    const dataDir = path.join(root, 'foreign');
    mkdirSync(dataDir);
    const content = 'not a data file '.repeat(1_000);
    writeFileSync(path.join(dataDir, 'valetkey.mdb'), content);
    await expect(openEmbeddedEngine({ dataDir })).rejects.toMatchObject({ code: 'store_unavailable' });
    expect(readFileSync(path.join(dataDir, 'valetkey.mdb'), 'utf8')).toBe(content);
  });

  it.each(['', '.', '../up', 'a/b', 'a b'])('refuses %j as a key prefix: it names the file', async (keyPrefix) => {
    await expect(openEmbeddedEngine({ dataDir: root, keyPrefix })).rejects.toMatchObject({
      code: 'configuration_invalid',
      faults: [{ name: 'KEY_PREFIX' }],
    });
  });
});

describe('values that have ended', () => {
  it('are cleared away by later writes', async () => {
    let now = 1_795_000_000_000;
    const dataDir = path.join(root, 'swept');
    const engine = await openEmbeddedEngine({ dataDir, now: () => now });
    const value = Buffer.alloc(3_000, 'ended');
    // Ten at once share a write to the disk, which others may keep busy.
    const putHundred = async (name: string) => {
      for (let ten = 0; ten < 10; ten += 1) {
        const keys = Array.from({ length: 10 }, (_, index) => `${name}/${ten}${index}`);
        await Promise.all(keys.map((key) => engine.putExpiring(key, value, 1_000)));
      }
    };
    await putHundred('k');
    const full = statSync(path.join(dataDir, 'valetkey.mdb')).size;
    for (let round = 0; round < 10; round += 1) {
      now += 2_000;
      await putHundred(`k/${round}`);
    }
    expect(statSync(path.join(dataDir, 'valetkey.mdb')).size).toBeLessThan(full * 2);
    await engine.close();
  });

  it('end at their time and not before', async () => {
    let now = 1_795_000_000_000;
    const engine = await openEmbeddedEngine({ dataDir: path.join(root, 'exact'), now: () => now });
    await engine.putExpiring('k', Buffer.from('a'), 1_000);
    now += 999;
    expect(await engine.getExpiring('k')).toEqual(Buffer.from('a'));
    now += 1;
    expect(await engine.getExpiring('k')).toBeUndefined();
    expect(await engine.takeExpiring('k')).toBeUndefined();
    await engine.close();
  });
});

it('a lease whose holder died goes with its field', async () => {
  let now = 1_795_000_000_000;
  const engine = await openEmbeddedEngine({ dataDir: path.join(root, 'leases'), now: () => now });
  const owner = freshOwner();
  await engine.writeFields(owner, [{ field: 'c/github', expect: 'absent', next: at(1, 'a') }]);
  const claim = { field: 'c/github', holder: 'gone', version: 1, leaseMs: 6_000, note: Buffer.from('note') };
  await engine.claimField(owner, claim);
  now += 6_001;
  await engine.writeFields(owner, [{ field: 'c/github', expect: 1 }]);
  expect((await engine.walk('owners')).names).toEqual([]);
  await engine.close();
});

describe('log entries', () => {
  it('older than what is to be kept go; ids go on rising when the clock is set back', async () => {
    let now = 1_795_000_000_000;
    const engine = await openEmbeddedEngine({ dataDir: path.join(root, 'logs'), now: () => now });
    const keep = { keepMs: 1_000, keepMost: 100 };
    await engine.append('log', Buffer.from('old'), keep);
    now += 1_001;
    const second = await engine.append('log', Buffer.from('new'), keep);
    expect((await engine.readLog('log', undefined, 10)).map(({ id }) => id)).toEqual([second]);
    now -= 60_000;
    const third = await engine.append('log', Buffer.from('later'), keep);
    expect(third > second).toBe(true);
    await engine.close();
  });

  it('of a log that nobody writes to any more are removed by what is written to others', async () => {
    let now = 1_795_000_000_000;
    const dataDir = path.join(root, 'idle');
    const engine = await openEmbeddedEngine({ dataDir, now: () => now });
    const keep = { keepMs: 1_000, keepMost: 100 };
    for (const log of ['audit/a', 'audit/b', 'events/c']) await engine.append(log, Buffer.from('old'), keep);
    now += 1_001;
    // Who waits for what comes after an entry that has ended is not woken by those that have ended as well.
    const patience = AbortSignal.timeout(50);
    await engine.waitLog('audit/a', '1', patience);
    expect(patience.aborted).toBe(true);
    for (let turn = 0; turn < 4; turn += 1) await engine.append('audit/b', Buffer.from('new'), keep);
    await engine.close();
    // By a clock from before they ended, all that lies there is read.
    const then = await openEmbeddedEngine({ dataDir, now: () => now - 1_001 });
    expect(await then.readLog('audit/a', undefined, 10)).toEqual([]);
    expect(await then.readLog('events/c', undefined, 10)).toEqual([]);
    expect(await then.readLog('audit/b', undefined, 10)).toHaveLength(4);
    await then.close();
  });

  it('wake waiters of their own process without a look at the file', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    onTestFinished(() => void vi.useRealTimers());
    const engine = await openEmbeddedEngine({ dataDir: path.join(root, 'woken') });
    const signal = AbortSignal.timeout(10_000);
    const waiting = engine.waitLog('log', await engine.newestId('log'), signal);
    await engine.newestId('log'); // by now the waiter has looked and waits
    await engine.append('log', Buffer.from('a'), { keepMs: 1_000, keepMost: 100 });
    await waiting;
    expect(signal.aborted).toBe(false);
    await engine.close();
  });

  it('let their waiters go when the engine is closed', async () => {
    const engine = await openEmbeddedEngine({ dataDir: path.join(root, 'waiting') });
    const signal = AbortSignal.timeout(10_000);
    const waiting = engine.waitLog('log', await engine.newestId('log'), signal);
    await engine.close();
    await waiting;
    expect(signal.aborted).toBe(false);
  });
});

describe('reads of one turn', () => {
  it('are answered each: by one that fails, and by an end that follows, the others lose nothing', async () => {
    const engine = await openEmbeddedEngine({ dataDir: path.join(root, 'together') });
    const owner = freshOwner();
    const change = { field: 'f', expect: 'absent', next: at(1, 'a') } as const;
    expect(await engine.writeFields(owner, [change])).toBe('stored');
    const tooLong = 'x'.repeat(5_000);
    const reads = ['f', tooLong, 'f'].map((field) => engine.readField(owner, field));
    const closing = engine.close();
    const settled = await Promise.allSettled([...reads, engine.readField(owner, 'f')]);
    expect(settled).toMatchObject([
      { status: 'fulfilled', value: at(1, 'a') },
      { status: 'rejected', reason: { code: 'store_unavailable' } },
      { status: 'fulfilled', value: at(1, 'a') },
      { status: 'rejected', reason: { message: 'The embedded store is closed.' } },
    ]);
    await closing;
  });
});
