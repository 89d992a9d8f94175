import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type * as face from '../../src/index.js';
import { approve } from '../support/browser-walk.js';
import { createManualClock } from '../support/clock.js';
import { secrets } from '../support/service.js';
import { startRelayedProvider } from '../support/token-relay.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** Resolved as a program that depends on the package would: by its name and its `exports`. */
const valetkey: typeof face = await import(createRequire(import.meta.url).resolve('valetkey'));
const { getOAuthManager, initOAuthManager, OAuthManager, OAuthNotConnected, openManager, requireOAuthToken } = valetkey;

const redirectUri = 'http://127.0.0.1:9/my/own/callback';
const hourMs = 3_600_000;
const user = 'slack:T1:U2';
const refused = { code: 'manager_lifecycle' };

let dataDir: string;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'valetkey-library-'));
});
afterEach(() => rm(dataDir, { recursive: true, force: true }));

const neverAsked: face.KeyService = {
  name: 'nobody',
  unwrap: () => Promise.reject(new Error('asked')),
  generate: () => Promise.reject(new Error('asked')),
};

async function openOptions(hold?: () => Promise<unknown>) {
  const strict = await startRelayedProvider({ redirectUri, hold });
  const clock = createManualClock(Date.now());
  const options: face.ManagerOptions = {
    baseUrl: 'http://127.0.0.1:9',
    encryptionKeys: secrets.encryptionKeys,
    dataDir,
    allowInsecureLoopbackProviders: true,
    backgroundWork: false,
    now: clock.now,
    providers: { strict: strict.entry },
  };
  return { strict, clock, options };
}

/** As a host with a browser half of its own gets tokens: its own state and verifier, its own redirect URI. */
async function exchangeByHand(manager: face.OAuthManager): Promise<face.TokenSet> {
  const codeVerifier = 'a-verifier-of-the-host-a-verifier-of-the-host-0001';
  const codeChallenge = createHash('sha256').update(codeVerifier).digest('base64url');
  const url = manager.getAuthorizeUrl('strict', 'state of the host', { codeChallenge, redirectUri });
  const back = await approve(url, redirectUri, { person: 'ada' });
  expect(back.searchParams.get('state')).toBe('state of the host');
  return manager.exchangeCode('strict', back.searchParams.get('code') ?? '', { codeVerifier, redirectUri });
}

it('a program of its own imports the package by its name', () => {
  const program =
    "import { initOAuthManager, requireOAuthToken } from 'valetkey'; console.log(typeof initOAuthManager, typeof requireOAuthToken)";
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { cwd: root });
  expect(`${stdout}${stderr}`.trim()).toBe('function function');
});

describe('the process-wide manager', () => {
  it('is there between initOAuthManager and close, and only once', async () => {
    expect(() => getOAuthManager()).toThrow(expect.objectContaining(refused));
    await expect(requireOAuthToken({ userId: user }, 'strict')).rejects.toMatchObject(refused);
    const { options } = await openOptions();
    const opening = initOAuthManager(options);
    await expect(initOAuthManager(options)).rejects.toMatchObject(refused);
    const manager = await opening;
    expect(getOAuthManager()).toBe(manager);
    await expect(initOAuthManager(options)).rejects.toMatchObject(refused);
    await manager.close();
    await manager.close();
    expect(() => getOAuthManager()).toThrow(expect.objectContaining(refused));
    await expect(manager.getToken(user, 'strict')).rejects.toMatchObject(refused);
    await (await initOAuthManager(options)).close();
  });

  it('tells its host that it is closed, as any other', async () => {
    const { options } = await openOptions();
    let closed = 0;
    const onClose = () => void closed++;
    await (await initOAuthManager({ ...options, onClose })).close();
    await (await openManager({ ...options, onClose })).close();
    expect(closed).toBe(2);
  });

  it('can be made again after options that cannot work', async () => {
    const { options } = await openOptions();
    const wrong = initOAuthManager({ ...options, baseUrl: 'http://public.example' });
    await expect(wrong).rejects.toMatchObject({ code: 'configuration_invalid', faults: [{ name: 'baseUrl' }] });
    await (await initOAuthManager(options)).close();
  });
});

describe('requireOAuthToken', () => {
  it('throws OAuthNotConnected with a link, and gives the token once there is one', async () => {
    const { options, strict, clock } = await openOptions();
    const manager = await initOAuthManager(options);
    onTestFinished(() => manager.close());
    const missing = await requireOAuthToken({ userId: user }, 'strict').catch((error: unknown) => error);
    expect(missing).toBeInstanceOf(OAuthNotConnected);
    expect(missing).toMatchObject({ code: 'not_connected', reason: 'not_connected', provider: 'strict' });
    expect(missing).toMatchObject({ connectUrl: expect.stringContaining('/oauth/strict?link=') });
    const { accessToken, refreshToken, expiresAt = 0, scope } = await exchangeByHand(manager);
    await manager.storeToken(user, {
      provider: 'strict',
      accessToken: accessToken.reveal(),
      refreshToken: refreshToken?.reveal(),
      expiresAt: Math.floor(expiresAt / 1000),
      scopes: scope,
    });
    expect(await requireOAuthToken({ userId: user }, 'strict')).toBe(accessToken.reveal());
    clock.advance(hourMs);
    const renewed = await requireOAuthToken({ userId: user }, 'strict');
    expect(renewed).not.toBe(accessToken.reveal());
    expect(await strict.userinfoStatus(renewed)).toBe(200);
    const wider = requireOAuthToken({ userId: user, scopes: ['read'] }, 'strict');
    await expect(wider).rejects.toMatchObject({ code: 'insufficient_scope', missingScopes: ['read'] });
    expect(await manager.deleteToken(user, 'strict')).toEqual({ revoked: 'yes' });
    expect(await strict.userinfoStatus(renewed)).toBe(401);
  });
});

describe('several managers', () => {
  it('live side by side, each with its own users', async () => {
    const { options } = await openOptions();
    const one = await openManager(options);
    const other = await openManager({ ...options, dataDir: join(dataDir, 'other') });
    await one.storeToken(user, { provider: 'strict', accessToken: 'made by hand' });
    expect((await one.requireToken(user, 'strict')).accessToken.reveal()).toBe('made by hand');
    expect(await one.hasToken(user, 'strict')).toBe(true);
    expect(await other.getToken(user, 'strict')).toBeUndefined();
    await one.close();
    expect(await other.hasToken(user, 'strict')).toBe(false);
    await other.close();
  });

  it('may be made with new, and asked at once', async () => {
    const { options } = await openOptions();
    const one = new OAuthManager(options);
    const other = new OAuthManager({ ...options, dataDir: join(dataDir, 'other') });
    expect([one.isProviderConfigured('strict'), one.figures().commitsRestored]).toEqual([true, 0]);
    const asked = [one.hasToken(user, 'strict'), one.listUserConnections(user), other.getToken(user, 'strict')];
    expect(await Promise.all(asked)).toEqual([false, [], undefined]);
    await one.storeToken(user, { provider: 'strict', accessToken: 'made by hand' });
    expect((await one.requireToken(user, 'strict')).accessToken.reveal()).toBe('made by hand');
    expect(await other.hasToken(user, 'strict')).toBe(false);
    await Promise.all([one.opened, other.opened]);
    expect((await one.checkStore()).kind).toBe('embedded');
    await Promise.all([one.close(), other.close()]);
    await expect(one.getToken(user, 'strict')).rejects.toMatchObject(refused);
    const next = await initOAuthManager(options);
    expect(next).toBeInstanceOf(OAuthManager);
    expect(await next.hasToken(user, 'strict')).toBe(true);
    await next.close();
  });

  it('made with new, may be closed before they are open, background work and all', async () => {
    const { options } = await openOptions();
    const { now: _clock, ...own } = options;
    const manager = new OAuthManager({ ...own, backgroundWork: true });
    await manager.close();
    await (await openManager(options)).close();
  });

  it('made with new, say to whoever asks why the store cannot be opened', async () => {
    const { options } = await openOptions();
    await (await openManager(options)).close();
    const foreign = new OAuthManager({ ...options, encryptionKeys: `other:${Buffer.alloc(32, 9).toString('base64')}` });
    await expect(foreign.getToken(user, 'strict')).rejects.toMatchObject({ code: 'key_unavailable' });
    await expect(foreign.opened).rejects.toMatchObject({ code: 'key_unavailable' });
    await foreign.close();
    const gone = new OAuthManager({ ...options, redisUrl: 'redis://127.0.0.1:1' });
    await expect(gone.hasToken(user, 'strict')).rejects.toMatchObject({ code: 'store_unavailable' });
    await gone.close();
  });

  it.each<[string, Partial<face.ManagerOptions>]>([
    ['baseUrl', { baseUrl: 'http://public.example' }],
    ['ENCRYPTION_KEYS', { encryptionKeys: 'k:short' }],
    ['keyService', { keyService: neverAsked }],
    ['spoolDir', { spoolDir: '/nowhere' }],
  ])('made with new, refuse at once what cannot work: %s', async (name, wrong) => {
    const { options } = await openOptions();
    const made = () => new OAuthManager({ ...options, ...wrong });
    expect(made).toThrow(
      expect.objectContaining({ code: 'configuration_invalid', faults: [{ name, problem: expect.any(String) }] }),
    );
  });

  it('close waits for a refresh under way, so that its answer is kept', async () => {
    let hold: Promise<void> | undefined;
    let release = () => {};
    const { options, strict, clock } = await openOptions(async () => hold);
    const manager = await openManager(options);
    const { accessToken, refreshToken } = await exchangeByHand(manager);
    const expiresAt = Math.floor(clock.now() / 1000) - 10;
    const tokens = { accessToken: accessToken.reveal(), refreshToken: refreshToken?.reveal(), expiresAt };
    await manager.storeToken(user, { provider: 'strict', ...tokens });
    hold = new Promise((resolve) => {
      release = resolve;
    });
    const waiting = manager.requireToken(user, 'strict');
    await expect.poll(() => strict.answers.length).toBe(2);
    const closing = manager.close();
    release();
    await closing;
    const renewed = (await waiting).accessToken.reveal();
    const next = await openManager(options);
    expect((await next.requireToken(user, 'strict')).accessToken.reveal()).toBe(renewed);
    expect(strict.requests('refresh_token')).toHaveLength(1);
    await next.close();
  });
});
