import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

function run(kind: 'module' | 'commonjs', program: string): string {
  const { stdout, stderr } = spawnSync(process.execPath, [`--input-type=${kind}`, '-e', program], { cwd: root });
  return `${stdout}${stderr}`.trim();
}

it('a CommonJS program requires the client by its name, and nothing but its own files comes along', () => {
  const program = `
    const { ValetkeyClient, OAuthNotConnected } = require('valetkey/client');
    new ValetkeyClient({ baseUrl: 'http://127.0.0.1:1', apiKey: 'k' });
    const files = Object.keys(require.cache);
    console.log(typeof OAuthNotConnected, files.length > 3, files.every((file) => /dist.cjs.src/.test(file)));`;
  expect(run('commonjs', program)).toBe('function true true');
});

it('an ESM program imports it by the same name', () => {
  const program = `
    import { ValetkeyClient } from 'valetkey/client';
    console.log(typeof new ValetkeyClient({ baseUrl: 'http://127.0.0.1:1', apiKey: 'k' }).requireOAuthToken);`;
  expect(run('module', program)).toBe('function');
});

it('every source map carries its sources: a bundler that reads one warns of files that are not in the package', () => {
  const dist = join(root, 'dist');
  const maps = readdirSync(dist, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.map'));
  const isBare = (name: string) => {
    const { sources, sourcesContent } = JSON.parse(readFileSync(join(dist, name), 'utf8'));
    return !sources.every((_: string, index: number) => typeof sourcesContent?.[index] === 'string');
  };
  expect(maps.length).toBeGreaterThan(100);
  expect(maps.filter(isBare)).toEqual([]);
});
