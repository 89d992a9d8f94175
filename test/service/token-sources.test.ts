import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exportProviders } from '../../providers/references.js';
import { ConfigurationError } from '../../src/core/errors.js';
import { buildApp, type Service } from '../../src/service/app.js';
import { loadConfig } from '../../src/service/config.js';
import { createLogger } from '../../src/service/logger.js';
import { entryAt, type ScriptedServer, startScriptedServer } from '../support/scripted-server.js';
import { countedTokens } from '../support/sourced-manager.js';

const botKey = 'sources-bot-key-sources-bot-key-0001';
const viewerKey = 'sources-viewer-key-sources-viewer-01';
const jwtSecret = 'sources-jwt-secret-sources-jwt-secret-1';

let dataDir: string;
let server: ScriptedServer;
let service: Service;
const logged: string[] = [];

/** The configuration of a file, as the service reads it. */
function load(providers: object, variables: Readonly<Record<string, string>> = {}) {
  const path = join(dataDir, 'providers.json');
  writeFileSync(path, JSON.stringify(providers));
  return loadConfig({
    DATA_DIR: dataDir,
    PROVIDERS_FILE: path,
    ALLOW_INSECURE_LOOPBACK_PROVIDERS: 'true',
    API_KEYS: `bot:bot:${botKey},viewer:viewer:${viewerKey}`,
    API_JWT_ISSUER: 'https://host.example',
    API_JWT_AUDIENCE: 'valetkey',
    API_JWT_SECRETS: jwtSecret,
    ...variables,
  });
}

const sources = () => {
  const entry = entryAt(server.url);
  return {
    fixed: { ...entry, source: 'refresh_token', refresh_token: { env: 'FIXED_REFRESH_TOKEN' } },
    swap: { ...entry, source: 'token_exchange', client_secret: { env: 'SWAP_CLIENT_SECRET' } },
    weather: { display_name: 'Weather', source: 'static' },
    machine: { ...entry, source: 'client_credentials' },
  };
};
const secretVariables = {
  FIXED_REFRESH_TOKEN: 'rt-CANARY',
  SWAP_CLIENT_SECRET: 'secret-CANARY',
  WEATHER_ACCESS_TOKEN: 'static-CANARY',
};

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'valetkey-token-sources-'));
  server = await startScriptedServer();
  const config = load({ providers: sources() }, secretVariables);
  service = await buildApp(config, {
    log: createLogger('trace', { write: (line) => logged.push(line) }),
    backgroundWork: false,
  });
});
afterAll(async () => {
  await service.close();
  await server.close();
  rmSync(dataDir, { recursive: true });
});

async function call(method: 'GET' | 'POST', url: string, body?: object, key = botKey) {
  const headers = { authorization: `Bearer ${key}` };
  const response = await service.app.inject({ method, url, headers, ...(body && { payload: body }) });
  return { status: response.statusCode, body: response.json(), headers: response.headers };
}

describe('over HTTP', () => {
  it.each(['fixed', 'machine', 'weather'])('%s gives its token at the same address as a person’s', async (id) => {
    server.answer('/token', countedTokens());
    const { status, body, headers } = await call('GET', `/v1/users/anybody/tokens/${id}`);
    expect(status).toBe(200);
    expect(headers['cache-control']).toBe('no-store');
    expect(body).toMatchObject({
      access_token: id === 'weather' ? 'static-CANARY' : 'at-1',
      provider: id,
      account: null,
    });
    expect(JSON.stringify(body)).not.toMatch(/rt-CANARY|secret-CANARY/);
  });

  it('an exchange gives a token for the one in the body', async () => {
    server.answer('/token', countedTokens());
    const { status, body, headers } = await call('POST', '/v1/exchange/swap', { subject_token: 'subject-CANARY' });
    expect([status, headers['cache-control']]).toEqual([200, 'no-store']);
    expect(body).toMatchObject({ access_token: 'at-1', token_type: 'Bearer', scopes: ['read'], provider: 'swap' });
  });

  it.each([
    ['without a subject token', {}, 'invalid_request'],
    ['with an empty one', { subject_token: '' }, 'invalid_request'],
    ['with a scope that is not configured', { subject_token: 's', scopes: ['admin'] }, 'invalid_request'],
    ['with a target that is not configured', { subject_token: 's', resource: 'https://x.example' }, 'invalid_request'],
    ['with a field that nobody knows', { subject_token: 's', audience: 'x' }, 'invalid_request'],
  ])('an exchange %s is refused before anything is sent', async (_title, body, code) => {
    const before = server.requests.length;
    expect((await call('POST', '/v1/exchange/swap', body)).body.code).toBe(code);
    expect(server.requests).toHaveLength(before);
  });

  it('where tokens are exchanged, asking without a subject names what is missing (parity)', async () => {
    const { status, body } = await call('GET', '/v1/users/u/tokens/swap');
    expect([status, body.code]).toEqual([400, 'invalid_request']);
    expect(body.detail).toContain('subject_token');
  });

  it('where tokens are not exchanged, an exchange is refused', async () => {
    for (const id of ['fixed', 'weather', 'machine']) {
      expect((await call('POST', `/v1/exchange/${id}`, { subject_token: 's' })).body.code).toBe('invalid_request');
    }
    expect((await call('POST', '/v1/exchange/nobody', { subject_token: 's' })).status).toBeGreaterThanOrEqual(400);
  });

  it('a person’s own credential gets none of the tokens that all share', async () => {
    const user = await new SignJWT({ roles: ['user'] })
      .setProtectedHeader({ alg: 'HS256' })
      .setIssuer('https://host.example')
      .setAudience('valetkey')
      .setSubject('u')
      .setIssuedAt()
      .setExpirationTime('5m')
      .sign(Buffer.from(jwtSecret));
    for (const id of ['fixed', 'weather', 'machine']) {
      expect((await call('GET', `/v1/users/u/tokens/${id}`, undefined, user)).body.code).toBe('forbidden');
    }
    expect((await call('POST', '/v1/exchange/swap', { subject_token: 's' }, user)).body.code).toBe('forbidden');
    expect((await call('POST', '/v1/exchange/swap', { subject_token: 's' }, viewerKey)).body.code).toBe('forbidden');
  });

  it('the list of providers says where tokens come from', async () => {
    const { body } = await call('GET', '/v1/providers');
    const known: { id: string; source: string; configured: boolean }[] = body.providers;
    const sourceOf = (id: string) => known.find((one) => one.id === id);
    expect(sourceOf('fixed')).toMatchObject({ source: 'refresh_token', configured: true });
    expect(sourceOf('swap')).toMatchObject({ source: 'token_exchange', configured: true });
    expect(sourceOf('weather')).toMatchObject({ source: 'static', configured: true, display_name: 'Weather' });
    expect(sourceOf('github')).toMatchObject({ source: 'authorization_code', configured: false });
  });

  it('nothing secret is in the log', () => {
    expect(logged.length).toBeGreaterThan(0);
    expect(logged.join('')).not.toContain('CANARY');
  });
});

describe('the configuration of sources', () => {
  function faultsOf(fields: object): string {
    try {
      load({ providers: { src: { ...entryAt(server.url), source: 'refresh_token', ...fields } } });
      return '';
    } catch (error) {
      if (error instanceof ConfigurationError) return error.message;
      throw error;
    }
  }

  it.each([
    ['token_endpoint', ''],
    ['client_id', ''],
    ['refresh_buffer', -1],
    ['exchange_cache_size', 0],
    ['request_timeout', 0],
    ['request_timeout', -1],
    ['source', 'no_such_source'],
    ['subject_token_issuers', []],
    ['refresh_token', { env: 'NOT A NAME' }],
    ['refresh_token', { env: 'X', value: 'CANARY' }],
  ])('%s as %j is a fault that names the field (S0-25, parity)', (field, value) => {
    const message = faultsOf({ [field]: value });
    expect(message).toContain(`src.${field}`);
    expect(message).not.toContain('CANARY');
  });

  it('needs a token endpoint and a client, except for a static token', () => {
    expect(faultsOf({ token_endpoint: undefined })).toContain('src.token_endpoint');
    expect(
      faultsOf({ source: 'static', token_endpoint: undefined, client_id: undefined, client_secret: undefined }),
    ).toBe('');
  });

  it('is exported with names in the place of secrets, and read back as it was (S0-24, parity)', () => {
    const { providers } = load({ providers: sources() }, secretVariables);
    expect(providers.weather).toMatchObject({ access_token: 'static-CANARY' });
    const exported = exportProviders(providers);
    expect(JSON.stringify(exported)).not.toMatch(/CANARY|scripted-secret/);
    expect(exported.providers.fixed?.refresh_token).toEqual({ env: 'FIXED_REFRESH_TOKEN' });
    expect(exported.providers.swap?.source).toBe('token_exchange');
    const secret = 'scripted-secret';
    const rest = { FIXED_CLIENT_SECRET: secret, MACHINE_CLIENT_SECRET: secret };
    expect(load(exported, { ...secretVariables, ...rest }).providers).toEqual(providers);
  });

  it('reads the secret of a source from the variable of its name, where the file says none (parity)', () => {
    const { fixed, weather } = sources();
    const bare = { fixed: { ...fixed, refresh_token: undefined }, weather };
    const { providers } = load({ providers: bare }, { FIXED_REFRESH_TOKEN: 'rt', WEATHER_ACCESS_TOKEN: 'at' });
    expect([providers.fixed?.refresh_token, providers.weather?.access_token]).toEqual(['rt', 'at']);
    expect(load({ providers: bare }).providers.fixed).not.toHaveProperty('refresh_token');
  });

  it('takes an unset variable for no secret at all: a public client (S0-05)', () => {
    const entry = { ...entryAt(server.url), token_endpoint_auth_method: 'none', client_secret: { env: 'NOT_SET' } };
    expect(load({ providers: { src: entry } }).providers.src).not.toHaveProperty('client_secret');
  });
});
