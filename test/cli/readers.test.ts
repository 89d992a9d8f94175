/** Commands that read: what lies in the data directory is byte by byte what it was. */

import { createHash, generateKeyPairSync, randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openManager } from '../../src/open-manager.js';
import { createEncryptionKey } from '../../src/service/generated-keys.js';
import { makeDataDir } from '../service/running.js';
import { startApprovingProvider } from '../support/approving-provider.js';
import { run } from '../support/command-line.js';

let dataDir: string;
const cleaning: (() => Promise<void> | void)[] = [];

/** A connection under one key; the commands are given another one in front of it, which no service has yet. */
beforeEach(async () => {
  const { path, remove } = makeDataDir();
  const provider = await startApprovingProvider();
  cleaning.push(remove, () => provider.close());
  dataDir = join(path, 'data');
  mkdirSync(dataDir, { mode: 0o700 });
  const old = createEncryptionKey();
  const providers = { example: provider.entry };
  const baseUrl = 'http://localhost:3999';
  const options = { baseUrl, providers, dataDir, encryptionKeys: old, allowInsecureLoopbackProviders: true };
  const manager = await openManager({ ...options, backgroundWork: false });
  await manager.storeToken('alice', { provider: 'example', accessToken: 'secret-of-alice' });
  await manager.close();
  writeFileSync(join(path, 'providers.json'), JSON.stringify({ providers }));
  writeFileSync(join(path, 'tokens.jsonl'), '{"user": "bob", "provider": "example", "access_token": "secret-of-bob"}');
  const { publicKey } = generateKeyPairSync('x25519');
  writeFileSync(join(path, 'recipient.json'), JSON.stringify(publicKey.export({ format: 'jwk' })));
  vi.stubEnv('DATA_DIR', dataDir);
  vi.stubEnv('BASE_URL', baseUrl);
  vi.stubEnv('PROVIDERS_FILE', join(path, 'providers.json'));
  vi.stubEnv('ALLOW_INSECURE_LOOPBACK_PROVIDERS', 'true');
  vi.stubEnv('ENCRYPTION_KEYS', `${createEncryptionKey()},${old}`);
});
afterEach(async () => {
  process.exitCode = undefined;
  for (const clean of cleaning.splice(0).reverse()) await clean();
});

/** Readers of lmdb enter themselves in its lock file; that is left out. */
const contents = () =>
  readdirSync(dataDir)
    .filter((name) => !name.endsWith('-lock'))
    .map((name) => [
      name,
      createHash('sha256')
        .update(readFileSync(join(dataDir, name)))
        .digest('hex'),
    ]);

/** The files that some of them are given and make, beside the data directory. */
const beside = (name: string) => join(dataDir, '..', name);

const readers = () => [
  'api-keys list',
  'audit tail',
  'audit export',
  'connections list',
  'connections list alice',
  'connections show alice example',
  'keys list',
  'keys verify',
  'webhooks list',
  `export --recipient ${beside('recipient.json')} --out ${beside(`${randomUUID()}.jwe`)}`,
];

describe('a command that reads', () => {
  it('writes nothing, not even the name of a key that is new', async () => {
    const before = contents();
    expect(before.map(([name]) => name)).toEqual(['valetkey.mdb']);
    for (const line of readers()) {
      expect({ line, ...(await run(line)) }).toMatchObject({ line, status: 0, err: '' });
      expect({ line, left: contents() }).toEqual({ line, left: before });
    }
  });

  it('writes nothing to the store when it is tried only', async () => {
    const before = contents();
    expect((await run(`import jsonl ${beside('tokens.jsonl')} --dry-run`)).status).toBe(0);
    expect(contents()).toEqual(expect.arrayContaining(before));
  });

  it('makes no store where there is none', async () => {
    const nowhere = join(dataDir, 'nowhere');
    vi.stubEnv('DATA_DIR', nowhere);
    for (const line of readers()) {
      expect({ line, ...(await run(line)) }).toMatchObject({ line, status: 78, err: expect.stringContaining(nowhere) });
    }
    expect(contents().map(([name]) => name)).toEqual(['valetkey.mdb']);
  });

  it('is no other one that makes a store where none is: the operator is told, once', async () => {
    const [elsewhere, told] = [join(dataDir, 'elsewhere'), expect.stringMatching(/^A new store is made: .*REDIS_URL/)];
    vi.stubEnv('DATA_DIR', elsewhere);
    expect(await run(`import jsonl ${beside('tokens.jsonl')}`)).toMatchObject({ status: 0, err: told });
    expect(await run('api-keys create --owner me')).toMatchObject({ status: 0, err: '' });
    vi.stubEnv('DATA_DIR', join(dataDir, 'third'));
    expect(await run('link connect alice example')).toMatchObject({ status: 0, err: told });
  });

  it('takes an empty data file for none, and leaves it as it is', async () => {
    const cut = join(dataDir, 'cut');
    vi.stubEnv('DATA_DIR', cut);
    mkdirSync(cut);
    writeFileSync(join(cut, 'valetkey.mdb'), '');
    expect(await run('keys list')).toMatchObject({ status: 78, err: expect.stringContaining('valetkey.mdb is empty') });
    expect(readdirSync(cut)).toEqual(['valetkey.mdb']);
  });
});
