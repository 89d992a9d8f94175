import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { ProviderEntry } from '../../../providers/index.js';
import { defaultAccount, internalTenant, providerIdSchema, userIdSchema } from '../../../src/core/identifiers.js';
import type { Secret } from '../../../src/core/secret.js';
import type { Rotation } from '../../../src/core/token-source.js';
import type { ManagerOptions } from '../../../src/open-manager.js';
import { openStore } from '../../../src/open-store.js';
import { eventually } from '../../support/redis.js';
import { type StoreKind, storeKinds } from '../../support/service.js';
import { countedTokens, openSourced } from '../../support/sourced-manager.js';

const fixed = { source: 'refresh_token', refresh_token: 'rt-1' } as const;
const client = { client_id: 'scripted-client', client_secret: 'scripted-secret' };

const openOn =
  (kind: StoreKind) =>
  (entry: Partial<ProviderEntry>, more: Partial<ManagerOptions> = {}) =>
    openSourced(entry, more, kind);

/** The same options with another refresh token. */
const withToken = (options: ManagerOptions, refresh_token: string): Partial<ManagerOptions> => ({
  providers: { src: { ...Object.values(options.providers ?? {})[0], refresh_token } },
});

/** The bare token, as a tool handler gets it; whoever asks is given the same one. */
const tokenOf = async (manager: {
  requireToken: (user: string, provider: string) => Promise<{ accessToken: Secret }>;
}) => (await manager.requireToken('anybody', 'src')).accessToken.reveal();

test('sends the refresh token grant with client and scope, and asks for JSON (S0-04, parity)', async () => {
  const { manager, server, forms } = await openSourced({ ...fixed, scopes: ['a', 'b'] });
  server.answer('/token', countedTokens());
  expect(await tokenOf(manager)).toBe('at-1');
  expect(forms()).toEqual([{ ...client, grant_type: 'refresh_token', refresh_token: 'rt-1', scope: 'a b' }]);
  expect(server.requestsTo('/token')[0]?.headers.accept).toBe('application/json');
});

test('joins scopes by the configured delimiter (parity)', async () => {
  const { manager, server, forms } = await openSourced({ ...fixed, scopes: ['a', 'b'], scope_separator: ',' });
  server.answer('/token', countedTokens());
  await tokenOf(manager);
  expect(forms()[0]?.scope).toBe('a,b');
});

test.each([
  ['no secret', {}],
  ['an empty secret', { client_secret: '' }],
])('with %s it is a public client and sends none (S0-05, parity)', async (_title, secret) => {
  const entry = { ...fixed, client_secret: undefined, token_endpoint_auth_method: 'none' as const, ...secret };
  const { manager, server, forms } = await openSourced(entry);
  server.answer('/token', countedTokens());
  await tokenOf(manager);
  expect(Object.keys(forms()[0] ?? {}).sort()).toEqual(['client_id', 'grant_type', 'refresh_token', 'scope']);
});

test('keeps the token until the buffer begins, for every user alike (S0-07, parity)', async () => {
  const { manager, server, clock, forms } = await openSourced(fixed);
  server.answer('/token', countedTokens());
  expect(await tokenOf(manager)).toBe('at-1');
  clock.advance(3_300_000 - 1);
  expect(await tokenOf(manager)).toBe('at-1');
  clock.advance(1);
  expect(await tokenOf(manager)).toBe('at-2');
  expect(forms()).toHaveLength(2);
});

test('a buffer longer than the token does not defeat it (S0-08)', async () => {
  const { manager, server, clock, forms } = await openSourced(fixed);
  server.answer('/token', countedTokens({ expires_in: 10 }));
  await tokenOf(manager);
  clock.advance(1_000);
  await tokenOf(manager);
  expect(forms()).toHaveLength(1);
});

test.each([['bogus'], [null], [-5], [0], ['Infinity'], [{}]])(
  'a lifetime of %j counts as an hour, is kept, and is warned of once (S0-10, parity)',
  async (expires_in) => {
    const { manager, server, clock, forms, logged } = await openSourced(fixed);
    server.answer('/token', countedTokens({ expires_in }));
    const { expiresAt } = await manager.requireToken('u', 'src');
    expect(expiresAt).toBe(clock.now() + 3_600_000);
    await tokenOf(manager);
    expect(forms()).toHaveLength(1);
    expect(logged.filter((line) => line.includes('expires_in'))).toHaveLength(1);
    expect(logged.join()).not.toContain('at-1');
  },
);

test.each([
  [true, 3_600_000],
  [false, undefined],
])('without a lifetime, tokens_expire %s decides (S0-09)', async (expire, ms) => {
  const { manager, server, clock } = await openSourced({ ...fixed, tokens_expire: expire });
  server.answer('/token', countedTokens({ expires_in: undefined }));
  const { expiresAt } = await manager.requireToken('u', 'src');
  expect(expiresAt).toBe(ms === undefined ? undefined : clock.now() + ms);
});

describe.each(storeKinds)('rotation, on the %s store', (kind) => {
  const open = openOn(kind);
  const rotating = [
    { json: { access_token: 'at-1', expires_in: 10, refresh_token: 'rt-2' } },
    { json: { access_token: 'at-2', expires_in: 10, refresh_token: 'rt-3' } },
    { json: { access_token: 'at-3', expires_in: 10, refresh_token: 'rt-3' } },
    { json: { access_token: 'at-4', expires_in: 10 } },
  ];

  test('is kept, and told once for each new value (S0-14, S0-15, parity)', async () => {
    const told: Rotation[] = [];
    const { manager, server, clock, forms } = await open(fixed, {
      onRotate: (rotation) => void told.push(rotation),
    });
    server.answer('/token', ...rotating);
    for (const _ of rotating) {
      await tokenOf(manager);
      clock.advance(11_000);
    }
    await tokenOf(manager);
    expect(forms().map(({ refresh_token }) => refresh_token)).toEqual(['rt-1', 'rt-2', 'rt-3', 'rt-3', 'rt-3']);
    expect(
      told.map(({ provider, previous, refreshToken }) => [provider, previous.reveal(), refreshToken.reveal()]),
    ).toEqual([
      ['src', 'rt-1', 'rt-2'],
      ['src', 'rt-2', 'rt-3'],
    ]);
  });

  test('outlives a hook that throws, and the process (S0-14)', async () => {
    const onRotate = () => Promise.reject(new Error('CANARY'));
    const { manager, server, clock, forms, openAnother, logged } = await open(fixed, { onRotate });
    server.answer('/token', ...rotating);
    expect(await tokenOf(manager)).toBe('at-1');
    await manager.close();
    clock.advance(11_000);
    expect(await tokenOf(await openAnother())).toBe('at-2');
    expect(forms().map(({ refresh_token }) => refresh_token)).toEqual(['rt-1', 'rt-2']);
    const failed = JSON.stringify({ provider: 'src', message: 'the rotation hook of the host failed' });
    const aboutIt = logged.filter((line) => line.includes('src') || line.includes('hook'));
    expect(aboutIt).toEqual([failed, failed]);
  });

  test('is in the store before the hook hears of it', async () => {
    const seen: unknown[] = [];
    let later: (() => Promise<string>) | undefined;
    const { server, openAnother, forms } = await open(fixed);
    server.answer('/token', ...rotating);
    const manager = await openAnother({ onRotate: async () => void seen.push(await later?.()) });
    later = async () => tokenOf(await openAnother());
    expect(await tokenOf(manager)).toBe('at-1');
    expect(seen).toEqual(['at-1']);
    expect(forms()).toHaveLength(1);
  });

  test('of a refresh token that was replaced meanwhile is told to nobody, and holds nobody up', async () => {
    const told: string[] = [];
    const onRotate = ({ refreshToken }: Rotation) => void told.push(refreshToken.reveal());
    const { manager, server, options, openAnother } = await open(fixed, { onRotate });
    let release = () => {};
    const after = new Promise<void>((resolve) => (release = resolve));
    const issue = (name: string) => ({ json: { access_token: `at-${name}`, refresh_token: `rt-${name}` } });
    server.answer('/token', { ...issue('late'), after }, issue('other'));
    const late = tokenOf(manager).catch(() => undefined);
    await eventually('the old one was sent', () => server.requestsTo('/token').length === 1);
    const store = await openStore(options);
    onTestFinished(() => store.close());
    const token = tokenOf(await openAnother(withToken(options, 'rt-9')));
    const owner = { tenant: internalTenant, userId: userIdSchema.parse('source:src') };
    const ref = { owner, provider: providerIdSchema.parse('src'), account: defaultAccount };
    const standing = async () => (await store.connections.find(ref))?.connection.tokenSet.refreshToken?.reveal();
    await eventually('the new one is in its place', async () => (await standing()) === 'rt-9');
    release();
    expect(await token).toBe('at-other');
    await late;
    expect(told).toEqual(['rt-other']);
  });
});

test('a hook that never ends holds the token back for ten seconds; it is logged, and the next rotation is told', async () => {
  const told: string[] = [];
  let begun: (value?: unknown) => void = () => undefined;
  const hookBegan = new Promise((resolve) => (begun = resolve));
  const onRotate = ({ refreshToken }: Rotation) => {
    told.push(refreshToken.reveal());
    begun();
    return told.length === 1 ? new Promise<void>(() => undefined) : undefined;
  };
  const { manager, server, clock, logged } = await openSourced(fixed, { onRotate });
  server.answer(
    '/token',
    { json: { access_token: 'at-1', expires_in: 10, refresh_token: 'rt-2' } },
    { json: { access_token: 'at-2', expires_in: 10, refresh_token: 'rt-3' } },
  );
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const asked = Promise.all([tokenOf(manager), tokenOf(manager)]);
  await hookBegan;
  await vi.advanceTimersByTimeAsync(9_999);
  expect(logged).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  expect(await asked).toEqual(['at-1', 'at-1']);
  expect(logged).toEqual([expect.stringContaining('rotation hook')]);
  expect(logged.join()).not.toMatch(/rt-|at-/);
  clock.advance(11_000);
  vi.useRealTimers();
  expect(await tokenOf(manager)).toBe('at-2');
  expect(told).toEqual(['rt-2', 'rt-3']);
});

describe.each(storeKinds)('a refresh token out of the configuration, on the %s store', (kind) => {
  const open = openOn(kind);
  const answer = (server: { answer: (path: string, ...answers: object[]) => void }) =>
    server.answer('/token', { json: { access_token: 'at-1', expires_in: 10, refresh_token: 'rt-2' } });

  test('that is new replaces what became of the old one', async () => {
    const { manager, server, forms, options, openAnother } = await open(fixed);
    answer(server);
    await tokenOf(manager);
    await tokenOf(await openAnother(withToken(options, 'other-1')));
    expect(forms().map(({ refresh_token }) => refresh_token)).toEqual(['rt-1', 'other-1']);
  });

  test('that was used up is not brought back by a replica that still has it', async () => {
    const { manager, server, clock, forms, options, openAnother } = await open(fixed);
    answer(server);
    await tokenOf(manager);
    const newer = await openAnother(withToken(options, 'other-1'));
    await tokenOf(newer);
    clock.advance(11_000);
    await tokenOf(await openAnother());
    expect(forms().map(({ refresh_token }) => refresh_token)).toEqual(['rt-1', 'other-1', 'rt-2']);
  });

  test('that the provider refuses is the operator’s to mend, until another one is set', async () => {
    const { manager, server, options, openAnother } = await open(fixed);
    server.answer('/token', { status: 400, json: { error: 'invalid_grant', error_description: 'CANARY' } });
    const refused = await tokenOf(manager).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'provider_misconfigured', whoMustAct: 'operator' });
    expect(JSON.stringify(refused) + String(refused)).not.toMatch(/CANARY|rt-1/);
    answer(server);
    await expect(tokenOf(manager)).rejects.toMatchObject({ code: 'provider_misconfigured' });
    expect(await tokenOf(await openAnother(withToken(options, 'rt-9')))).toBe('at-1');
  });

  test('that is missing or empty is missed when a token is wanted (parity)', async () => {
    const { manager, server } = await open({ ...fixed, refresh_token: '' });
    await expect(tokenOf(manager)).rejects.toMatchObject({ code: 'provider_misconfigured' });
    expect(server.requests).toEqual([]);
  });
});
