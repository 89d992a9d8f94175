/** What a manager is not made of: each option that cannot work is named, and a typing error is taken for nothing else. */

import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '../src/core/errors.js';
import { type ManagerOptions, settingsOf } from '../src/manager-options.js';
import { OAuthManager, openManager } from '../src/open-manager.js';
import { loadConfig } from '../src/service/config.js';
import { makeDataDir } from './service/running.js';

const whole: ManagerOptions = {
  baseUrl: 'https://valetkey.example/prefix',
  encryptionKeys: `k:${Buffer.alloc(32, 1).toString('base64')}`,
  providers: {},
};

/** The names under blame; what is given is what JavaScript may pass although the types say otherwise. */
function faultsOf(given: object): string[] {
  try {
    settingsOf({ ...whole, ...given });
    return [];
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return error.faults.map(({ name }) => name);
  }
}

describe('an option that cannot work is named', () => {
  it.each<[string, object]>([
    ['baseUrl', { baseUrl: 'valetkey.example' }],
    ['baseUrl', { baseUrl: 'http://valetkey.example' }],
    ['baseUrl', { baseUrl: 'http://localhost.example' }],
    ['baseUrl', { baseUrl: 'https://user@valetkey.example' }],
    ['baseUrl', { baseUrl: 'https://valetkey.example?query' }],
    ['baseUrl', { baseUrl: new URL('https://valetkey.example') }],
    ['encryptionKeys', { encryptionKeys: Buffer.alloc(32) }],
    ['redisUrl', { redisUrl: 6379 }],
    ['connectProof', { connectProof: 'chatcode' }],
    ['connectProof', { connectProof: 'none' }],
    ['appVerifierUrl', { connectProof: 'app_verifier' }],
    ['appVerifierUrl', { connectProof: 'app_verifier', appVerifierUrl: 'app.example/verify' }],
    ['chatLogins', { connectProof: 'chat_login' }],
    ['chatLogins.0.provider', { chatLogins: [{ platform: 'discord', provider: 'Discord!' }] }],
    ['proofDeepLink', { proofDeepLink: 'javascript://t.me/{code}' }],
    ['returnToOrigins', { returnToOrigins: 'https://app.example.org' }],
    ['returnToOrigins.0', { returnToOrigins: ['https://app.example.org/'] }],
    ['accountPolicy', { accountPolicy: 'Deny' }],
    ['redisURL', { redisURL: 'redis://localhost' }],
    ['REDIS_URL', { REDIS_URL: 'redis://localhost' }],
    ['spool_dir', { spool_dir: '/var/spool/valetkey' }],
    ['accountPolcy', { accountPolcy: 'deny' }],
    ['refreshBufferSeconds', { refreshBufferSeconds: -1 }],
    ['linkCodeTtlSeconds', { linkCodeTtlSeconds: 0 }],
    ['issuerRetrySeconds', { issuerRetrySeconds: 0 }],
    ['auditRetentionDays', { auditRetentionDays: '90 days' }],
    ['refreshAhead.concurrency', { refreshAhead: { concurrency: 0 } }],
    ['refreshAhead.perSecond', { refreshAhead: { perSecond: Number.NaN } }],
  ])('%s of %j', (name, given) => expect(faultsOf(given)).toEqual([name]));

  it('all of them at once', () => {
    expect(faultsOf({ baseUrl: '', accountPolicy: 'no', linkCodeTtlSeconds: -1 })).toHaveLength(3);
  });
});

it('what is like no option may come along', () => expect(faultsOf({ port: 3000, database: 'mine' })).toEqual([]));

it.each(['http://localhost:3000', 'http://127.0.0.2:3000', 'http://[::1]:3000', 'http://app.localhost:3000'])(
  'a page of this machine may be without https, %s here as in BASE_URL',
  (baseUrl) => {
    const { path, remove } = makeDataDir();
    try {
      expect(settingsOf({ ...whole, baseUrl: loadConfig({ BASE_URL: baseUrl, DATA_DIR: path }).baseUrl }).baseUrl).toBe(
        baseUrl,
      );
    } finally {
      remove();
    }
  },
);

it.each([undefined, null, 'options'])('a manager is not made of %s', async (given) => {
  const refused = { code: 'configuration_invalid', faults: [{ name: 'options', problem: 'must be an object' }] };
  await expect(Reflect.apply(openManager, undefined, [given])).rejects.toMatchObject(refused);
  expect(() => Reflect.construct(OAuthManager, [given])).toThrow(expect.objectContaining(refused));
});

describe('what is wrong is said at once, wherever it would be found', () => {
  const canary = 'canary-of-the-host';
  const wrong = {
    baseUrl: 'http://public.example',
    refreshBufferSeconds: -1,
    mcp: JSON.parse(JSON.stringify({ nonsense: canary })),
    providers: { acme: { client_id: 'id' } },
    encryptionKeys: `k:${canary}`,
    redisUrl: `http://${canary}`,
  };
  const settings = ['baseUrl', 'refreshBufferSeconds'];
  const stored = ['ENCRYPTION_KEYS', 'REDIS_URL'];
  const rest = ['acme.authorization_endpoint', 'acme.token_endpoint', ...stored];

  it.each<[string, object, string[]]>([
    ['settings', {}, [...settings, 'mcp', ...rest]],
    ['rules for MCP', { baseUrl: 'http://localhost', refreshBufferSeconds: 1 }, ['mcp', ...rest]],
    ['providers', { baseUrl: 'http://localhost', refreshBufferSeconds: 1, mcp: {} }, rest],
    ['keys', { baseUrl: 'http://localhost', refreshBufferSeconds: 1, mcp: {}, providers: {} }, stored],
  ])('with a fault of the %s first', async (_first, mended, names) => {
    const error: unknown = await openManager({ ...wrong, ...mended }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'configuration_invalid', faults: names.map((name) => ({ name })) });
    expect(String(error)).not.toContain(canary);
  });
});
