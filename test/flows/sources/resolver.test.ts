import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { exportProviders } from '../../../providers/references.js';
import { Secret } from '../../../src/core/secret.js';
import type { SourcedToken, SourceRequest, TokenSource } from '../../../src/core/token-source.js';
import { countedTokens, openSourced } from '../../support/sourced-manager.js';

/** A source that counts its calls and notes what it was asked. */
function countingSource(requiresSubjectToken: boolean, token: SourcedToken = { accessToken: 'host-token' }) {
  const asked: SourceRequest[] = [];
  const source: TokenSource = {
    requiresSubjectToken,
    resolve: async (request) => {
      asked.push(request);
      return token;
    },
  };
  return { asked, source };
}

const bare = (token: { accessToken: Secret }) => token.accessToken.reveal();

describe('a source of the host’s own (S0-01)', () => {
  test('gives its token without input, by the same call as any other (parity)', async () => {
    const { source, asked } = countingSource(false);
    const { manager } = await openSourced({}, { sources: { own: source } });
    expect(bare(await manager.requireToken('u', 'own'))).toBe('host-token');
    expect(asked).toHaveLength(1);
    expect(manager.listProviders().find(({ id }) => id === 'own')).toMatchObject({ source: 'host', configured: true });
  });

  test('is handed the subject token (parity)', async () => {
    const { source, asked } = countingSource(true);
    const { manager } = await openSourced({}, { sources: { own: source } });
    expect(bare(await manager.requireToken('u', 'own', { subjectToken: 'subject' }))).toBe('host-token');
    expect(bare(await manager.exchangeToken('own', { subjectToken: 'subject' }))).toBe('host-token');
    const handedOut = new Secret('from getToken');
    expect(bare(await manager.exchangeToken('own', { subjectToken: handedOut }))).toBe('host-token');
    expect(asked.map(({ subjectToken }) => subjectToken?.reveal())).toEqual(['subject', 'subject', 'from getToken']);
  });

  test.each([[{}], [{ subjectToken: '' }]])(
    'is not asked without a subject that it needs: %j (S0-02, parity)',
    async (input) => {
      const { source, asked } = countingSource(true);
      const { manager } = await openSourced({}, { sources: { own: source } });
      const refused = { code: 'invalid_request', field: 'subject_token' };
      await expect(manager.requireToken('u', 'own', input)).rejects.toMatchObject(refused);
      await expect(manager.getToken('u', 'own', input)).rejects.toMatchObject(refused);
      expect(asked).toEqual([]);
    },
  );

  test('is not given a subject that it does not want', async () => {
    const { source, asked } = countingSource(false);
    const { manager } = await openSourced({}, { sources: { own: source } });
    const given = { subjectToken: 'subject' };
    await expect(manager.requireToken('u', 'own', given)).rejects.toMatchObject({ field: 'subject_token' });
    expect(asked).toEqual([]);
    await expect(manager.requireToken('u', 'src', given)).rejects.toMatchObject({ field: 'subject_token' });
  });

  test.each([
    ['null', null],
    ['an object without the method', { requiresSubjectToken: false }],
    ['one that does not say whether it needs a subject', { resolve: async () => ({ accessToken: 'x' }) }],
  ])('that is %s is refused at construction, by name (parity)', async (_title, source) => {
    const { options, openAnother } = await openSourced({});
    const faults = [{ name: 'sources.own' }];
    // As a host without a compiler might.
    const sources = JSON.parse('{}');
    sources.own = source;
    await expect(openAnother({ ...options, sources })).rejects.toMatchObject({ code: 'configuration_invalid', faults });
  });

  test.each([[{ accessToken: '' }], [{}], [undefined]])('that gives %j gives no token but an error', async (token) => {
    const sources = JSON.parse('{}');
    sources.own = { requiresSubjectToken: false, resolve: async () => token };
    const { manager } = await openSourced({}, { sources });
    await expect(manager.requireToken('u', 'own')).rejects.toMatchObject({ code: 'provider_error' });
  });

  test.each([
    ['accessToken', 'CANARY\n'],
    ['accessToken', 'CANÄRY'],
    ['accessToken', 7],
    ['tokenType', ''],
    ['tokenType', 'CANARY\r\nx: y'],
    ['expiresAt', 'CANARY'],
    ['expiresAt', Number.NaN],
    ['expiresAt', Number.POSITIVE_INFINITY],
    ['expiresAt', -1],
    ['scope', 'CANARY read'],
    ['scope', [7]],
    ['delegation', { subject: 'CANARY' }],
  ])('that gives %s as %j is told by that name, and not by what it gave', async (field, value) => {
    const sources = JSON.parse('{}');
    sources.own = { requiresSubjectToken: false, resolve: async () => ({ accessToken: 'host-token', [field]: value }) };
    const { manager, logged } = await openSourced({}, { sources });
    const error = await manager.requireToken('u', 'own').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'provider_error', message: expect.stringContaining(`: ${field}`) });
    expect(`${String(error)}${JSON.stringify(error)}${logged.join()}`).not.toContain('CANARY');
  });

  test('may say by null that its token does not expire', async () => {
    const sources = JSON.parse('{}');
    sources.own = {
      requiresSubjectToken: false,
      resolve: async () => ({ accessToken: 'host-token', expiresAt: null }),
    };
    const { manager } = await openSourced({}, { sources });
    expect((await manager.requireToken('u', 'own')).expiresAt).toBeUndefined();
  });

  test('whose error may hold anything shows nothing of it (S0-17)', async () => {
    const resolve = () => Promise.reject(new Error('CANARY'));
    const { manager, logged } = await openSourced({}, { sources: { own: { requiresSubjectToken: false, resolve } } });
    const error = await manager.requireToken('u', 'own').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'provider_error', provider: 'own' });
    expect(`${String(error)}${JSON.stringify(error)}${logged.join()}`).not.toContain('CANARY');
  });
});

/** What an operator would set in the variables that an export names. */
const secretOf: Readonly<Record<string, string>> = {
  client_secret: 'scripted-secret',
  refresh_token: 'rt-1',
  access_token: 'at-0',
};

describe('whatever the source', () => {
  const kinds = [
    ['refresh_token', { source: 'refresh_token', refresh_token: 'rt-1' }, {}],
    ['token_exchange', { source: 'token_exchange' }, { subjectToken: 's' }],
    ['static', { source: 'static', access_token: 'at-0' }, {}],
    ['client_credentials', { source: 'client_credentials' }, {}],
  ] as const;

  test.each(kinds)('%s hands out the token and nothing that it was got with (S0-03)', async (kind, entry, input) => {
    const { manager, server } = await openSourced(entry);
    server.answer('/token', countedTokens({ refresh_token: 'rt-CANARY', id_token: 'CANARY' }));
    const token = await manager.requireToken('u', 'src', input);
    const keys = ['accessToken', 'connectionId', 'expiresAt', 'provider', 'scope', 'tokenType'];
    expect(Object.keys(token).sort()).toEqual(keys);
    expect(JSON.stringify(token)).not.toMatch(/CANARY|rt-1|scripted-secret/);
    expect(manager.listProviders().find(({ id }) => id === 'src')?.source).toBe(kind);
  });

  test.each(kinds)(
    '%s needs a subject only where it exchanges one, and says so (parity)',
    async (kind, entry, input) => {
      const { manager, server } = await openSourced(entry);
      server.answer('/token', countedTokens());
      const without = await manager.requireToken('u', 'src').then(bare, (error: { code: string }) => error.code);
      expect(without).toMatch(kind === 'token_exchange' ? 'invalid_request' : /^at-/);
      expect(bare(await manager.requireToken('u', 'src', input))).toMatch(/^at-/);
    },
  );

  test.each(kinds)(
    '%s read back from its export does as before, without a secret in it (parity)',
    async (_kind, entry, input) => {
      const { options, openAnother, server } = await openSourced({ ...entry, scopes: ['a', 'b'] });
      server.answer('/token', countedTokens());
      const exported = JSON.stringify(exportProviders(options.providers).providers.src);
      expect(exported).not.toMatch(/scripted-secret|rt-1|at-0/);
      const filled = JSON.parse(exported, (key, value) => (value?.env === undefined ? value : secretOf[key]));
      const manager = await openAnother({ providers: { src: filled } });
      expect(filled).toEqual(options.providers.src);
      expect(bare(await manager.requireToken('u', 'src', input))).toMatch(/^at-/);
      const empty = manager.requireToken('u', 'src', { subjectToken: '' });
      await expect(empty).rejects.toMatchObject({ code: 'invalid_request', field: 'subject_token' });
    },
  );

  test.each(kinds)('%s is nothing that a person could connect', async (_kind, entry) => {
    const { manager } = await openSourced(entry);
    const refused = { code: 'invalid_request', field: 'provider' };
    await expect(manager.startConnect('u', 'src')).rejects.toMatchObject(refused);
    await expect(manager.storeToken('u', { provider: 'src', accessToken: 'x' })).rejects.toMatchObject(refused);
  });

  test.each(kinds)('%s gives no scope that is not configured', async (_kind, entry, input) => {
    const { manager, server } = await openSourced(entry);
    const wider = manager.requireToken('u', 'src', { ...input, scopes: ['write'] });
    await expect(wider).rejects.toMatchObject({ code: 'invalid_request', field: 'scopes' });
    expect(server.requests).toEqual([]);
  });
});

describe('a static token (S0-23, parity)', () => {
  test('is given as it is, and never refreshed; it needs no client', async () => {
    const client = { client_id: undefined, client_secret: undefined, token_endpoint: undefined };
    const { manager, server } = await openSourced({ ...client, source: 'static', access_token: 'at-0' });
    expect(bare(await manager.requireToken('u', 'src'))).toBe('at-0');
    expect(server.requests).toEqual([]);
  });

  test.each([[''], [undefined]])('that is %j is an error when it is wanted, not before', async (access_token) => {
    const { manager } = await openSourced({ source: 'static', access_token });
    const error = { code: 'provider_misconfigured', whoMustAct: 'operator' };
    await expect(manager.requireToken('u', 'src')).rejects.toMatchObject(error);
  });

  test('that the API refuses is the operator’s to replace', async () => {
    const { manager } = await openSourced({ source: 'static', access_token: 'at-0' });
    const rejectedTokenSha256 = createHash('sha256').update('at-0').digest('hex');
    const error = { code: 'provider_misconfigured', whoMustAct: 'operator' };
    await expect(manager.refreshToken('u', 'src', { rejectedTokenSha256 })).rejects.toMatchObject(error);
  });
});

describe('client credentials', () => {
  test('are asked for once, kept by scope, and asked for again before their end', async () => {
    const { manager, server, clock, forms } = await openSourced({ source: 'client_credentials', scopes: ['a', 'b'] });
    server.answer('/token', countedTokens());
    const tokens = await Promise.all(Array.from({ length: 20 }, () => manager.requireToken('u', 'src')));
    expect(new Set(tokens.map(bare))).toEqual(new Set(['at-1']));
    expect(bare(await manager.requireToken('u', 'src', { scopes: ['a'] }))).toBe('at-2');
    clock.advance(2_400_000);
    expect(bare(await manager.requireToken('u', 'src', { minTtlSeconds: 1_200 }))).toBe('at-1');
    expect(bare(await manager.requireToken('u', 'src', { minTtlSeconds: 1_201 }))).toBe('at-3');
    clock.advance(3_300_000);
    expect(bare(await manager.requireToken('other', 'src'))).toBe('at-4');
    expect(forms().map(({ grant_type, scope }) => [grant_type, scope])).toEqual([
      ['client_credentials', 'a b'],
      ['client_credentials', 'a'],
      ['client_credentials', 'a b'],
      ['client_credentials', 'a b'],
    ]);
  });

  test('that the API refuses are asked for again', async () => {
    const { manager, server } = await openSourced({ source: 'client_credentials' });
    server.answer('/token', countedTokens());
    const first = bare(await manager.requireToken('u', 'src'));
    const rejectedTokenSha256 = createHash('sha256').update(first).digest('hex');
    expect(bare(await manager.refreshToken('u', 'src', { rejectedTokenSha256 }))).toBe('at-2');
    // The same refusal once more changes nothing; nor does it matter how the token is named.
    expect(bare(await manager.refreshToken('u', 'src', { rejectedToken: first }))).toBe('at-2');
    const { accessToken: second } = await manager.requireToken('u', 'src');
    expect(bare(await manager.refreshToken('u', 'src', { rejectedToken: second }))).toBe('at-3');
    expect(bare(await manager.refreshToken('u', 'src', { rejectedToken: 'at-3' }))).toBe('at-4');
  });
});
