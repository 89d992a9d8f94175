/** Encryption keys that a key service wraps, at a Vault and a KMS that check every request. */

import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { exitCodes, reportFailure } from '../../src/cli/exit.js';
import { ConfigurationError, KeyUnavailable } from '../../src/core/errors.js';
import { Secret } from '../../src/core/secret.js';
import { awsKms } from '../../src/keys/aws-kms.js';
import { type KeyService, unwrapKeys } from '../../src/keys/key-service.js';
import { vaultTransit } from '../../src/keys/vault-transit.js';
import {
  awsCredentials,
  type KeyServiceHere,
  kmsKey,
  refusal,
  startKms,
  startVault,
  vaultToken,
} from '../support/scripted-key-services.js';

const atVault = ({ server }: KeyServiceHere, token = vaultToken) =>
  vaultTransit({ address: server.url, token: new Secret(token), key: 'valetkey', mount: 'secrets/transit' });

const atKms = ({ server }: KeyServiceHere, secret = awsCredentials.secret) =>
  awsKms({
    region: 'eu-central-1',
    keyId: kmsKey,
    accessKeyId: awsCredentials.id,
    secretAccessKey: new Secret(secret),
    endpoint: server.url,
  });

const patience = { forMs: 2_000, betweenMs: 1 };
const noPatience = { forMs: 0, betweenMs: 1 };

const kinds = [
  { name: 'Vault transit', start: startVault, open: atVault, notNow: { status: 503, json: { errors: [] } } },
  { name: 'AWS KMS', start: startKms, open: atKms, notNow: refusal('ThrottlingException') },
];

describe.each(kinds)('$name', ({ name, start, open, notNow }) => {
  const failureOf = (entries: string, service: KeyService, waits = noPatience) =>
    unwrapKeys(entries, service, waits).then(
      () => undefined,
      (error: unknown) => error,
    );

  it('gives back the keys that it wrapped, in their order and under their ids', async () => {
    const there = await start();
    const keys = [randomBytes(32), randomBytes(32)];
    const entries = keys.map((bytes, index) => `k${index}:${there.wrap(bytes)}`);
    expect(await unwrapKeys(entries.join(', '), open(there))).toBe(
      keys.map((bytes, index) => `k${index}:${bytes.toString('base64')}`).join(','),
    );
  });

  it('makes keys of 32 bytes that it can unwrap, each another', async () => {
    const there = await start();
    const service = open(there);
    const wrapped = [await service.generate(), await service.generate()];
    const opened = await Promise.all(wrapped.map((each) => service.unwrap(each)));
    expect(opened.map((bytes) => bytes.length)).toEqual([32, 32]);
    expect(opened[0]?.equals(opened[1] ?? Buffer.alloc(0))).toBe(false);
  });

  it('is asked again while it cannot answer', async () => {
    const there = await start();
    const bytes = randomBytes(32);
    there.outage.push(notNow, { cut: 'at_once' }, { status: 500 });
    const told: string[] = [];
    const waits = { ...patience, onOutage: (message: string) => void told.push(message) };
    expect(await unwrapKeys(`k1:${there.wrap(bytes)}`, open(there), waits)).toBe(`k1:${bytes.toString('base64')}`);
    expect(told).toEqual([expect.stringContaining(name), `${name} cannot be reached`, `${name} answered 500`]);
    expect(there.outage).toEqual([]);
  });

  it('that stays away leaves the key unavailable, by its id', async () => {
    const there = await start();
    there.outage.push(notNow);
    const failure = await failureOf(`k1:${there.wrap(randomBytes(32))}`, open(there));
    expect(failure).toBeInstanceOf(KeyUnavailable);
    expect(failure).toMatchObject({ code: 'key_unavailable', keyId: 'k1', message: expect.stringContaining(name) });
    // Who starts the command again helps himself, other than with a key that is missing.
    expect(reportFailure(failure)).toBe(exitCodes.failed);
  });

  it.each([
    [
      'a credential that is not right',
      (there: KeyServiceHere) => [there.wrap(randomBytes(32)), open(there, 'another-canary-secret')] as const,
    ],
    [
      'a key that another wrapped',
      (there: KeyServiceHere) =>
        [`${name === 'AWS KMS' ? '' : 'vault:v1:'}${randomBytes(60).toString('base64')}`, open(there)] as const,
    ],
    ['a key of 16 bytes', (there: KeyServiceHere) => [there.wrap(randomBytes(16)), open(there)] as const],
  ])('refuses %s at once, and neither credential nor key is told', async (_what, arrange) => {
    const there = await start();
    const [wrapped, service] = arrange(there);
    const failure = await failureOf(`k1:${wrapped}`, service, patience);
    expect(failure).toBeInstanceOf(ConfigurationError);
    const told = JSON.stringify(failure) + String(failure);
    expect(told).toContain('ENCRYPTION_KEYS');
    expect(told).toContain('k1');
    expect(told).not.toMatch(/canary/);
    expect(told).not.toContain(wrapped);
    expect(there.server.requests).toHaveLength(1);
  });

  it.each([
    { json: {} },
    { text: '<html>' },
    { json: { data: { plaintext: '***' } } },
    { status: 302, headers: { location: 'http://127.0.0.1:9/' } },
  ])('that answers %j is refused', async (answer) => {
    const there = await start();
    there.outage.push(answer);
    expect(await failureOf(`k1:${there.wrap(randomBytes(32))}`, open(there), patience)).toBeInstanceOf(
      ConfigurationError,
    );
  });
});

it('binds keys of KMS to this program, so that what was wrapped for another is refused', async () => {
  const there = await startKms();
  await atKms(there).generate();
  const [request] = there.server.requests;
  expect(JSON.parse(request?.body ?? '')).toEqual({
    KeyId: kmsKey,
    KeySpec: 'AES_256',
    EncryptionContext: { application: 'valetkey' },
  });
});
