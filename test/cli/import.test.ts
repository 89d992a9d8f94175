/** `valetkey import` on a store of its own, as an operator runs it. */

import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { revealed } from '../store/samples.js';
import { run } from '../support/command-line.js';
import { cleaning, connectionsOf, report, write } from '../support/operator-store.js';
import { sharedRedis } from '../support/redis.js';
import { fernetKey, sealFernet } from '../transfer/fernet-samples.js';

const redis = await sharedRedis();
afterAll(() => redis.stop());

describe('import jsonl', () => {
  const lines = [
    {
      user: 'slack:T1:U1',
      provider: 'github',
      access_token: 'canary-a',
      scopes: 'repo,read:user',
      token_type: 'Bearer',
    },
    {
      user: 'U2',
      provider: 'google',
      access_token: 'canary-b',
      refresh_token: 'canary-r',
      expires_at: '1795000000.5',
      scopes: ['a'],
    },
    { user: 'U3', provider: 'github' },
    { user: 'U4', provider: 'not-a-provider', access_token: 'canary-c' },
  ];
  const file = () => write('in.jsonl', `${lines.map((line) => JSON.stringify(line)).join('\n')}\n\nno json\n`);

  it('creates what it can, names what it cannot, and never a value', async () => {
    const ended = await run(`import jsonl ${file()} --json`);
    expect(ended.status).toBe(1);
    expect(report(ended)).toEqual({
      dry_run: false,
      created: 2,
      existing: 0,
      refused: [
        { where: 'line 3', problem: 'not of the expected form: access_token' },
        { where: 'line 4', problem: 'its provider is not known here' },
        { where: 'line 6', problem: 'not JSON' },
      ],
    });
    expect(ended.out + ended.err).not.toContain('canary');
    const trail = (await run('audit export')).out;
    expect(trail.split('\n').map((line) => JSON.parse(line).act)).toEqual(['token.store', 'token.store']);
    expect(trail).not.toContain('canary');
    const [google] = await connectionsOf('U2');
    expect(revealed(google)).toMatchObject({
      provider: 'google',
      account: 'default',
      tokenSet: { accessToken: 'revealed:canary-b', refreshToken: 'revealed:canary-r', expiresAt: 1_795_000_000_500 },
      state: { kind: 'active' },
      proof: { mode: 'host' },
    });
    const [github] = await connectionsOf('slack:T1:U1');
    expect(github?.tokenSet).toMatchObject({ tokenType: 'bearer', scope: ['repo', 'read:user'] });
    expect(github?.tokenSet.expiresAt).toBeUndefined();
  });

  it('writes nothing in a dry run, and says the same', async () => {
    const path = file();
    const dry = report(await run(`import jsonl ${path} --dry-run --json`));
    expect(await connectionsOf('U2')).toEqual([]);
    expect({ ...dry, dry_run: false }).toEqual(report(await run(`import jsonl ${path} --json`)));
  });

  it('never replaces a connection that is there (S6: create-only), so it may be run again', async () => {
    const path = file();
    await run(`import jsonl ${path}`);
    const before = await connectionsOf('U2');
    write('in.jsonl', JSON.stringify({ ...lines[1], access_token: 'other' }));
    expect(report(await run(`import jsonl ${path} --dry-run --json`))).toMatchObject({ created: 0, existing: 1 });
    expect(report(await run(`import jsonl ${path} --json`))).toMatchObject({ created: 0, existing: 1 });
    expect(revealed(await connectionsOf('U2'))).toEqual(revealed(before));
  });

  it('names a file that is not there', async () => {
    const ended = await run('import jsonl none.jsonl');
    expect(ended.status).toBe(1);
    expect(ended.err).toContain('none.jsonl: no such file or directory.');
  });

  it('renames users and providers, and puts users into a tenant', async () => {
    const path = write('in.jsonl', [
      { user: 'a', provider: 'gh', access_token: 't1' },
      { user: 'b', provider: 'gh', access_token: 't2' },
      { user: 'c', provider: 'gh', access_token: 't3' },
    ]);
    const renamed = JSON.stringify({ a: 'discord:1', b: { user: 'discord:2', tenant: 'other' } });
    const users = write('users.json', `\uFEFF${renamed}`); // as some editors save it
    const ended = await run(`import jsonl ${path} --users ${users} --providers gh=github --tenant acme --json`);
    expect(report(ended)).toMatchObject({ created: 3, refused: [] });
    expect(await connectionsOf('discord:1', 'acme')).toHaveLength(1);
    expect(await connectionsOf('discord:2', 'other')).toHaveLength(1);
    expect(await connectionsOf('c', 'acme')).toHaveLength(1);
  });

  it.each([
    ['', 2],
    ['csv x', 2],
    ['jsonl', 2],
    ['valetkey x', 2],
    ['legacy-fernet', 2],
    ['jsonl x --users none.json', 1],
    ['jsonl x --providers a', 2],
    ['--help', 0],
  ])('"import %s" ends with %i', async (line, status) => {
    expect((await run(`import ${line}`.trim())).status).toBe(status);
  });
});

describe('import legacy-fernet', () => {
  it('opens bundles with any of the keys, as the older programs read them, and leaves Redis as it is (S2-06, S6)', async () => {
    const prefix = `t-${randomUUID()}`;
    const [k1, k2, stranger] = [fernetKey(), fernetKey(), fernetKey()];
    const client = new Redis(redis.url);
    cleaning.push(() => client.quit());
    const put = (user: string, provider: string, text: string, key: string) =>
      client.set(`${prefix}:oauth_tokens:${user}:${provider}`, sealFernet(text, key));
    const bundle = { access_token: 'at', refresh_token: '', expires_at: 0, scopes: ['repo'], token_type: 'Bearer' };
    await put('slack:T1:U1', 'github', JSON.stringify({ ...bundle, provider: 'github' }), k1);
    await put(
      'U2',
      'google',
      JSON.stringify({ access_token: 'old', refresh_token: 'rt', expires_at: '1795000000' }),
      k2,
    );
    await put('U3', 'github', JSON.stringify(bundle), stranger);
    await put('U4', 'github', JSON.stringify({ ...bundle, provider: 'google' }), k1);
    await put('U5', 'github', 'no json', k1);
    await client.set(`${prefix}:oauth_tokens:nobody`, 'x');
    await client.hset(`${prefix}:oauth_tokens:a:hash`, 'a', 'b');
    await client.pexpire(`${prefix}:oauth_tokens:U2:google`, 60_000);
    const keysBefore = (await client.keys(`${prefix}:*`)).sort();

    vi.stubEnv('FERNET_KEYS', `${k1}, ${k2}`);
    const line = `import legacy-fernet --from ${redis.url} --prefix ${prefix} --json`;
    expect(report(await run(`${line} --dry-run`)).created).toBe(2);
    const ended = await run(line);
    const { created, refused } = report(ended);
    expect([ended.status, created]).toEqual([1, 2]);
    expect(refused.map(({ where }: { where: string }) => where.slice(prefix.length + 14)).sort()).toEqual([
      'U3:github',
      'U4:github',
      'U5:github',
      'nobody',
    ]);
    const [github] = await connectionsOf('slack:T1:U1');
    expect(github?.tokenSet.refreshToken).toBeUndefined();
    expect(github?.tokenSet.expiresAt).toBeUndefined();
    const [google] = await connectionsOf('U2');
    expect(revealed(google?.tokenSet)).toMatchObject({
      refreshToken: 'revealed:rt',
      expiresAt: 1_795_000_000_000,
      scope: [],
    });
    expect((await client.keys(`${prefix}:*`)).sort()).toEqual(keysBefore);
    const other = await run(`import legacy-fernet --from ${redis.url} --prefix ${prefix}-other --json`);
    const none = [{ where: `${prefix}-other:oauth_tokens:*`, problem: 'there is no such key' }];
    expect([other.status, report(other).refused]).toEqual([1, none]);
    const elsewhere = await run(`import legacy-fernet --from ${new URL('/9999', redis.url)} --prefix ${prefix}`);
    expect(elsewhere).toMatchObject({ status: 2, err: expect.stringMatching(/^error: --from: .*database/) });
  });

  it.each(['', 'short', `${fernetKey()},x`])(
    'is refused with FERNET_KEYS=%j, by its name and never its value',
    async (keys) => {
      vi.stubEnv('FERNET_KEYS', keys);
      const ended = await run(`import legacy-fernet --from ${redis.url}`);
      expect(ended.status).toBe(78);
      expect(ended.err).toContain('FERNET_KEYS');
      if (keys) expect(ended.err).not.toContain(keys);
    },
  );
});

describe('import from other programs', () => {
  it('takes connections of Nango and refuses other kinds of credentials', async () => {
    const credentials = {
      type: 'OAUTH2',
      access_token: 'at',
      refresh_token: 'rt',
      expires_at: '2026-11-18T12:00:00.000Z',
      raw: { scope: 'a b', token_type: 'bearer' },
    };
    const connection = {
      id: 1,
      connection_id: 'c-1',
      provider_config_key: 'google-mail',
      provider: 'google',
      created_at: '2026-01-01T00:00:00Z',
    };
    const path = write('nango.json', {
      connections: [
        { ...connection, credentials, end_user: { id: 'U1', email: null } },
        { ...connection, connection_id: 'c-2', credentials, tags: { end_user_id: 'U2' } },
        { ...connection, connection_id: 'U3', credentials },
        { ...connection, credentials: { type: 'API_KEY', apiKey: 'k' } },
      ],
    });
    const ended = report(await run(`import nango ${path} --providers google-mail=google --json`));
    expect(ended).toMatchObject({ created: 3, refused: [{ where: 'record 4' }] });
    for (const user of ['U1', 'U2', 'U3']) {
      const [found] = await connectionsOf(user);
      expect(found?.tokenSet).toMatchObject({ expiresAt: Date.parse('2026-11-18T12:00:00Z'), scope: ['a', 'b'] });
      expect(found?.connectedAt).toBe(Date.parse('2026-01-01T00:00:00Z'));
    }
  });

  it('takes accounts of Better Auth by field or column names, and refuses passwords', async () => {
    const path = write('accounts.json', [
      {
        id: '1',
        userId: 'U1',
        providerId: 'github',
        accountId: '583231',
        accessToken: 'at',
        scope: 'repo,read:user',
        createdAt: '2026-01-01T00:00:00Z',
      },
      {
        id: 2,
        user_id: 'U2',
        provider_id: 'google',
        account_id: '7',
        access_token: 'at',
        refresh_token: 'rt',
        access_token_expires_at: 1_795_000_000,
      },
      { id: '3', userId: 'U3', providerId: 'credential', accountId: 'U3', password: 'hash' },
    ]);
    const ended = report(await run(`import better-auth ${path} --json`));
    expect(ended).toMatchObject({ created: 2, refused: [{ where: 'record 3' }] });
    const [github] = await connectionsOf('U1');
    expect(github).toMatchObject({ identity: { id: '583231' }, tokenSet: { scope: ['repo', 'read:user'] } });
    expect((await connectionsOf('U2'))[0]?.tokenSet.expiresAt).toBe(1_795_000_000_000);
  });
});
