/** The audit trail on the command line, over a store of its own. */

import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { runCommand } from '../../src/cli/program.js';
import { makeDataDir } from '../service/running.js';

let dataDir: ReturnType<typeof makeDataDir>;

beforeEach(() => {
  dataDir = makeDataDir();
  vi.stubEnv('DATA_DIR', dataDir.path);
  vi.stubEnv('BASE_URL', 'http://localhost:3999');
});
afterEach(() => {
  process.exitCode = undefined;
  dataDir.remove();
});

/** What a command line prints, line by line. */
async function print(line: string): Promise<string[]> {
  const out: string[] = [];
  const spy = vi.spyOn(console, 'log').mockImplementation((text: string) => void out.push(text));
  expect(await runCommand(line.split(' '))).toBe(0);
  spy.mockRestore();
  return out;
}

it('keys made and revoked here are written down as the operator’s acts, without the key (S3-25)', async () => {
  const [key = ''] = await print('api-keys create --owner team');
  const id = key.split('_')[1] ?? '';
  await print(`api-keys revoke ${id}`);
  const [made, revoked, ...more] = (await print('audit export')).map((line) => JSON.parse(line));
  expect(more).toEqual([]);
  expect(made).toMatchObject({ act: 'api_key.create', outcome: 'ok', actor: { kind: 'operator' }, object: id });
  expect(revoked).toMatchObject({ act: 'api_key.revoke', object: id, tenant: 'default' });
  expect(JSON.stringify(made)).not.toContain(key);
  expect((await print(`audit export --after ${made.id}`)).map((line) => JSON.parse(line).act)).toEqual([
    'api_key.revoke',
  ]);
});

it('tail prints the newest lines, oldest first, of one tenant', async () => {
  for (const owner of ['a', 'b', 'c']) await print(`api-keys create --owner ${owner}`);
  await print('api-keys create --owner d --tenant acme');
  expect(await print('audit tail --lines 2')).toHaveLength(2);
  const [line = ''] = await print('audit tail --tenant acme');
  expect(line.split('\t').slice(1, 4)).toEqual(['api_key.create', 'ok', 'operator cli']);
  expect(JSON.parse((await print('audit tail --tenant acme --json'))[0] ?? '')).toMatchObject({ tenant: 'acme' });
});
