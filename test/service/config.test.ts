import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfigurationError } from '../../src/core/errors.js';
import { configuredProviders, loadConfig } from '../../src/service/config.js';

const canary = 'CANARY-7f3a';
const key = (fill: number) => Buffer.alloc(32, fill).toString('base64');
const secret = 's'.repeat(40);

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'valetkey-config-'));
});
afterEach(() => {
  rmSync(dataDir, { recursive: true });
});

const load = (variables: Record<string, string>) => loadConfig({ DATA_DIR: dataDir, ...variables });

function faultsOf(variables: Record<string, string>): { names: string[]; message: string } {
  try {
    load(variables);
  } catch (error) {
    if (error instanceof ConfigurationError) {
      return { names: [...new Set(error.faults.map((fault) => fault.name))], message: error.message };
    }
    throw error;
  }
  return { names: [], message: '' };
}

function keepFile(name: string, text: string): string {
  const path = join(dataDir, name);
  writeFileSync(path, text);
  return path;
}

describe('an empty variable', () => {
  it('counts as not set, numbers included', () => {
    const config = load({ PORT: '', HOST: ' ', REDIS_URL: '', REFRESH_BUFFER_SECONDS: '', GITHUB_CLIENT_ID: '' });
    expect(config).toMatchObject({ port: 3000, host: '127.0.0.1', refreshBufferMs: 300_000, providers: {} });
  });
});

describe('a secret from a file', () => {
  it('is read from NAME_FILE without the newline at its end', () => {
    const { apiKeys } = load({ API_KEYS_FILE: keepFile('keys', `bot:bot:${secret}\n`) });
    expect(apiKeys[0]?.secret.reveal()).toBe(secret);
  });

  it('is a fault together with NAME', () => {
    const variables = { API_KEYS: `bot:bot:${secret}`, API_KEYS_FILE: keepFile('keys', `bot:bot:${secret}`) };
    expect(faultsOf(variables).names).toEqual(['API_KEYS']);
  });

  it.each(['REDIS_URL', 'ENCRYPTION_KEYS', 'API_KEYS', 'API_JWT_SECRETS', 'GITHUB_CLIENT_SECRET'])(
    '%s_FILE that is not there or is empty is a fault of that name',
    (name) => {
      expect(faultsOf({ [`${name}_FILE`]: join(dataDir, 'none') }).names).toContain(`${name}_FILE`);
      expect(faultsOf({ [`${name}_FILE`]: keepFile('empty', '\n') }).names).toContain(`${name}_FILE`);
    },
  );

  it('that cannot be read is one fault, not a missing secret as well', () => {
    const given = { GITHUB_CLIENT_ID: 'id', GITHUB_CLIENT_SECRET_FILE: join(dataDir, 'none') };
    expect(faultsOf(given).names).toEqual(['GITHUB_CLIENT_SECRET_FILE']);
  });

  it('gives a provider its client secret', () => {
    const config = load({ GITHUB_CLIENT_ID: 'id', GITHUB_CLIENT_SECRET_FILE: keepFile('secret', 'from-file\n') });
    expect(config.providers.github).toMatchObject({ client_id: 'id', client_secret: 'from-file' });
  });
});

describe('providers', () => {
  const providersFile = (providers: object, name = 'providers.json') => keepFile(name, JSON.stringify({ providers }));

  it('are configured by <PROVIDER>_CLIENT_ID, with - as _', () => {
    const config = load({ GITHUB_APP_CLIENT_ID: 'id', GITHUB_APP_CLIENT_SECRET: 'x', GITHUB_APP_SCOPES: 'a, b c' });
    expect(config.providers).toEqual({
      'github-app': { client_id: 'id', client_secret: 'x', scopes: ['a', 'b', 'c'] },
    });
  });

  it('come from PROVIDERS_FILE as JSON or YAML, and the environment wins', () => {
    const yaml = keepFile('providers.yaml', 'providers:\n  github:\n    client_id: from-file\n    client_secret: s\n');
    expect(load({ PROVIDERS_FILE: yaml }).providers.github).toMatchObject({ client_id: 'from-file' });
    const json = providersFile({ github: { client_id: 'from-file', client_secret: 's' } });
    const both = { PROVIDERS_FILE: json, GITHUB_CLIENT_ID: 'from-environment' };
    expect(load(both).providers.github).toMatchObject({ client_id: 'from-environment', client_secret: 's' });
  });

  it('in PROVIDERS_FILE that YAML takes for no text are to be put in quotes', () => {
    const yaml = (client: string) =>
      keepFile('digits.yaml', `providers:\n  github:\n    client_id: ${client}\n    client_secret: x`);
    for (const taken of ['0123456789', 'true'])
      expect(faultsOf({ PROVIDERS_FILE: yaml(taken) }).message).toContain(
        'github.client_id: must be text: put it in quotes',
      );
    expect(faultsOf({ PROVIDERS_FILE: yaml('[a]') }).message).toContain('github.client_id: Invalid input');
    expect(load({ PROVIDERS_FILE: yaml('"0123456789"') }).providers.github).toMatchObject({ client_id: '0123456789' });
  });

  it('in PROVIDERS_FILE are blamed by file, provider and field', () => {
    const path = providersFile({ acme: { client_id: 'x', token_endpont: `https://${canary}` } });
    const { names, message } = faultsOf({ PROVIDERS_FILE: path });
    expect(names).toEqual(['PROVIDERS_FILE']);
    expect(faultsOf({ PROVIDERS_FILE: path, ACME_CLIENT_ID: 'y' })).toEqual({ names, message });
    expect(message).toMatch(/acme.*token_endpont/);
    expect(message).not.toContain(canary);
  });

  it('in PROVIDERS_FILE do not hide the faults of each other, nor two of one', () => {
    const path = providersFile({
      acme: { client_id: 'x' },
      other: { client_id: 'x', token_endpoint: 'https://id.example.org/token' },
      'work-gitlab': { template: 'gitlab', client_id: 'x' },
    });
    const { names, message } = faultsOf({ PROVIDERS_FILE: path, GITHUB_CLIENT_ID: 'x' });
    expect(names).toEqual(['PROVIDERS_FILE', 'GITHUB_CLIENT_SECRET']);
    for (const place of ['acme.authorization_endpoint', 'acme.token_endpoint', 'other.authorization_endpoint'])
      expect(message).toContain(`${place}: is missing`);
    expect(message).toContain('work-gitlab.client_secret: is missing');
  });

  it('in PROVIDERS_FILE name the variable that a secret should be in', () => {
    const secret = { client_id: 'x', client_secret: { env: 'HIDDEN_IN_HERE' } };
    const { message } = faultsOf({ PROVIDERS_FILE: providersFile({ github: secret }) });
    expect(message).toContain('github.client_secret: is missing: HIDDEN_IN_HERE is not set');
    // Without a secret it is a public client.
    const endpoints = {
      authorization_endpoint: 'https://id.example.org/a',
      token_endpoint: 'https://id.example.org/t',
    };
    const acme = providersFile({ acme: { ...secret, ...endpoints } });
    const expected = 'PROVIDERS_FILE: acme.client_secret is in HIDDEN_IN_HERE, which is not set.';
    expect(load({ PROVIDERS_FILE: acme }).warnings).toContain(expected);
    expect(load({ PROVIDERS_FILE: acme, HIDDEN_IN_HERE: 'x' }).warnings).not.toContain(expected);
  });

  it('in PROVIDERS_FILE without the field around them, or beside unknown ones, are told by name', () => {
    const file = (content: object) => faultsOf({ PROVIDERS_FILE: keepFile('providers.json', JSON.stringify(content)) });
    expect(file({ github: { client_id: canary } }).message).toContain(
      '{"providers": {"<id>": {...}}}; unknown: github',
    );
    const { message } = file({ providers: {}, mpc: {}, [`${canary} !`]: 1 });
    expect(message).toContain('unknown: mpc, one that is not shown');
    expect(message).not.toContain(canary);
  });

  it.each([
    ['not an object', '[]'],
    ['without providers', '{}'],
    ['neither JSON nor YAML', '{"a": [}'],
  ])('file %s is a fault', (_, text) => {
    expect(faultsOf({ PROVIDERS_FILE: keepFile('bad.json', text) }).names).toEqual(['PROVIDERS_FILE']);
  });

  it('with nothing but scopes are not configured', () => {
    expect(configuredProviders(load({ GITHUB_SCOPES: 'repo' }))).toEqual([]);
    const both = { GITHUB_CLIENT_ID: 'id', GITHUB_CLIENT_SECRET: 'x', GOOGLE_SCOPES: 'openid' };
    expect(configuredProviders(load(both))).toEqual(['github']);
  });

  it('that nobody knows are warned of, as the name may be misspelt', () => {
    const { warnings } = load({ GITHBU_CLIENT_ID: canary });
    expect(warnings.join()).toContain('GITHBU_CLIENT_ID');
    expect(warnings.join()).not.toContain(canary);
  });
});

describe('values', () => {
  it.each([
    ['1', 1],
    ['10.0.0.0/8, 127.0.0.1', ['10.0.0.0/8', '127.0.0.1']],
    ['::1', ['::1']],
  ])('TRUST_PROXY %s is taken', (text, expected) => {
    expect(load({ TRUST_PROXY: text }).trustProxy).toEqual(expected);
  });

  it.each([
    ['https://example.org/', 'https://example.org'],
    ['https://example.org/keys/', 'https://example.org/keys'],
    ['http://127.0.0.1:4000', 'http://127.0.0.1:4000'],
    ['http://[::1]:4000', 'http://[::1]:4000'],
  ])('BASE_URL %s is taken without its slash', (text, expected) => {
    expect(load({ BASE_URL: text }).baseUrl).toBe(expected);
  });

  it('BASE_URL follows PORT', () => {
    expect(load({ PORT: '4000' }).baseUrl).toBe('http://localhost:4000');
  });

  it('CONNECT_PROOF=none with its second switch is taken with a warning', () => {
    const config = load({ CONNECT_PROOF: 'none', UNSAFE_CONNECT_WITHOUT_PROOF: 'true' });
    expect(config.proof).toEqual({ mode: 'none', allowNone: true, chatLogins: [] });
    expect(config.warnings).toHaveLength(1);
  });

  it('CHAT_LOGIN_PROVIDERS says who signs in where, and what is asked for there', () => {
    const client = {
      GITHUB_CLIENT_ID: 'x',
      GITHUB_CLIENT_SECRET: 'x',
      DISCORD_CLIENT_ID: 'x',
      DISCORD_CLIENT_SECRET: 'x',
    };
    const text = 'chat:discord, forge:github:read:user+user:email';
    expect(load({ CHAT_LOGIN_PROVIDERS: text, CONNECT_PROOF: 'chat_login', ...client }).proof.chatLogins).toEqual([
      { platform: 'chat', provider: 'discord' },
      { platform: 'forge', provider: 'github', scope: ['read:user', 'user:email'] },
    ]);
  });

  it('secrets do not show when the configuration is printed', () => {
    const config = load({ API_KEYS: `bot:bot:${canary}${secret}`, ENCRYPTION_KEYS: `k1:${key(7)}` });
    expect(JSON.stringify(config)).not.toMatch(new RegExp(`${canary}|${key(7).slice(0, 20)}`));
  });
});

describe('.env.example', () => {
  const example = readFileSync(new URL('../../.env.example', import.meta.url), 'utf8');
  const variables = (text: string) => [...text.matchAll(/^#?([A-Z][A-Z0-9_]+)=/gm)].map(([, name]) => name);

  it('as it stands is refused', () => {
    const active = [...example.matchAll(/^([A-Z_]+)=(.+)$/gm)].map(([, name = '', value = '']) => [name, value]);
    expect(faultsOf(Object.fromEntries(active)).names.sort()).toEqual(['API_KEYS', 'ENCRYPTION_KEYS']);
  });

  it('names every variable that is read, and docs/configuration.md does too', () => {
    const read = new Set<string>();
    const watched = new Proxy({ DATA_DIR: dataDir } as Record<string, string>, {
      get(target, name: string) {
        if (!/_FILE$|_CLIENT_ID|_CLIENT_SECRET|_SCOPES|_SIGNAL_KEY|_TENANT/.test(name) || name === 'PROVIDERS_FILE')
          read.add(name);
        return target[name];
      },
    });
    loadConfig(watched);
    const documented = new Set(variables(example));
    expect([...read].filter((name) => !documented.has(name))).toEqual([]);
    const manual = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8');
    expect([...read].filter((name) => !manual.includes(`\`${name}\``))).toEqual([]);
  });
});
