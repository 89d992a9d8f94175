/** The commands that README and getting started mark with `<!-- run -->`, in the shell, against a service with its sandbox. */

import { execFile, spawnSync } from 'node:child_process';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, it, onTestFinished } from 'vitest';
import { findFreePort, makeDataDir, type Running, readCode, startRunning } from '../service/running.js';
import { readText, root } from '../support/source-tree.js';

beforeAll(() => {
  const built = spawnSync(process.execPath, [join(root, 'scripts/build.mjs'), '--if-changed'], { encoding: 'utf8' });
  expect(built.status, built.stdout + built.stderr).toBe(0);
}, 120_000);

/** The address and the code that the manuals are written with. */
const written = { url: 'http://localhost:3000', code: 'K7WX2MPD' };

/** The marked blocks of a manual, in their order. */
const readBlocks = (path: string) =>
  [...readText(path).matchAll(/<!-- run -->\n```sh\n([\s\S]*?)```/g)].flatMap(([, block]) => block ?? []);

/** A folder as after `npm start` in this repository, and a shell in it. */
async function start(): Promise<{ running: Running; shell: (block: string, code?: string) => Promise<string> }> {
  const { path: folder, remove } = makeDataDir();
  const port = await findFreePort();
  const url = `http://localhost:${port}`;
  symlinkSync(join(root, 'dist'), join(folder, 'dist'));
  const running = await startRunning(join(folder, 'data'), { variables: { BASE_URL: url } });
  onTestFinished(async () => {
    await running.close();
    remove();
  });
  await running.app.listen({ port, host: 'localhost' });
  const env = { PATH: process.env.PATH, PORT: String(port), NO_PROXY: '*' };
  const shell = async (block: string, code = written.code) => {
    const text = block.replaceAll(written.url, url).replaceAll(written.code, code);
    const options = { env, cwd: folder, timeout: 100_000 };
    return (await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', text], options)).stdout;
  };
  return { running, shell };
}

it('getting started leads from no connection to a token, as it is written', async () => {
  const blocks = readBlocks('docs/getting-started.md');
  expect(blocks).toHaveLength(4);
  const [ask = '', prove = '', use = '', operate = ''] = blocks;
  const { running, shell } = await start();

  const refused = JSON.parse(await shell(ask));
  expect(refused).toMatchObject({ status: 409, code: 'not_connected' });
  const code = readCode(await running.walk(refused.connect_url, 'ada'));
  expect(JSON.parse(await shell(prove, code))).toMatchObject({ status: 'connected', provider: 'github' });
  expect(JSON.parse(await shell(use))).toMatchObject({ provider: 'github', access_token: expect.any(String) });
  const seen = await shell(operate);
  expect(seen).toContain('/oauth/github/callback');
  expect(seen).toMatch(/\/connections\/enter\?link=[\w-]+/);
}, 120_000);

it('the request of the README is answered with a connect link', async () => {
  const [ask = '', ...others] = readBlocks('README.md');
  expect(others).toEqual([]);
  const { shell } = await start();
  expect(JSON.parse(await shell(ask))).toMatchObject({ code: 'not_connected', connect_url: expect.any(String) });
}, 120_000);
