import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createRegistry } from '../../providers/index.js';
import { ConfigurationError } from '../../src/core/errors.js';
import { loadConfig } from '../../src/service/config.js';

/** Names and text of the faults that stop `work`. */
function faultsOf(work: () => unknown): { readonly names: readonly string[]; readonly text: string } {
  try {
    work();
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return { names: error.faults.map(({ name }) => name).sort(), text: JSON.stringify(error.faults) };
  }
  return { names: [], text: '' };
}

const issuers = {
  plain: 'http://canary.example.com',
  query: 'https://as.example.com/?tenant=canary',
  fragment: 'https://as.example.com/#',
  login: 'https://u:canary@example.com',
  local: 'http://127.0.0.1:9',
  good: 'https://as.example.com/tenant',
  'Bad Id': 'https://as.example.com',
};
const entries = Object.fromEntries(Object.entries(issuers).map(([id, issuer]) => [id, { issuer, client_id: 'x' }]));

describe('an entry of which only the issuer can say more', () => {
  it('is faulted before that is asked, with all else (RFC 8414 2)', () => {
    const open = new Map(Object.entries(entries));
    const broken = { empty: { client_id: 'x' } };
    const expected = [
      'empty.authorization_endpoint',
      'empty.token_endpoint',
      'fragment.issuer',
      'login.issuer',
      'plain.issuer',
      'providers',
      'query.issuer',
    ];
    const onLoopback = faultsOf(() => createRegistry(broken, { open, allowInsecureLoopback: true }));
    expect(onLoopback.names).toEqual(expected);
    const elsewhere = faultsOf(() => createRegistry(broken, { open }));
    expect(elsewhere.names).toEqual([...expected, 'local.issuer'].sort());
    expect(elsewhere.text).not.toContain('canary');
  });

  it('stops a service by the name of its file, entry and field', () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'valetkey-issuers-'));
    onTestFinished(() => rmSync(dataDir, { recursive: true }));
    const file = join(dataDir, 'providers.json');
    const { good, plain } = entries;
    writeFileSync(file, JSON.stringify({ providers: { good, plain } }));
    const { names, text } = faultsOf(() => loadConfig({ DATA_DIR: dataDir, PROVIDERS_FILE: file }));
    expect(names).toEqual(['PROVIDERS_FILE']);
    expect(text).toMatch(/plain\.issuer: must be an https URL/);
    expect(text).not.toContain('canary');
  });
});
