/** The example of an MCP agent: two people, two real servers of the SDK, as one process. */

import { execFile, spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, it } from 'vitest';
import { root } from '../support/source-tree.js';

beforeAll(() => {
  const built = spawnSync(process.execPath, [join(root, 'scripts/build.mjs'), '--if-changed'], { encoding: 'utf8' });
  expect(built.status, built.stdout + built.stderr).toBe(0);
}, 120_000);

it('works for two people with two servers, one registering its clients and one not', async () => {
  const { PATH = '' } = process.env;
  const agent = join(root, 'examples/mcp-agent/main.mjs');
  const { stdout } = await promisify(execFile)(process.execPath, [agent], { env: { PATH }, cwd: tmpdir() });
  const talk = (person: string) => [
    `${person}: please open LINK`,
    `${person}: connected`,
    `${person}: you are ${person} at notes`,
    `${person}: please open LINK`,
    `${person}: connected`,
    `${person}: you are ${person} at files`,
    `${person}: you are ${person} at notes`,
  ];
  expect(
    stdout
      .trim()
      .split('\n')
      .map((line) => line.replace(/\/oauth\/mcp-\w{16}/, 'LINK')),
  ).toEqual([...talk('ada'), ...talk('grace'), 'registrations at notes: 1, at files: 0']);
}, 60_000);
