/** An operator with a key service: makes a key, runs the store with it, rotates, and loses nothing in between. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { loadConfig } from '../../src/service/config.js';
import { run } from '../support/command-line.js';
import { startVault, vaultToken } from '../support/scripted-key-services.js';

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'valetkey-keys-'));
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

const variablesFor = (url: string) => ({
  BASE_URL: 'http://localhost:3000',
  DATA_DIR: dataDir,
  KEY_SERVICE: 'vault',
  VAULT_ADDR: url,
  VAULT_TOKEN: vaultToken,
  VAULT_TRANSIT_KEY: 'valetkey',
  VAULT_TRANSIT_MOUNT: 'secrets/transit',
});

function setEnvironment(variables: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
}

it('wraps a new key, seals under it, and opens all after a rotation to the next one', async () => {
  const vault = await startVault();
  setEnvironment(variablesFor(vault.server.url));
  const first = (await run('keys generate')).out;
  expect(first).toMatch(/^k[0-9a-f]{8}:vault:v1:/);
  vi.stubEnv('ENCRYPTION_KEYS', first);
  expect(await run('api-keys create --owner me --role bot --json')).toMatchObject({ status: 0 });
  const { kid, key } = JSON.parse((await run('keys generate --json')).out);
  vi.stubEnv('ENCRYPTION_KEYS', `${key},${first}`);
  expect(await run('keys rotate --json')).toMatchObject({ status: 0 });
  const listed = JSON.parse((await run('keys list --json')).out);
  expect(listed).toContainEqual(expect.objectContaining({ id: kid, active: true, available: true }));
  expect(listed.map((each: { records: { document: number } }) => each.records.document).sort()).toEqual([0, 1]);
  expect(JSON.parse((await run('keys verify --json')).out)).toMatchObject({ opened: 2, unopened: [] });
});

it('says in one line what the service answered when it will not make a key', async () => {
  const vault = await startVault();
  setEnvironment({ ...variablesFor(vault.server.url), VAULT_TOKEN: 'another-canary-token' });
  const { status, err } = await run('keys generate');
  expect({ status, err }).toEqual({ status: 1, err: 'Vault transit answered 403' });
});

it.each([
  ['no address', { KEY_SERVICE: 'vault' }, ['VAULT_ADDR', 'VAULT_TOKEN', 'VAULT_TRANSIT_KEY', 'ENCRYPTION_KEYS']],
  [
    'no credentials',
    { KEY_SERVICE: 'aws-kms', AWS_REGION: 'eu-central-1' },
    ['AWS_KMS_KEY_ID', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'ENCRYPTION_KEYS'],
  ],
  ['an unknown service', { KEY_SERVICE: 'paper' }, ['KEY_SERVICE', 'ENCRYPTION_KEYS']],
  [
    'a key in clear',
    { ...variablesFor('http://127.0.0.1:9'), ENCRYPTION_KEYS: `k1:${Buffer.alloc(9).toString('base64')}` },
    ['ENCRYPTION_KEYS'],
  ],
  [
    'Vault without TLS',
    {
      ...variablesFor('http://vault.example.org'),
      ENCRYPTION_KEYS: `k1:vault:v1:${Buffer.alloc(60).toString('base64')}`,
    },
    ['VAULT_ADDR'],
  ],
  [
    'a mount that climbs',
    {
      ...variablesFor('http://127.0.0.1:9'),
      VAULT_TRANSIT_MOUNT: '../sys',
      ENCRYPTION_KEYS: `k1:vault:v1:${Buffer.alloc(60).toString('base64')}`,
    },
    ['VAULT_TRANSIT_MOUNT'],
  ],
])('refuses the start with %s', (_what, variables, names) => {
  const faults = () => loadConfig({ DATA_DIR: dataDir, ...variables });
  expect(faults).toThrow(expect.objectContaining({ faults: names.map((name) => expect.objectContaining({ name })) }));
});
