/** What a command prints and nobody can take: a full disk is told from a reader that has left. */

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';

const program = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));

it('says that the disk is full, with status 1: what was cut short would pass for whole', () => {
  const full = openSync('/dev/full', 'w');
  onTestFinished(() => closeSync(full));
  const stdio = ['ignore', full, 'pipe'] as const;
  const { status, stderr } = spawnSync(process.execPath, [program, 'keys', 'generate'], { stdio: [...stdio] });
  expect([status, String(stderr)]).toEqual([1, 'What is printed could not be written (ENOSPC).\n']);
});

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
