/** Options of a manager with one provider on an embedded store, in a directory that goes with the test file. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

/** Each call has a directory of its own. End the manager before the file ends. */
export function localManagerOptions() {
  const dataDir = mkdtempSync(join(tmpdir(), 'valetkey-test-'));
  afterAll(() => rmSync(dataDir, { recursive: true, force: true }));
  return {
    baseUrl: 'http://localhost:3000',
    encryptionKeys: `k:${Buffer.alloc(32, 1).toString('base64')}`,
    providers: { github: { client_id: 'id', client_secret: 'secret' } },
    dataDir,
    backgroundWork: false,
  };
}
