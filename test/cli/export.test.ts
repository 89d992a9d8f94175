/** `valetkey export` and `migrate` on a store of their own, as an operator runs them. */

import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { exportJWK, generateKeyPair } from 'jose';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { tenantIdSchema } from '../../src/core/identifiers.js';
import { openStore } from '../../src/open-store.js';
import { aFullConnection, aGrant, anOwner, keyEntry, refTo, revealed } from '../store/samples.js';
import { run } from '../support/command-line.js';
import { connectionsOf, operator, report, useNewStore, write } from '../support/operator-store.js';
import { sharedRedis } from '../support/redis.js';

const redis = await sharedRedis();
afterAll(() => redis.stop());

describe('export', () => {
  const owners = Array.from({ length: 3 }, () => anOwner());

  async function fill() {
    const store = await openStore(operator);
    const connections = owners.map(aFullConnection);
    for (const connection of connections) {
      const change = { kind: 'put_connection', connection, expect: 'absent', generation: 1 } as const;
      await store.connections.write(refTo(connection).owner, [change]);
    }
    await store.close();
    return connections;
  }

  async function keyFiles(algorithm: string, options: object = {}) {
    const pair = await generateKeyPair(algorithm, { extractable: true, ...options });
    return {
      publicKey: write('public.json', await exportJWK(pair.publicKey)),
      privateKey: write('private.json', await exportJWK(pair.privateKey)),
    };
  }

  it.each([
    ['RSA-OAEP-256', {}],
    ['ECDH-ES+A256KW', { crv: 'P-256' }],
    ['ECDH-ES+A256KW', { crv: 'X25519' }],
  ])('comes back whole in another store, by %s %o', async (algorithm, options) => {
    const connections = await fill();
    const { publicKey, privateKey } = await keyFiles(algorithm, options);
    const out = join(operator.dataDir, 'out');
    const made = await run(`export --recipient ${publicKey} --out ${out} --json`);
    expect(report(made)).toEqual({ exported: 3, skipped: [] });
    expect((statSync(out).mode & 0o777).toString(8)).toBe('600');
    const text = readFileSync(out, 'utf8');
    for (const part of ['ada@example.com', connections[0]?.userId ?? '']) expect(text).not.toContain(part);
    useNewStore();
    expect(report(await run(`import valetkey ${out} --identity ${privateKey} --json`))).toMatchObject({
      created: 3,
      refused: [],
    });
    for (const connection of connections) {
      expect(revealed(await connectionsOf(connection.userId))).toEqual([revealed(connection)]);
    }
  });

  it('shows when lines are missing, doubled, from elsewhere or cut off', async () => {
    await fill();
    const { publicKey, privateKey } = await keyFiles('ECDH-ES+A256KW', { crv: 'P-256' });
    const out = join(operator.dataDir, 'out');
    await run(`export --recipient ${publicKey} --out ${out}`);
    const lines = readFileSync(out, 'utf8').trimEnd().split('\n');
    const refusedOf = async (kept: readonly (string | undefined)[]) => {
      const path = write('kept', kept.join('\n'));
      const ended = await run(`import valetkey ${path} --identity ${privateKey} --dry-run --json`);
      return report(ended).refused.map(({ where }: { where: string }) => where);
    };
    const [a, b, c, end] = lines;
    expect(await refusedOf([a, b, c, end])).toEqual([]);
    expect(await refusedOf([a, b, c])).toEqual(['the end']);
    expect(await refusedOf([a, c, end])).not.toEqual([]);
    expect(await refusedOf([a, a, b, c, end])).not.toEqual([]);
    expect(await refusedOf([a, b, `${c?.slice(0, -8)}AAAAAAAA`, end])).toContain('line 3');
    expect(await refusedOf([])).toEqual(['the end']);
    await run(`export --recipient ${publicKey} --out ${out}-other`);
    const other = readFileSync(`${out}-other`, 'utf8').split('\n');
    expect(await refusedOf([a, other[1], c, end])).toContain('line 2');
  });

  it('is made for public keys only, to a new file, and names what it had to skip', async () => {
    await fill();
    const { publicKey, privateKey } = await keyFiles('ECDH-ES+A256KW', { crv: 'P-256' });
    const out = join(operator.dataDir, 'out');
    expect((await run(`export --recipient ${privateKey} --out ${out}`)).status).toBe(2);
    expect((await run(`export --recipient ${publicKey}`)).status).toBe(2);
    expect((await run(`export --recipient ${publicKey} --out ${out}`)).status).toBe(0);
    const again = await run(`export --recipient ${publicKey} --out ${out}`);
    expect(again).toMatchObject({ status: 1, err: expect.stringContaining(out) });
    expect((await run(`import valetkey ${out} --identity ${publicKey}`)).status).toBe(2);
    vi.stubEnv('ENCRYPTION_KEYS', keyEntry('k2'));
    const ended = await run(`export --recipient ${publicKey} --out ${out}2 --json`);
    expect(ended.status).toBe(1);
    expect(report(ended).skipped).toHaveLength(3);
  });

  it('refuses what is no usable key of the recipient before anything is made', async () => {
    await fill();
    const rsa = await exportJWK((await generateKeyPair('RSA-OAEP-256', { extractable: true })).publicKey);
    const x25519 = { kty: 'OKP', crv: 'X25519' };
    const out = join(operator.dataDir, 'out');
    for (const [key, problem] of [
      [{}, 'must be a JSON Web Key'],
      [{ ...rsa, n: rsa.n?.slice(0, 171) }, 'must have at least 2048 bits'],
      [{ ...rsa, n: `${'A'.repeat(342)}${rsa.n?.slice(0, 100)}` }, 'is not a usable key'],
      [{ ...x25519, x: 'A'.repeat(43) }, 'is not a usable key'],
      [{ ...x25519, x: 'AAAA' }, 'is not a usable key'],
    ] as const) {
      const refused = { status: 2, out: '', err: expect.stringMatching(`^error: --recipient: ${problem}`) };
      expect(await run(`export --recipient ${write('key', key)} --out ${out} --json`)).toEqual(refused);
    }
    expect(existsSync(out)).toBe(false);
  });

  it('is not taken for printed: a file of the name "-" would be no backup of who pipes it on', async () => {
    const { publicKey } = await keyFiles('ECDH-ES+A256KW', { crv: 'X25519' });
    expect(await run(`export --recipient ${publicKey} --out -`)).toMatchObject({
      status: 2,
      err: expect.stringMatching('^error: --out: must be a file'),
    });
    expect(existsSync('-')).toBe(false);
  });

  it('is imported as it is: what would rename it is refused, not passed over', async () => {
    const { privateKey } = await keyFiles('ECDH-ES+A256KW', { crv: 'X25519' });
    for (const option of [`--users ${write('users', {})}`, '--providers gh=github', '--tenant acme']) {
      const ended = await run(`import valetkey ${write('out', 'a')} --identity ${privateKey} ${option}`);
      expect(ended).toMatchObject({
        status: 2,
        err: expect.stringMatching(`valetkey takes no ${option.split(' ')[0]}`),
      });
    }
  });

  it('that is interrupted leaves no file behind', async () => {
    await fill();
    const { publicKey } = await keyFiles('ECDH-ES+A256KW', { crv: 'X25519' });
    const out = join(operator.dataDir, 'out');
    const others = process.listenerCount('SIGINT');
    const exporting = run(`export --recipient ${publicKey} --out ${out}`);
    while (process.listenerCount('SIGINT') === others) await new Promise((resolve) => setImmediate(resolve));
    process.emit('SIGINT');
    expect(await exporting).toEqual({ status: 1, out: '', err: `Interrupted: ${out} was not made.` });
    expect([existsSync(out), process.listenerCount('SIGINT')]).toEqual([false, others]);
    expect((await run(`export --recipient ${publicKey} --out ${out}`)).status).toBe(0);
  });

  it('is of the tenant that is named alone, and of no grant that nobody has proven', async () => {
    const [connection] = await fill();
    const store = await openStore(operator);
    const owner = anOwner();
    const theirs = aFullConnection({ ...owner, tenant: tenantIdSchema.parse('acme') });
    const change = { kind: 'put_connection', connection: theirs, expect: 'absent', generation: 1 } as const;
    await store.connections.write(refTo(theirs).owner, [change]);
    const { owner: waiting } = refTo(connection ?? theirs);
    const grant = { kind: 'put_grant', connectId: 'g1', grant: aGrant(waiting), expect: 'absent' } as const;
    await store.connections.write(waiting, [grant]);
    await store.close();
    const { publicKey, privateKey } = await keyFiles('ECDH-ES+A256KW', { crv: 'X25519' });
    const out = join(operator.dataDir, 'out');
    const made = await run(`export --recipient ${publicKey} --out ${out} --tenant acme --json`);
    expect(report(made)).toEqual({ exported: 1, skipped: [] });
    const all = await run(`export --recipient ${publicKey} --out ${out}-all --json`);
    expect(report(all)).toEqual({ exported: 4, skipped: [] });
    useNewStore();
    await run(`import valetkey ${out} --identity ${privateKey}`);
    expect(revealed(await connectionsOf(theirs.userId, theirs.tenant))).toEqual([revealed(theirs)]);
  });

  it('of a tenant that nobody can have is refused', async () => {
    await fill();
    const { publicKey } = await keyFiles('ECDH-ES+A256KW', { crv: 'X25519' });
    const out = join(operator.dataDir, 'out');
    const { status, err } = await run(`export --recipient ${publicKey} --out ${out} --tenant !`);
    expect({ status, err, made: existsSync(out) }).toEqual({
      status: 2,
      err: expect.stringMatching(/^error: --tenant: is not of the form that is expected\./),
      made: false,
    });
  });
});

describe('migrate', () => {
  it('fills Redis beside the embedded store, and finishes when both are equal', async () => {
    const store = await openStore(operator);
    const connection = aFullConnection(anOwner());
    const change = { kind: 'put_connection', connection, expect: 'absent', generation: 1 } as const;
    await store.connections.write(refTo(connection).owner, [change]);
    await run('api-keys create --owner me');
    const prefix = `t-${randomUUID().slice(0, 20)}`;
    const to = write('url', `${redis.url}\n`);
    const line = `migrate --to-file ${to} --to-prefix ${prefix}`;
    expect(await run(line)).toMatchObject({ status: 0, out: expect.stringContaining('--finish') });
    await store.close();
    expect(report(await run(`${line} --finish --json`))).toMatchObject({ written: 0, equal: true, finished: true });
    expect(await run(`${line} --finish`)).toMatchObject({
      status: 2,
      err: expect.stringContaining('error: --to: holds'),
    });
    const again = await run(`migrate --to-file ${to} --to-prefix ${prefix}-2`);
    expect(again).toMatchObject({
      status: 0,
      err: expect.stringContaining('was migrated. If the new store has been'),
    });
    const there = await openStore({ encryptionKeys: operator.encryptionKeys, redisUrl: redis.url, keyPrefix: prefix });
    expect(revealed((await there.connections.find(refTo(connection)))?.connection)).toEqual(revealed(connection));
    await there.close();
    expect((await run('migrate')).status).toBe(2);
    const refused = { status: 78, err: expect.stringMatching(/was migrated.*"valetkey audit export" reads/) };
    expect(await run('connections list u1')).toMatchObject(refused);
    const trail = await run('audit export');
    expect([trail.status, JSON.parse(trail.out).act]).toEqual([0, 'api_key.create']);
    expect((await run('audit tail')).out).toContain('api_key.create');
  });

  it('refuses a prefix that KEY_PREFIX does not take: no service could use what was moved there', async () => {
    for (const prefix of ['app:valetkey', 'p'.repeat(33)]) {
      expect(await run(`migrate --to ${redis.url} --to-prefix ${prefix} --finish`)).toMatchObject({
        status: 2,
        err: expect.stringMatching(/^error: --to-prefix: must be 1-32 characters/),
      });
    }
  });
});
