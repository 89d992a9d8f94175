import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfigurationError } from '../../src/core/errors.js';
import { loadConfig } from '../../src/service/config.js';

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

function faultsOf(variables: Record<string, string>): { names: string[]; message: string } {
  try {
    loadConfig({ DATA_DIR: dataDir, ...variables });
  } catch (error) {
    if (error instanceof ConfigurationError) {
      return { names: [...new Set(error.faults.map((fault) => fault.name))], message: error.message };
    }
    throw error;
  }
  return { names: [], message: '' };
}

/** Variable under blame, and the environment that holds its bad value. */
const bad: [name: string, variables: Record<string, string>][] = [
  ['HOST', { HOST: `${canary} with spaces` }],
  ['HOST', { HOST: '127.0.0.1:3000' }],
  ['PORT', { PORT: `${canary}` }],
  ['PORT', { PORT: '0' }],
  ['PORT', { PORT: '65536' }],
  ['PORT', { PORT: '3000.5' }],
  ['PORT', { PORT: '0x50' }],
  ['BASE_URL', { BASE_URL: `http://${canary}.example.org` }],
  ['BASE_URL', { BASE_URL: canary }],
  ['BASE_URL', { BASE_URL: `https://example.org/?${canary}` }],
  ['BASE_URL', { BASE_URL: `https://user:${canary}@example.org` }],
  ['BASE_URL', { BASE_URL: `ftp://${canary}` }],
  ['BASE_URL', { BASE_URL: 'http://127.0.0.1.example.org' }],
  ['BRAND_NAME', { BRAND_NAME: canary.repeat(6) }],
  ['BRAND_NAME', { BRAND_NAME: `${canary}\u202e` }],
  ['BRAND_COLOR', { BRAND_COLOR: `#${canary}` }],
  ['BRAND_COLOR', { BRAND_COLOR: '#1f5f4f;}body{display:none' }],
  ['BRAND_COLOR', { BRAND_COLOR: '#ffee00' }],
  ['BRAND_LOGO', { BRAND_LOGO: `/nowhere/${canary}.svg` }],
  ['BRAND_LOGO', { BRAND_LOGO: '/' }],
  ['BRAND_LOGO', { BRAND_LOGO: fileURLToPath(import.meta.url) }],
  ['REDIS_URL', { REDIS_URL: `http://${canary}`, ENCRYPTION_KEYS: `k1:${key(1)}` }],
  ['REDIS_URL', { REDIS_URL: canary, ENCRYPTION_KEYS: `k1:${key(1)}` }],
  ['ENCRYPTION_KEYS', { REDIS_URL: 'redis://localhost' }],
  ['KEY_PREFIX', { KEY_PREFIX: `{${canary}}` }],
  ['ENCRYPTION_KEYS', { ENCRYPTION_KEYS: `k1:${canary}` }],
  ['ENCRYPTION_KEYS', { ENCRYPTION_KEYS: key(1) }],
  ['ENCRYPTION_KEYS', { ENCRYPTION_KEYS: `k1:${Buffer.alloc(31).toString('base64')}` }],
  ['ENCRYPTION_KEYS', { ENCRYPTION_KEYS: `k1:${Buffer.alloc(33).toString('base64')}` }],
  ['ENCRYPTION_KEYS', { ENCRYPTION_KEYS: `k1:${key(1)},k1:${key(2)}` }],
  ['ENCRYPTION_KEYS', { ENCRYPTION_KEYS: `k 1:${key(1)}` }],
  ['ENCRYPTION_KEYS', { ENCRYPTION_KEYS: ',' }],
  ['ENCRYPTION_KEYS', { ENCRYPTION_KEYS: 'k1:replace-me' }],
  ['API_KEYS', { API_KEYS: `bot:bot:${canary}` }],
  ['API_KEYS', { API_KEYS: `bot:root:${canary}${secret}` }],
  ['API_KEYS', { API_KEYS: `bot:${canary}${secret}` }],
  ['API_KEYS', { API_KEYS: `b t:bot:${canary}${secret}` }],
  ['API_KEYS', { API_KEYS: `bot:bot:${canary}${secret}:te nant` }],
  ['API_KEYS', { API_KEYS: `bot:bot:${canary}${secret}:t:more` }],
  ['API_KEYS', { API_KEYS: `bot:bot:${canary}${secret}1,bot:admin:${canary}${secret}2` }],
  ['API_KEYS', { API_KEYS: `a:bot:${canary}${secret},b:bot:${canary}${secret}` }],
  ['API_JWT_AUDIENCE', { API_JWT_ISSUER: canary, API_JWT_SECRETS: secret }],
  ['API_JWT_ISSUER', { API_JWT_AUDIENCE: canary, API_JWT_SECRETS: secret }],
  ['API_JWT_JWKS_URL', { API_JWT_ISSUER: canary, API_JWT_AUDIENCE: 'a' }],
  [
    'API_JWT_JWKS_URL',
    { API_JWT_ISSUER: 'i', API_JWT_AUDIENCE: 'a', API_JWT_JWKS_URL: `http://${canary}.example.org` },
  ],
  ['API_JWT_SECRETS', { API_JWT_ISSUER: 'i', API_JWT_AUDIENCE: 'a', API_JWT_SECRETS: canary }],
  ['GITHUB_CLIENT_SECRET', { GITHUB_CLIENT_ID: canary }],
  ['GITHUB_CLIENT_ID', { GITHUB_CLIENT_SECRET: canary }],
  ['GITHUB_CLIENT_ID', { GITHUB_CLIENT_ID: `${canary} with spaces`, GITHUB_CLIENT_SECRET: secret }],
  ['MICROSOFT_TENANT', { MICROSOFT_CLIENT_ID: 'x', MICROSOFT_CLIENT_SECRET: secret, MICROSOFT_TENANT: `${canary}/x` }],
  ['PROVIDERS_FILE', { PROVIDERS_FILE: `/nowhere/${canary}` }],
  ['REFRESH_BUFFER_SECONDS', { REFRESH_BUFFER_SECONDS: '-1' }],
  ['REFRESH_BUFFER_SECONDS', { REFRESH_BUFFER_SECONDS: canary }],
  ['LINK_CODE_TTL_SECONDS', { LINK_CODE_TTL_SECONDS: '0' }],
  ['LINK_CODE_TTL_SECONDS', { LINK_CODE_TTL_SECONDS: '10m' }],
  ['CONNECT_PROOF', { CONNECT_PROOF: canary }],
  ['CONNECT_PROOF', { CONNECT_PROOF: 'none' }],
  ['UNSAFE_CONNECT_WITHOUT_PROOF', { UNSAFE_CONNECT_WITHOUT_PROOF: 'yes' }],
  ['APP_VERIFIER_URL', { CONNECT_PROOF: 'app_verifier' }],
  ['APP_VERIFIER_URL', { CONNECT_PROOF: 'app_verifier', APP_VERIFIER_URL: `http://${canary}.example.org` }],
  ['PROOF_DEEP_LINK', { PROOF_DEEP_LINK: `https://t.me/${canary}` }],
  ['PROOF_DEEP_LINK', { PROOF_DEEP_LINK: `javascript://${canary}/{code}` }],
  ['RETURN_TO_ORIGINS', { RETURN_TO_ORIGINS: `https://${canary}.example.org/` }],
  ['RETURN_TO_ORIGINS', { RETURN_TO_ORIGINS: 'https://example.org,http://example.org' }],
  ['RETURN_TO_ORIGINS', { RETURN_TO_ORIGINS: 'https://*.example.org/x' }],
  ['RETURN_TO_ORIGINS', { RETURN_TO_ORIGINS: 'https://*.example.org' }],
  ['TRUST_PROXY', { TRUST_PROXY: 'true' }],
  ['TRUST_PROXY', { TRUST_PROXY: '0.0.0.0/0' }],
  ['TRUST_PROXY', { TRUST_PROXY: '10.1' }],
  ['TRUST_PROXY', { TRUST_PROXY: '10.1/16' }],
  ['TRUST_PROXY', { TRUST_PROXY: `10.0.0.1,${canary}` }],
  ['LOG_LEVEL', { LOG_LEVEL: canary }],
  ['AUDIT_RETENTION_DAYS', { AUDIT_RETENTION_DAYS: '0' }],
  ['AUDIT_FAIL_OPEN', { AUDIT_FAIL_OPEN: canary }],
  ['RATE_LIMIT_PER_MINUTE', { RATE_LIMIT_PER_MINUTE: '-1' }],
  ['RATE_LIMIT_BROWSER_PER_MINUTE', { RATE_LIMIT_BROWSER_PER_MINUTE: canary }],
  ['ACCOUNT_POLICY', { ACCOUNT_POLICY: canary }],
  ['CHAT_LOGIN_PROVIDERS', { CHAT_LOGIN_PROVIDERS: canary }],
  ['CHAT_LOGIN_PROVIDERS', { CHAT_LOGIN_PROVIDERS: 'chat:nobody' }],
  [
    'CHAT_LOGIN_PROVIDERS',
    { CHAT_LOGIN_PROVIDERS: 'a:github,a:github', GITHUB_CLIENT_ID: 'x', GITHUB_CLIENT_SECRET: 'x' },
  ],
  ['CHAT_LOGIN_PROVIDERS', { CONNECT_PROOF: 'chat_login' }],
  ['ALLOW_INSECURE_LOOPBACK_PROVIDERS', { ALLOW_INSECURE_LOOPBACK_PROVIDERS: '1' }],
];

describe('a bad variable', () => {
  it.each(bad)('%s is named and its value is not (%j)', (name, variables) => {
    const { names, message } = faultsOf(variables);
    expect(names).toContain(name);
    expect(message).not.toContain(canary);
    expect(message).not.toContain(secret);
  });

  it('does not hide another one: all are named at once', () => {
    const variables = { PORT: 'x', BASE_URL: 'x', LOG_LEVEL: 'x', CONNECT_PROOF: 'none', GITHUB_CLIENT_ID: 'x' };
    expect(faultsOf(variables).names).toEqual(
      expect.arrayContaining(['PORT', 'BASE_URL', 'LOG_LEVEL', 'CONNECT_PROOF', 'GITHUB_CLIENT_SECRET']),
    );
  });
});
