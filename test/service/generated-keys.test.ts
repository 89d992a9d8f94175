/** Keys that a start makes for itself beside the embedded store: once, for the owner only, and never in place of others. */

import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { ConfigurationError } from '../../src/core/errors.js';
import { loadConfig } from '../../src/service/config.js';
import { createEncryptionKey } from '../../src/service/generated-keys.js';
import { makeDataDir } from './running.js';

let dataDir: string;
beforeEach(() => {
  const made = makeDataDir();
  dataDir = made.path;
  onTestFinished(made.remove);
});

const load = (variables: Record<string, string>) => loadConfig({ DATA_DIR: dataDir, ...variables });

function faultsOf(variables: Record<string, string>): { names: string[]; message: string } {
  try {
    load(variables);
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return { names: error.faults.map(({ name }) => name), message: error.message };
  }
  return { names: [], message: '' };
}

function keepFile(name: string, text: string): string {
  const path = join(dataDir, name);
  writeFileSync(path, text);
  return path;
}

describe('generated keys', () => {
  it('are made once for the embedded store, for the owner only, and used again', () => {
    const first = load({});
    const second = load({});
    for (const name of ['encryption-keys', 'api-key']) {
      expect(statSync(join(dataDir, name)).mode & 0o777).toBe(0o600);
    }
    expect(second.encryptionKeys.reveal()).toBe(first.encryptionKeys.reveal());
    expect(first.apiKeys).toMatchObject([{ id: 'local', role: 'admin', tenant: 'default' }]);
    expect(second.apiKeys[0]?.secret.reveal()).toBe(readFileSync(join(dataDir, 'api-key'), 'utf8').trim());
    expect(first.generated.apiKey).toBe(join(dataDir, 'api-key'));
  });

  it('are not made when variables give them', () => {
    const config = load({ ENCRYPTION_KEYS: createEncryptionKey(), API_KEYS: `bot:bot:${'s'.repeat(40)}` });
    expect(config.generated).toEqual({});
    expect(() => statSync(join(dataDir, 'api-key'))).toThrow('ENOENT');
  });

  it('are not made with Redis, where replicas must share them', () => {
    const config = load({ REDIS_URL: 'redis://localhost', ENCRYPTION_KEYS: createEncryptionKey() });
    expect(config.apiKeys).toEqual([]);
    expect(() => statSync(join(dataDir, 'encryption-keys'))).toThrow('ENOENT');
  });

  it('are not made when anything else is wrong', () => {
    expect(faultsOf({ PORT: 'x' }).names).toEqual(['PORT']);
    expect(() => statSync(join(dataDir, 'api-key'))).toThrow('ENOENT');
  });

  it('that cannot be read stop the start instead of being replaced', () => {
    load({});
    const path = join(dataDir, 'encryption-keys');
    chmodSync(path, 0o600);
    writeFileSync(path, 'garbage');
    const { names, message } = faultsOf({});
    expect(names).toEqual(['ENCRYPTION_KEYS']);
    expect(message).toContain('put it back from a backup');
    expect(readFileSync(path, 'utf8')).toBe('garbage');
  });

  it('are not made beside a store that was written with others', () => {
    keepFile('valetkey.mdb', 'a store');
    expect(faultsOf({}).names).toEqual(['ENCRYPTION_KEYS']);
    expect(() => statSync(join(dataDir, 'encryption-keys'))).toThrow('ENOENT');
    expect(load({ KEY_PREFIX: 'other' }).generated.encryptionKeys).toBe(join(dataDir, 'encryption-keys'));
  });

  it('are warned of where their store is not there, or empty: nobody is connected in a new one', () => {
    expect(load({}).warnings).toEqual([]);
    const warned = [expect.stringContaining(`${join(dataDir, 'valetkey.mdb')} is empty or not there`)];
    expect(load({}).warnings).toEqual(warned);
    keepFile('valetkey.mdb', '');
    expect(load({}).warnings).toEqual(warned);
    keepFile('valetkey.mdb', 'a store');
    expect(load({}).warnings).toEqual([]);
  });

  it('that cannot be made are a fault of DATA_DIR', () => {
    const file = keepFile('file', 'no directory');
    const { names, message } = faultsOf({ DATA_DIR: file });
    expect(names).toEqual(['DATA_DIR']);
    expect(message).toContain(join(file, 'encryption-keys'));
  });
});
