/** `npm run demo -- --auto`: the chat of examples/terminal-chat against a service with its sandbox, as one process. */

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { findFreePort, makeDataDir } from '../service/running.js';
import { root } from '../support/source-tree.js';

it('goes on with the interrupted request by itself once the person is connected', async () => {
  const { path, remove } = makeDataDir();
  const { PATH = '', HOME = '' } = process.env;
  try {
    // Nothing listens there, so the demo starts a service of its own.
    const env = { PATH, HOME, DATA_DIR: path, VALETKEY_URL: `http://localhost:${await findFreePort()}` };
    const demo = join(root, 'examples/terminal-chat/main.mjs');
    const { stdout } = await promisify(execFile)(process.execPath, [demo, '--auto'], { env, cwd: path });
    expect(
      stdout.split('\n').map((line) => line.replace(/http\S+/, 'LINK').replace(/^you> \w{8}$/, 'you> CODE')),
    ).toEqual([
      'you> Who am I on GitHub?',
      'bot> For that I need your GitHub account. Open this link: LINK',
      'bot> Your browser shows a code now. Type it here.',
      'you> CODE',
      'bot> Connected as Ada Lovelace.',
      'bot> You are Ada Lovelace (@ada) on GitHub.',
      '',
    ]);
  } finally {
    remove();
  }
}, 120_000);
