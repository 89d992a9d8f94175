import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openManager } from '../../src/open-manager.js';
import { loadConfig } from '../../src/service/config.js';
import { managerOptions } from '../../src/service/manager-options.js';
import { makeDataDir } from '../service/running.js';
import { type ApprovingProvider, startApprovingProvider } from '../support/approving-provider.js';
import { run } from '../support/command-line.js';

let provider: ApprovingProvider;
const cleaning: (() => Promise<void> | void)[] = [];
const alice = 'slack:T1:alice';

/** Three connections of two users, and one of another tenant. */
beforeEach(async () => {
  const { path, remove } = makeDataDir();
  provider = await startApprovingProvider();
  cleaning.push(remove, () => provider.close());
  const file = join(path, 'providers.json');
  writeFileSync(file, JSON.stringify({ providers: { example: provider.entry, other: provider.entry } }));
  vi.stubEnv('DATA_DIR', path);
  vi.stubEnv('BASE_URL', 'http://localhost:3999');
  vi.stubEnv('PROVIDERS_FILE', file);
  vi.stubEnv('ALLOW_INSECURE_LOOPBACK_PROVIDERS', 'true');
  const manager = await openManager({ ...managerOptions(loadConfig()), backgroundWork: false });
  const token = (account: string) => ({ provider: 'example', account, accessToken: `secret-of-${account}` });
  await manager.storeToken(alice, token('default'));
  await manager.storeToken(alice, token('work'));
  await manager.storeToken('slack:T1:bob', token('home'));
  await manager.storeToken('eve', token('theirs'), { tenant: 'acme' });
  await manager.requireToken(alice, 'example', { usedBy: { caller: 'bot', purpose: 'list issues' } });
  await manager.pauseConnection(alice, 'example', { account: 'work' });
  await manager.close();
});
afterEach(async () => {
  process.exitCode = undefined;
  vi.unstubAllEnvs();
  for (const clean of cleaning.splice(0).reverse()) await clean();
});

const lines = (out: string) => out.split('\n').map((line) => JSON.parse(line));

describe('connections list', () => {
  it('has everybody of the tenant, and never a secret', async () => {
    const { status, out } = await run('connections list --json');
    expect(status).toBe(0);
    expect(lines(out).map((each) => [each.user, each.account_label, each.status])).toEqual([
      [alice, 'default', 'active'],
      [alice, 'work', 'paused'],
      ['slack:T1:bob', 'home', 'active'],
    ]);
    expect(out).not.toContain('secret');
    expect(lines((await run('connections list --tenant acme --json')).out)).toMatchObject([{ user: 'eve' }]);
  });

  it('has one user where one is named, a line for each, without colours in a file', async () => {
    const { out } = await run(`connections list ${alice}`);
    expect(out.split('\n')).toEqual([
      expect.stringMatching(new RegExp(`^${alice}\texample\tdefault\t-\tactive\tlast used .*Z$`)),
      expect.stringMatching(/\twork\t-\tpaused\tnever used$/),
    ]);
    expect(await run('connections list nobody')).toMatchObject({ status: 0, out: '' });
  });
});

describe('connections show', () => {
  it('says everything but the tokens, and who used it', async () => {
    const { status, out } = await run(`connections show ${alice} example --json`);
    expect(status).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      account_label: 'default',
      status: 'active',
      uses: [{ caller: 'bot', name: null, purpose: 'list issues', at: expect.any(Number) }],
    });
    const { out: shown } = await run(`connections show ${alice} example`);
    expect(shown).toMatch(/\nused\t.*Z\tbot\tlist issues$/);
    // Times as in the other lists, and not as programs want them.
    expect(shown).toMatch(/\nconnected_at {7}\d{4}-\d\d-\d\dT[\d:.]+Z\npaused_at {10}-\nlast_used_at {7}\d{4}-/);
    expect((await run('connections show slack:T1:bob example')).out).toContain('home');
  });

  it('fails for what is not there, and names the labels that are', async () => {
    const { status, err } = await run(`connections show ${alice} example --account none`);
    expect({ status, err }).toEqual({
      status: 1,
      err: 'There is no such connection. Those of the user there: --account default, work.',
    });
    expect((await run(`connections show ${alice} other`)).status).toBe(1);
    expect((await run('connections show')).status).toBe(2);
  });
});

describe('connections disconnect', () => {
  it('revokes, forgets, says what came of it, and stands in the audit trail', async () => {
    const { status, out } = await run(`connections disconnect ${alice} example --account work --json`);
    expect({ status, answer: JSON.parse(out) }).toEqual({ status: 0, answer: { revoked: 'yes' } });
    expect(provider.counts.revocation).toBe(1);
    expect(lines((await run(`connections list ${alice} --json`)).out)).toMatchObject([{ account_label: 'default' }]);
    const trail = lines((await run('audit tail --json')).out);
    expect(trail.at(-1)).toMatchObject({
      act: 'disconnect',
      actor: { kind: 'operator', id: 'cli' },
      user: alice,
      account: 'work',
      reason: 'revoked: yes',
    });
    expect((await run(`connections disconnect ${alice} example --account work`)).status).toBe(1);
  });
});

describe('connections retry', () => {
  /** The provider refuses bob's refresh token; until `mended` it does so again. */
  const refuse = async () => {
    const manager = await openManager({ ...managerOptions(loadConfig()), backgroundWork: false });
    const token = { provider: 'example', account: 'home', accessToken: 'ended', refreshToken: 'refused' };
    await manager.storeToken('slack:T1:bob', { ...token, expiresAt: 1 });
    expect(await manager.getToken('slack:T1:bob', 'example', { account: 'home' })).toBeUndefined();
    await manager.close();
  };

  it('counts, sends again, and says what came of it', async () => {
    await refuse();
    expect(await run('connections retry --dry-run')).toMatchObject({
      status: 0,
      out: 'Would be sent again: 1.',
    });
    expect(JSON.parse((await run('connections retry --tenant acme --json')).out)).toMatchObject({ found: 0 });
    const { status, out } = await run('connections retry slack:T1:bob --provider example --json');
    expect({ status, report: JSON.parse(out) }).toEqual({
      status: 0,
      report: { found: 1, revived: 0, refused: 1, failed: {} },
    });
    expect(await run('connections retry --provider exmple')).toMatchObject({
      status: 1,
      err: expect.stringContaining('is example meant?'),
    });
    expect((await run('connections retry --provider example,github')).err).toMatch(
      /^error: --provider: takes one provider\.\n/,
    );
    expect((await run('connections retry')).out).toBe('Sent again: 1. Work: 0. Refused again: 1.');
  });
});
