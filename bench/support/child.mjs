/** A bench's server in a separate process, and its CPU time. */

import { spawn } from 'node:child_process';

/**
 * Starts a Node program that writes its address to file descriptor 3 once it listens.
 *
 * @param environment replaces ours, except for PATH
 * @returns its address; `cpu`, for a program that calls `tellCpu`: CPU time since its start, µs; and how to end it
 */
export async function startServer(file, args = [], environment = {}) {
  const env = { PATH: process.env.PATH, ...environment };
  const child = spawn(process.execPath, [file, ...args], {
    env,
    stdio: ['ignore', 'ignore', 'inherit', 'pipe', 'ipc'],
  });
  const end = () => child.kill('SIGKILL');
  process.once('exit', end);
  const address = await new Promise((resolve, reject) => {
    child.stdio[3].once('data', (bytes) => resolve(String(bytes)));
    child.once('exit', (code) => reject(new Error(`${file} ended with ${code}`)));
  });
  return {
    address,
    cpu: () =>
      new Promise((resolve) => {
        child.once('message', resolve);
        child.send('cpu');
      }),
    stop: async () => {
      process.off('exit', end);
      const gone = new Promise((resolve) => child.once('exit', resolve));
      end();
      await gone;
    },
  };
}

/** For the started program: answers its CPU time on request. */
export function tellCpu() {
  process.on('message', () => {
    const { user, system } = process.cpuUsage();
    process.send(user + system);
  });
}
