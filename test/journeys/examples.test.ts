/** The examples, each as the one process that its command starts; the bots share a service with its sandbox. */

import { execFile, spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { findFreePort, makeDataDir, startRunning } from '../service/running.js';
import { listFiles, readText, root } from '../support/source-tree.js';

beforeAll(() => {
  const built = spawnSync(process.execPath, [join(root, 'scripts/build.mjs'), '--if-changed'], { encoding: 'utf8' });
  expect(built.status, built.stdout + built.stderr).toBe(0);
}, 120_000);

/** What an example prints, line by line, with the links, which differ each time, made equal. */
async function run(name: string, variables: Readonly<Record<string, string>> = {}): Promise<string[]> {
  const { PATH = '', HOME = '' } = process.env;
  const program = join(root, 'examples', name, 'main.mjs');
  const env = { PATH, HOME, ...variables };
  const { stdout } = await promisify(execFile)(process.execPath, [program], {
    env,
    cwd: tmpdir(),
    timeout: 100_000,
  });
  return stdout
    .replaceAll(/http:[^\s|>]+\?link=[\w-]+/g, 'LINK')
    .trimEnd()
    .split('\n');
}

/** A service that the bots find by VALETKEY_URL, and its data directory with the key. */
async function serve(): Promise<Record<string, string>> {
  const { path, remove } = makeDataDir();
  const port = await findFreePort();
  const url = `http://localhost:${port}`;
  const service = await startRunning(path, { variables: { BASE_URL: url } });
  onTestFinished(async () => {
    await service.close();
    remove();
  });
  await service.app.listen({ port, host: 'localhost' });
  return { VALETKEY_URL: url, DATA_DIR: path };
}

describe('examples', () => {
  it('the Discord bot answers what Discord signed, and follows up by itself', async () => {
    expect(await run('discord-bot', await serve())).toEqual([
      'a ping: {"type":1}',
      'a ping that somebody else signed: 401',
      'ada> /whoami',
      'bot> Please connect GitHub: LINK and then type `/connect` with the code that you are shown.',
      'ada> /connect CODE',
      'bot> Connected as Ada Lovelace.',
      'bot> You are Ada Lovelace (@ada) on GitHub.',
    ]);
  }, 120_000);

  it('the Slack bot answers what Slack signed a moment ago, and follows up by itself', async () => {
    expect(await run('slack-bot', await serve())).toEqual([
      'signed by somebody else: 401',
      'signed an hour ago: 401',
      'ada> /github whoami',
      'bot> Please connect GitHub: <LINK|open this link> and type `/github code` with the code there.',
      'ada> /github code CODE',
      'bot> Connected as Ada Lovelace.',
      'bot> You are Ada Lovelace (@ada) on GitHub.',
    ]);
  }, 120_000);

  it('the tools tell the model of the link, are resumed, and take the person from no model', async () => {
    expect(await run('tool-handler')).toEqual([
      'tool> Ask the person to connect github first: LINK',
      'resumed> Hello Ada Lovelace (@ada).',
      'ai sdk> You are Ada Lovelace (@ada).',
      'langchain> github_whoami: You are Ada Lovelace (@ada).',
    ]);
  }, 120_000);

  it('the host app connects by its own session, without a code', async () => {
    expect(await run('host-app')).toEqual([
      'without a session: 401',
      'logged in, and sent to /accounts/oauth/github',
      'back at /me: {"user":"host:ada","github":"ada","name":"Ada Lovelace"}',
      'her connections: github active',
      "someone else's: 403",
    ]);
  }, 120_000);

  it('are all in the table, and none is without its command', () => {
    const table = readText('examples/README.md');
    const named = [...table.matchAll(/npm run example ([\w-]+)/g)].map(([, name]) => name);
    const there = listFiles(['examples'], ['/main.mjs']).map((path) => path.split('/')[1]);
    expect([...named, 'terminal-chat'].sort()).toEqual(there);
    const { stderr, status } = spawnSync(process.execPath, [join(root, 'scripts/example.mjs')], { encoding: 'utf8' });
    expect([stderr.trim(), status]).toEqual([`Which one? npm run example ${there.join(' | ')}`, 2]);
  });
});
