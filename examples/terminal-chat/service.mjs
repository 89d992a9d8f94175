/** The few calls of Valetkey's HTTP API that a bot needs, and a service to call when none runs. */

import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Problems (RFC 9457) are answers like any other: their `code` says what to do next. */
export function createService({ url, apiKey }) {
  const call = async (method, path, body) => {
    const response = await fetch(url + path, {
      method,
      headers: { authorization: `Bearer ${apiKey}`, ...(body ? { 'content-type': 'application/json' } : {}) },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    const answer = await response.json();
    if (response.ok || [403, 409, 410].includes(response.status)) return answer;
    throw new Error(`${method} ${path.replace(/\?.*/, '')}: ${response.status} ${answer.code}`);
  };
  const users = (user) => `/v1/users/${encodeURIComponent(user)}`;
  return {
    findToken: (user, provider) => call('GET', `${users(user)}/tokens/${provider}`),
    submitProof: (user, code) => call('POST', `${users(user)}/proof`, { code }),
    disconnect: (user, provider) => call('DELETE', `${users(user)}/connections/${provider}`),
    /** Resolves when the status is another one than `known`: each call waits at the service, none of them here. */
    waitForConnect: async (id, known) => {
      for (;;) {
        const connect = await call('GET', `/v1/connects/${id}?wait=25`);
        if (connect.status !== known) return connect;
      }
    },
  };
}

/** The service at VALETKEY_URL, or the one that runs on this machine, or one of our own. */
export async function openService({ dataDir }) {
  const url = process.env.VALETKEY_URL ?? 'http://localhost:3000';
  if (await isAlive(url)) return { url, ...(await readLocal(dataDir)), close: async () => undefined };
  return startService(dataDir);
}

async function startService(dataDir) {
  const port = await findFreePort();
  const start = fileURLToPath(new URL('../../scripts/start.mjs', import.meta.url));
  const child = spawn(process.execPath, [start], {
    env: { ...process.env, PORT: String(port), DATA_DIR: dataDir, BASE_URL: '', LOG_LEVEL: 'error' },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  endWithUs(child);
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const url = `http://localhost:${port}`;
  while (!(await isAlive(url))) {
    const gone = await Promise.race([ended.then(() => true), new Promise((resolve) => setTimeout(resolve, 100))]);
    if (gone) throw new Error('The service did not start.');
  }
  return {
    url,
    ...(await readLocal(dataDir)),
    close: () => {
      child.kill('SIGTERM');
      return ended;
    },
  };
}

/** By itself a process that was started outlives the one that started it and is then told to end. */
export function endWithUs(child) {
  process.once('exit', () => child.kill('SIGTERM'));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(1));
}

/** The key and, when the service runs its sandbox, the address of the GitHub that is emulated there. */
async function readLocal(dataDir) {
  const read = (name) => readFile(join(dataDir, name), 'utf8').catch(() => undefined);
  const sandbox = await read('sandbox.json');
  const emulated = sandbox && new URL(JSON.parse(sandbox).providers.github.userinfo_endpoint).origin;
  return {
    apiKey: process.env.VALETKEY_API_KEY ?? (await read('api-key'))?.trim(),
    github: process.env.GITHUB_API_URL ?? emulated ?? 'https://api.github.com',
  };
}

/** Another program may be there: development servers answer every path with a page. */
async function isAlive(url) {
  return fetch(`${url}/readyz`)
    .then(async (response) => response.ok && (await response.json()).status === 'ready')
    .catch(() => false);
}

function findFreePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
