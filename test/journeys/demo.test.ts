/** `npm run demo`: the chat of examples/terminal-chat against a service with its sandbox, as one process. */

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeEach, expect, it, onTestFinished } from 'vitest';
import { listen } from '../../src/service/server.js';
import { findFreePort, makeDataDir, startRunning } from '../service/running.js';
import { root } from '../support/source-tree.js';

let dataDir: string;

beforeEach(() => {
  const made = makeDataDir();
  dataDir = made.path;
  onTestFinished(made.remove);
});

/** The chat with the service at that port of this machine; the process ends as a rejection unless its status is 0. */
function startDemo(port: number, ...options: readonly string[]) {
  const { PATH = '', HOME = '' } = process.env;
  const env = { PATH, HOME, DATA_DIR: dataDir, VALETKEY_URL: `http://localhost:${port}` };
  const demo = join(root, 'examples/terminal-chat/main.mjs');
  return promisify(execFile)(process.execPath, [demo, ...options], { env, cwd: dataDir, timeout: 100_000 });
}

it('goes on with the interrupted request by itself once the person is connected', async () => {
  // Nothing listens there, so the demo starts a service of its own.
  const { stdout } = await startDemo(await findFreePort(), '--auto');
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
}, 120_000);

it('starts a service of its own where another program has the port', async () => {
  const another = createServer((_request, response) => response.end('<!doctype html><title>My app</title>'));
  await new Promise<void>((resolve) => another.listen(0, 'localhost', resolve));
  onTestFinished(() => void another.close().closeAllConnections());
  const address = another.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  expect((await startDemo(port, '--auto')).stdout).toContain('You are Ada Lovelace');
}, 120_000);

it('ends at /quit although the bot waits for a browser', async () => {
  const service = await startRunning(dataDir);
  const port = await findFreePort();
  onTestFinished((await listen(service, { host: 'localhost', port })).close);
  const demo = startDemo(port);
  demo.child.stdout?.on('data', (text) => String(text).includes('link=') && demo.child.stdin?.write('/quit\n'));
  demo.child.stdin?.write('who am I on GitHub?\n');
  expect((await demo).stdout).toContain('Open this link');
}, 120_000);

it('takes the service that it has started with it when a signal ends it', async () => {
  const demo = startDemo(await findFreePort());
  const failed = expect(demo).rejects.toMatchObject({ code: 1 });
  // The sandbox of a service that has ended in order leaves no such file.
  const runs = () => existsSync(join(dataDir, 'sandbox.json'));
  await new Promise<void>((resolve) => demo.child.stdout?.once('data', () => resolve()));
  expect(runs()).toBe(true);
  demo.child.kill('SIGTERM');
  await failed;
  await expect.poll(runs, { timeout: 20_000 }).toBe(false);
}, 120_000);
