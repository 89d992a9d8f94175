/** What opening a manager does, and what it leaves for later: seen in a process of its own, where nothing is loaded yet. */

import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { makeDataDir } from './service/running.js';
import { root } from './support/source-tree.js';

beforeAll(() => {
  execFileSync(process.execPath, [join(root, 'scripts/build.mjs'), '--if-changed'], { stdio: 'pipe' });
}, 120_000);

/** Runs a program that has an open `manager`, and `isLoaded(package)`; answers what it prints. */
function runWithManager(program: string): string {
  return runWithOptions(`const manager = await openManager(options); ${program}`);
}

/** Runs a program that has `openManager`, the `options` for it, and `isLoaded(package)`; answers what it prints. */
function runWithOptions(program: string): string {
  const { path: dataDir, remove } = makeDataDir();
  const options = {
    baseUrl: 'http://localhost:3000',
    encryptionKeys: `k:${Buffer.alloc(32, 1).toString('base64')}`,
    providers: { github: { client_id: 'id', client_secret: 'secret' } },
    dataDir,
  };
  const source = `
    import { createRequire } from 'node:module';
    import { openManager } from ${JSON.stringify(pathToFileURL(join(root, 'dist/src/open-manager.js')).href)};
    const { cache } = createRequire(${JSON.stringify(join(root, 'package.json'))});
    const isLoaded = (name) => Object.keys(cache).some((file) => file.includes('/node_modules/' + name + '/'));
    const options = ${JSON.stringify(options)};
    ${program}
  `;
  try {
    const ran = spawnSync(process.execPath, ['--input-type=module', '-e', source], {
      encoding: 'utf8',
      timeout: 60_000,
    });
    return ran.status === 0 ? ran.stdout.trim() : `${ran.status ?? ran.signal}: ${ran.stderr}`;
  } finally {
    remove();
  }
}

describe('a manager that was opened', () => {
  it('has not waited for the way out, and prepares it by itself before anybody asks', { timeout: 90_000 }, () => {
    const printed = runWithManager(`
      const seen = [isLoaded('undici')];
      while (!isLoaded('undici')) await new Promise((resolve) => setTimeout(resolve, 20));
      console.log(JSON.stringify([...seen, true]));
      await manager.close();
    `);
    expect(printed).toBe('[false,true]');
  });

  it('prepares nothing once it is closed, and lets the process end', { timeout: 90_000 }, () => {
    const printed = runWithManager(`
      await manager.close();
      process.on('exit', () => console.log(isLoaded('undici')));
      setTimeout(() => {}, 1_000);
    `);
    expect(printed).toBe('false');
  });
});

describe('a manager that cannot be opened', () => {
  it('leaves nothing open that would keep the process', { timeout: 90_000 }, () => {
    const printed = runWithOptions(`
      const broken = { ...options, redisUrl: 'redis://127.0.0.1:1', sources: { mine: 'no source' } };
      await openManager(broken).catch((error) => console.log(error.code));
    `);
    expect(printed).toBe('configuration_invalid');
  });
});
