/**
 * One identity for everybody, by its refresh token (source `refresh_token`). Its grant is a connection like any other, of
 * an owner that no caller can name. So a rotated token is stored before use, and leases and intents hold for all replicas.
 */

import { createHash } from 'node:crypto';
import { type Connection, nextGeneration, type StoredConnection, statusOf } from '../../core/connection.js';
import { ProviderError } from '../../core/errors.js';
import { type ConnectionRef, defaultAccount, internalTenant, userIdSchema } from '../../core/identifiers.js';
import type { Provider } from '../../core/provider.js';
import { Secret } from '../../core/secret.js';
import type { SourceRequest, TokenSource } from '../../core/token-source.js';
import { getToken, type TokenDesk } from '../get-token.js';
import { newId } from '../one-time-values.js';
import type { TokenOutcome } from '../token-request.js';

/** A placeholder until the first access token is fetched. It counts as expired, so it is never handed out. */
const noAccessToken = new Secret('none');
/** How many configured refresh tokens are remembered as used up. */
const mostSeeds = 8;
/** Replicas may plant at the same time: read and write are then repeated, up to this many times. */
const mostTries = 5;

/** Hands out the identity's access token. The configured refresh token is used once, then the ones that replace it. */
export function fixedIdentity(desk: TokenDesk, provider: Provider, refreshToken: Secret | undefined): TokenSource {
  return {
    requiresSubjectToken: false,
    has: async () => refreshToken !== undefined && isGood(desk, provider, refreshToken),
    resolve: async (request) => {
      if (refreshToken === undefined) throw endedBy(provider, 'has no refresh token');
      const outcome = await tokenOf(desk, { provider, refreshToken, request });
      if (outcome.kind === 'none') throw endedBy(provider, `no longer takes its refresh token (${outcome.reason})`);
      return outcome.token;
    },
  };
}

/** Whether the stored grant was not refused, as far as we know; a refresh token that was never used may be good. */
async function isGood({ deps }: TokenDesk, provider: Provider, refreshToken: Secret): Promise<boolean> {
  const present = await deps.store.connections.find(placeOf(provider));
  if (present === undefined || isNew(present, digestOf(refreshToken))) return true;
  return statusOf(present.connection, deps.now()) === 'active';
}

interface Wanted {
  readonly provider: Provider;
  readonly refreshToken: Secret;
  readonly request: SourceRequest;
}

async function tokenOf(desk: TokenDesk, { provider, refreshToken, request }: Wanted): Promise<TokenOutcome> {
  const ref = placeOf(provider);
  const { minTtlMs, rejectedTokenSha256 } = request;
  await plant(desk, ref, { provider, refreshToken });
  return getToken(desk, { ...ref, minTtlMs, rejectedTokenSha256 });
}

function placeOf(provider: Provider): ConnectionRef {
  const owner = { tenant: internalTenant, userId: userIdSchema.parse(`source:${provider.id}`) };
  return { owner, provider: provider.id, account: defaultAccount };
}

/** Makes sure that the connection holds the configured refresh token, or one that has replaced it. */
async function plant(
  desk: TokenDesk,
  ref: ConnectionRef,
  seed: { provider: Provider; refreshToken: Secret },
): Promise<void> {
  const { connections } = desk.deps.store;
  for (let tries = 0; tries < mostTries; tries += 1) {
    const present = await connections.find(ref);
    const seeds = seedsOf(present);
    const digest = digestOf(seed.refreshToken);
    if (present !== undefined && !isNew(present, digest)) return;
    const connection = newConnection(desk.deps.now(), ref, { ...seed, seeds: [digest, ...seeds] });
    const generation = nextGeneration(present?.generation, connection.updatedAt);
    const outcome = await connections.write(ref.owner, [
      { kind: 'put_connection', connection, expect: present?.generation ?? 'absent', generation },
    ]);
    if (outcome === 'stored') return;
  }
}

/**
 * A token that was configured before is used up by now, and a replica that was started with it must not bring it back;
 * unless the stored grant is over and did not begin with this token.
 */
function isNew(present: StoredConnection, digest: string): boolean {
  const seeds = seedsOf(present);
  if (!seeds.includes(digest)) return true;
  return present.connection.state.kind === 'needs_reauthorization' && seeds[0] !== digest;
}

function seedsOf(stored: StoredConnection | undefined): readonly string[] {
  return stored?.connection.parameters?.seeds?.split(',') ?? [];
}

function digestOf(refreshToken: Secret): string {
  return createHash('sha256').update(refreshToken.reveal()).digest('base64url').slice(0, 22);
}

function newConnection(
  now: number,
  ref: ConnectionRef,
  seed: { provider: Provider; refreshToken: Secret; seeds: readonly string[] },
): Connection {
  const { provider, refreshToken } = seed;
  const seeds = [...new Set(seed.seeds)].slice(0, mostSeeds).join(',');
  return {
    connectionId: newId('co'),
    ...ref.owner,
    provider: provider.id,
    account: ref.account,
    tokenSet: {
      accessToken: noAccessToken,
      tokenType: 'Bearer',
      refreshToken,
      expiresAt: 0,
      obtainedAt: 0,
      scope: provider.defaultScope,
    },
    requestedScope: provider.defaultScope,
    parameters: { seeds },
    state: { kind: 'active' },
    proof: { mode: 'host', provenAt: now },
    connectedAt: now,
    updatedAt: now,
  };
}

function endedBy(provider: Provider, problem: string): ProviderError {
  return new ProviderError(`${provider.id} ${problem}: set a new refresh_token.`, {
    provider: provider.id,
    misconfigured: true,
  });
}
