/** `valetkey keys forget`: the only way on with a store whose key is gone, and nothing that happens by accident. */

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, it, vi } from 'vitest';
import { defaultTenant, userIdSchema } from '../../src/core/identifiers.js';
import { Keyring } from '../../src/store/sealing.js';
import { openSpool } from '../../src/store/spool.js';
import { aConnection, keyEntry } from '../store/samples.js';
import { run } from '../support/command-line.js';
import { operator, report, write } from '../support/operator-store.js';

const howMany = 60;
const [k2, k3] = [keyEntry('k2'), keyEntry('k3')];
/** Records under k1: the connections, and their entries of the audit trail, several of which may be in one record. */
let held: number;

/** Connections under k1, and a service that comes back without it. */
beforeEach(async () => {
  const lines = Array.from({ length: howMany }, (_, at) => ({ user: `u${at}`, provider: 'github', access_token: 'a' }));
  await run(`import jsonl ${write('tokens', lines.map((line) => JSON.stringify(line)).join('\n'))}`);
  const [k1] = report(await run('keys list --json'));
  held = howMany + k1.records.audit;
  vi.stubEnv('ENCRYPTION_KEYS', k2);
});

it('without --yes says what would go, and changes nothing', async () => {
  const { status, out } = await run('keys forget k1');
  expect(status).toBe(1);
  expect(out).toMatch(/^k1\tMISSING\tconnection 60\t/);
  expect(out).toMatch(new RegExp(`\n${held} records would be removed for good\\. .* not revoked.*\n.* --yes\\.$`));
  expect(report(await run('keys forget k1 --json'))).toMatchObject({ removed: 0, forgotten: [] });
  vi.stubEnv('ENCRYPTION_KEYS', operator.encryptionKeys);
  expect(await run('keys verify')).toMatchObject({ status: 0, out: `${held} records can be opened, 0 cannot.` });
});

it('with it removes them, and the store can be used again; whoever was connected is not any more', async () => {
  expect((await run('connections list')).status).toBe(78);
  const { status, out } = await run('keys forget k1 --yes');
  expect(status).toBe(0);
  expect(out).toMatch(
    new RegExp(`^k1\tMISSING\t.*\n${held} records were removed\\. .* not revoked.*\nk1\tis forgotten`),
  );
  expect(await run('connections list')).toMatchObject({ status: 0, out: '' });
  expect(await run('connections show u1 github')).toMatchObject({ status: 1 });
  expect(await run('audit export')).toMatchObject({ status: 0, out: '' });
  expect((await run('keys list')).out).toMatch(/^k2\tseals\t[^\n]*$/);
});

it('gives up no key that is there, none that is unknown, and repeats nothing that was typed', async () => {
  vi.stubEnv('ENCRYPTION_KEYS', `${k2},${operator.encryptionKeys}`);
  expect(await run('keys forget k1 --yes')).toMatchObject({ status: 2, err: expect.stringContaining('is not lost') });
  vi.stubEnv('ENCRYPTION_KEYS', k2);
  for (const typed of ['k7', operator.encryptionKeys, 'k1,k7', 'unreadable']) {
    const { status, err } = await run(`keys forget ${typed} --yes`);
    expect([status, err]).toEqual([2, expect.stringContaining('no key of that id')]);
    expect(err).not.toContain(operator.encryptionKeys);
  }
  vi.stubEnv('ENCRYPTION_KEYS', operator.encryptionKeys);
  expect((await run('keys verify')).status).toBe(0);
});

it('names the files of a spool that it cannot remove: only that machine has them', async () => {
  const spoolDir = join(operator.dataDir, 'spool');
  vi.stubEnv('SPOOL_DIR', spoolDir);
  const commitOf = (userId: string) => {
    const connection = aConnection({ tenant: defaultTenant, userId: userIdSchema.parse(userId) });
    return { sent: { connection, generation: 1 }, answer: connection.tokenSet };
  };
  const keep = async (entry: string, userId: string) =>
    (await openSpool(spoolDir, Keyring.parse(entry))).keep(commitOf(userId));
  await keep(operator.encryptionKeys, 'u1');
  const [file = ''] = readdirSync(spoolDir);
  await keep(k2, 'u2');
  const told = `Files that stay in SPOOL_DIR, to be removed by hand: 1\n${join(spoolDir, file)}`;
  expect((await run('keys forget k1')).out).toContain(told);
  expect((await run('keys forget k1 --yes')).out).toContain(told);
  expect(readdirSync(spoolDir)).toHaveLength(2);
});

it('gives up several at once, and none while another one is missing, too', async () => {
  vi.stubEnv('ENCRYPTION_KEYS', `${k2},${operator.encryptionKeys}`);
  await run('api-keys create --owner me');
  vi.stubEnv('ENCRYPTION_KEYS', k3);
  expect((await run('keys forget k1 --yes')).status).toBe(78);
  const { keys, ...done } = report(await run('keys forget k1,k2 --yes --json'));
  expect(done).toEqual({ removed: held + 2, forgotten: ['k1', 'k2'], spooled: [] });
  expect((await run('api-keys list')).status).toBe(0);
});

it('a second run ends what a signal has interrupted', async () => {
  let isOver = false;
  const others = process.listenerCount('SIGTERM');
  const running = run('keys forget k1 --yes').finally(() => {
    isOver = true;
  });
  while (!isOver && process.listenerCount('SIGTERM') === others) await new Promise((done) => setImmediate(done));
  process.emit('SIGTERM');
  expect(await running).toMatchObject({ status: 1, err: 'Interrupted: run it again.' });
  expect((await run('api-keys list')).status).toBe(78);
  expect(report(await run('keys forget k1 --yes --json')).forgotten).toEqual(['k1']);
  expect((await run('api-keys list')).status).toBe(0);
});
