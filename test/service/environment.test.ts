/** Files of variables as Node reads them, for `npm start` and `--env-file` alike. */

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
