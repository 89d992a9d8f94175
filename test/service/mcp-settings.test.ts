/** The section `mcp` of PROVIDERS_FILE: what it gives the manager, and that its faults are named. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ConfigurationError } from '../../src/core/errors.js';
import { openManager } from '../../src/open-manager.js';
import { loadConfig } from '../../src/service/config.js';
import { managerOptions } from '../../src/service/manager-options.js';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'valetkey-mcp-settings-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function load(mcp: unknown) {
  const path = join(folder, 'providers.yaml');
  writeFileSync(path, JSON.stringify({ providers: {}, mcp }));
  return loadConfig({ PROVIDERS_FILE: path, DATA_DIR: folder });
}

function faultsOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof ConfigurationError)
      return error.faults.map(({ name, problem }) => `${name} ${problem}`).join();
    throw error;
  }
  return '';
}

it('goes to the manager as it stands', () => {
  const mcp = {
    deny: ['*.example'],
    clients: [{ issuer: 'https://login.example.com', client_id: 'a', client_secret: 'b' }],
    servers: { 'https://mcp.example.com/mcp': { assume_pkce_s256: true } },
  };
  expect(managerOptions(load(mcp)).mcp).toEqual(mcp);
});

it('may be missing', () => {
  expect(managerOptions(load(undefined)).mcp).toBeUndefined();
});

it.each([
  [{ servers: { 'https://canary.example/mcp': { assume_pkce: true } } }, 'mcp.servers.<url>'],
  [{ clients: [{ client_id: 'canary' }] }, 'mcp.clients.0.issuer'],
  [{ client_metadata_url: 'http://canary.example/x' }, 'mcp.client_metadata_url'],
  [{ canary: true }, 'mcp'],
  ['canary', 'mcp'],
])('with a fault keeps the program from starting and names the place: %j', (mcp, place) => {
  const faults = faultsOf(() => load(mcp));
  expect(faults).toContain(`PROVIDERS_FILE ${place}`);
  expect(faults.replace('"canary"', '')).not.toContain('canary.example');
});

it('with a fault keeps a manager from opening', async () => {
  const options = { baseUrl: 'http://localhost:3000', providers: {}, dataDir: folder };
  const encryptionKeys = `k1:${Buffer.alloc(32, 1).toString('base64')}`;
  const mcp = { client_metadata_url: 'http://valetkey.example/x' };
  await expect(openManager({ ...options, encryptionKeys, mcp })).rejects.toThrow(/mcp\.client_metadata_url/);
});
