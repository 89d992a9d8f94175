/** Files of variables as Node reads them, for `npm start` and `--env-file` alike. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { loadConfig } from '../../src/service/config.js';
import { makeDataDir } from './running.js';

function loadFile(text: string) {
  const { path, remove } = makeDataDir();
  onTestFinished(remove);
  return loadConfig({ DATA_DIR: path, ENCRYPTION_KEYS: `k1:${'A'.repeat(43)}=`, ...parseEnv(text) });
}

describe('a byte order mark before a file of variables', () => {
  it.each(['', '\r\n'])('is no part of its first name (after the mark: %j)', (between) => {
    const { store, port } = loadFile(`\uFEFF${between}REDIS_URL=redis://cache\r\nPORT=4000\r\n`);
    expect([store.kind, port]).toEqual(['redis', 4000]);
  });

  it('does not put the file before the environment', () => {
    expect(loadFile('\uFEFFPORT=4000\nPORT=5000').port).toBe(5000);
  });
});

describe('UTF-16', () => {
  it.each([
    ['little', (bytes: Buffer) => bytes],
    ['big', (bytes: Buffer) => bytes.swap16()],
  ])('in a file of variables stops the start: Node finds none of them (%s-endian)', (_, order) => {
    const { path, remove } = makeDataDir();
    onTestFinished(remove);
    const file = join(path, 'variables');
    writeFileSync(file, order(Buffer.from(`\uFEFFPORT=4000\r\n`, 'utf16le')));
    const before = new Set(Object.keys(process.env));
    process.loadEnvFile(file);
    onTestFinished(() => {
      for (const name of Object.keys(process.env)) if (!before.has(name)) delete process.env[name];
    });
    expect(() => loadConfig({ ...process.env, DATA_DIR: path, BASE_URL: '' })).toThrow(/^ {2}\.env: .* is UTF-16/m);
  });

  it.each(['ENCRYPTION_KEYS_FILE', 'GITHUB_CLIENT_SECRET_FILE', 'PROVIDERS_FILE'])(
    'in the file of %s is a fault of that name, and nothing in its place is taken for a secret',
    (name) => {
      const { path, remove } = makeDataDir();
      onTestFinished(remove);
      const file = join(path, 'file');
      for (const mark of ['', '\uFEFF']) {
        writeFileSync(file, Buffer.from(`${mark}k1:${'A'.repeat(43)}=`, 'utf16le'));
        const load = () => loadConfig({ DATA_DIR: path, GITHUB_CLIENT_ID: 'x', [name]: file });
        expect(load).toThrow(`  ${name}: names a file that is no UTF-8 text`);
      }
    },
  );
});
