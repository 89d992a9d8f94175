/** Records, owners and keyrings that the store's tests are made with. */

import { randomBytes, randomUUID } from 'node:crypto';
import {
  type AwaitingGrant,
  awaitingGrantSchema,
  type ConnectIntent,
  connectIntentSchema,
} from '../../src/core/connect.js';
import { type Connection, connectionSchema } from '../../src/core/connection.js';
import { type ConnectionRef, type Owner, tenantIdSchema, userIdSchema } from '../../src/core/identifiers.js';
import { Secret } from '../../src/core/secret.js';
import type { FoundField } from '../../src/store/engine.js';
import { Keyring } from '../../src/store/sealing.js';

/** Epoch ms of everything that happens in these records. */
/** What is found again, as it is. */
export const asFound = (found: FoundField | 'same' | undefined) => found;

export const t0 = 1_795_000_000_000;

/** A keyring entry with a random key. */
export const keyEntry = (id: string) => `${id}:${randomBytes(32).toString('base64')}`;

/** A keyring with one random key per id, the first active. */
export const keyring = (...ids: string[]) => Keyring.parse(ids.map(keyEntry).join(','));

/** An owner that no other test has. */
export function anOwner(tenant = 'default'): Owner {
  return { tenant: tenantIdSchema.parse(tenant), userId: userIdSchema.parse(`slack:T1:${randomUUID()}`) };
}

/** A GitHub-like connection: no expiry, no refresh token. */
export function aConnection(owner: Owner, changes: Partial<Connection> = {}): Connection {
  const base = connectionSchema.parse({
    connectionId: `co_${randomBytes(15).toString('base64url')}`,
    ...owner,
    provider: 'github',
    account: 'default',
    identity: { id: '583231', name: 'octocat' },
    tokenSet: {
      accessToken: 'gho_16C7e42F292c6912E7710c838347Ae178B4a',
      tokenType: 'bearer',
      obtainedAt: t0,
      scope: ['read:user', 'repo'],
    },
    requestedScope: ['read:user', 'repo'],
    state: { kind: 'active' },
    proof: { mode: 'chat_code', provenAt: t0 + 41_500, connectId: `cn_${randomBytes(15).toString('base64url')}` },
    connectedAt: t0 + 41_500,
    updatedAt: t0 + 41_500,
  });
  return { ...base, ...changes };
}

/** A connection in which every field that may be there is there. */
export function aFullConnection(owner: Owner): Connection {
  const base = aConnection(owner);
  return connectionSchema.parse({
    ...base,
    account: 'Arbeit – büro',
    provider: 'microsoft',
    identity: { id: 'oid', name: 'Ada', email: 'ada@example.com' },
    tokenSet: {
      accessToken: 'at',
      tokenType: 'DPoP',
      refreshToken: 'rt',
      obtainedAt: t0,
      expiresAt: t0 + 3_600_000,
      refreshExpiresAt: t0 + 86_400_000,
      scope: ['a'],
    },
    requestedScope: ['a', 'b c', ''],
    parameters: { tenant: 'contoso', toString: 'x' },
    sites: [{ id: 'site-1', name: 'One', url: 'https://one.example' }, { id: 'site-2' }],
    state: { kind: 'uncertain', since: t0, attempts: 2 },
    pausedAt: t0 + 50_000,
  });
}

/** A reference to a connection. */
export const refTo = (connection: Connection): ConnectionRef => ({
  owner: { tenant: connection.tenant, userId: connection.userId },
  provider: connection.provider,
  account: connection.account,
});

/** A grant that awaits a return code. */
export function aGrant(owner: Owner): AwaitingGrant {
  const { proof: _, ...connection } = aConnection(owner);
  return awaitingGrantSchema.parse({
    connection: { ...connection, tokenSet: { ...connection.tokenSet, accessToken: 'gho_waiting' } },
    proof: 'chat_code',
    codeDigest: 'd'.repeat(43),
    expiresAt: t0 + 600_000,
  });
}

/** What a connect is for. */
export function anIntent(owner: Owner): ConnectIntent {
  return connectIntentSchema.parse({
    connectId: randomBytes(16).toString('base64url'),
    ...owner,
    provider: 'github',
    account: 'default',
    scope: ['repo'],
    proof: 'chat_code',
    metadata: { thread: '7' },
    createdAt: t0,
    expiresAt: t0 + 600_000,
  });
}

/** The value with its secrets readable, so that `toEqual` compares them too. */
export function revealed(value: unknown): unknown {
  if (value instanceof Secret) return `revealed:${value.reveal()}`;
  if (Array.isArray(value)) return value.map(revealed);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, revealed(each)]));
}
