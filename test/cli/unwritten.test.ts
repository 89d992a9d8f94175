/** What a command prints and nobody can take: a full disk is told from a reader that has left. */

import { spawn, spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { openStore } from '../../src/open-store.js';
import { makeDataDir } from '../service/running.js';
import { keyEntry } from '../store/samples.js';

const program = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));

it('says that the disk is full, with status 1: what was cut short would pass for whole', () => {
  const full = openSync('/dev/full', 'w');
  onTestFinished(() => closeSync(full));
  const stdio = ['ignore', full, 'pipe'] as const;
  const { status, stderr } = spawnSync(process.execPath, [program, 'keys', 'generate'], { stdio: [...stdio] });
  expect([status, String(stderr)]).toEqual([1, 'What is printed could not be written (ENOSPC).\n']);
});

it.runIf(process.platform === 'linux')(
  'names the export that a full disk cuts short, and leaves none behind',
  async () => {
    const { path: dataDir, remove } = makeDataDir();
    onTestFinished(remove);
    const variables = { BASE_URL: 'http://localhost:3999', DATA_DIR: dataDir, ENCRYPTION_KEYS: keyEntry('k1') };
    await (await openStore({ encryptionKeys: variables.ENCRYPTION_KEYS, dataDir })).close();
    const recipient = join(dataDir, 'recipient.json');
    const { publicKey } = generateKeyPairSync('x25519');
    writeFileSync(recipient, JSON.stringify(publicKey.export({ format: 'jwk' })));
    const out = join(dataDir, 'out.jwe');
    // No file may grow; the signal of that is ignored, so that writing fails as it does on a full disk.
    const limited = ['-c', 'trap "" XFSZ; ulimit -f 0; exec "$0" "$@"', process.execPath, program];
    const command = [...limited, 'export', '--recipient', recipient, '--out', out];
    const { status, stderr } = spawnSync('sh', command, { env: { PATH: process.env.PATH, ...variables } });
    expect([status, String(stderr)]).toEqual([1, `${out} was not made: file too large.\n`]);
    expect(existsSync(out)).toBe(false);
  },
);

it('says nothing of a reader that has left, as head does', async () => {
  const child = spawn(process.execPath, [program, 'keys', 'generate'], { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.destroy();
  let err = '';
  child.stderr.on('data', (text) => {
    err += String(text);
  });
  const [status] = await once(child, 'close');
  expect([status, err]).toEqual([1, '']);
});
