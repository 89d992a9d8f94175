/** The connection of one user to one account at one provider. */

import { z } from 'zod';
import {
  accountLabelSchema,
  type ConnectionRef,
  providerIdSchema,
  tenantIdSchema,
  userIdSchema,
} from './identifiers.js';
import { Secret } from './secret.js';
import { siteSchema } from './site.js';
import { isLive, isRefreshable, type TokenSet } from './token-set.js';

/** A `Secret` in memory, its text at rest. Only records that are sealed may use it. */
export const secretText = z.codec(z.string().min(1), z.instanceof(Secret), {
  decode: (text) => new Secret(text),
  encode: (secret) => secret.reveal(),
});

/** A time as it is stored: epoch ms. */
export const epochMs = z.number().int().nonnegative();

/** The provider's own account: `id` never changes, the others may. */
export const providerIdentitySchema = z.object({
  id: z.string().min(1).max(512),
  name: z.string().max(200).optional(),
  email: z.string().max(320).optional(),
});
export type ProviderIdentity = Readonly<z.infer<typeof providerIdentitySchema>>;

/** A token set as it lies in a sealed record, its secrets as texts. Times in epoch ms. */
export const tokenSetSchema = z.object({
  accessToken: secretText,
  tokenType: z.string(),
  refreshToken: secretText.optional(),
  expiresAt: epochMs.optional(),
  obtainedAt: epochMs,
  refreshExpiresAt: epochMs.optional(),
  scope: z.array(z.string()).readonly(),
}) satisfies z.ZodType<TokenSet>;

/**
 * What refreshing has found out about a connection. An outage or a fault of ours is not written here: those belong to
 * the provider, pass for all users at once, and must not touch anybody's record.
 */
export const connectionStateSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('active') }),
  /** A refresh token was sent and the answer was lost, so it may be spent. Epoch ms of the sending. */
  z.object({ kind: z.literal('uncertain'), since: epochMs, attempts: z.number().int().positive() }),
  /** Only the user can mend it. The sealed refresh token is kept until `keepUntil`, in case the provider was wrong. */
  z.object({ kind: z.literal('needs_reauthorization'), since: epochMs, keepUntil: epochMs, error: z.string() }),
]);
export type ConnectionState = Readonly<z.infer<typeof connectionStateSchema>>;

/** How the person in the browser is shown to be the person in the chat. */
export const proofModeSchema = z.enum(['chat_code', 'app_verifier', 'chat_login', 'none']);
export type ProofMode = z.infer<typeof proofModeSchema>;

/** A connection as it lies in its sealed record. Times in epoch ms. */
export const connectionSchema = z.object({
  connectionId: z.string(),
  tenant: tenantIdSchema,
  userId: userIdSchema,
  provider: providerIdSchema,
  account: accountLabelSchema,
  identity: providerIdentitySchema.optional(),
  tokenSet: tokenSetSchema,
  /** Scope asked for at the last consent. */
  requestedScope: z.array(z.string()).readonly(),
  /** Values that travel with the connection: tenant, shop, subdomain, cloud id (see the provider). */
  parameters: z.record(z.string(), z.string()).optional(),
  /** What the grant reaches, where that may be several places; one of them may be chosen in `parameters`. */
  sites: z.array(siteSchema).readonly().optional(),
  state: connectionStateSchema,
  /** The recorded proof of person; nothing is active without one. */
  proof: z.object({
    /** `host`: the embedding program stored the token itself and answers for whose it is. */
    mode: z.enum([...proofModeSchema.options, 'host']),
    provenAt: epochMs,
    connectId: z.string().optional(),
  }),
  connectedAt: epochMs,
  updatedAt: epochMs,
  /** When the person paused it; absent = it may be used. Refreshing goes on, so that nothing is lost. */
  pausedAt: epochMs.optional(),
});
export type Connection = Readonly<z.infer<typeof connectionSchema>>;

/** A connection as read from the store; every write names the `generation` that it means to replace. */
export interface StoredConnection {
  readonly connection: Connection;
  readonly generation: number;
  /** What a journey has worked out from this very record, to use it again; never stored. */
  ready?: object | undefined;
}

/** What callers and the account page are told about a connection's condition. */
export type ConnectionStatus = 'active' | 'paused' | 'expired' | 'reauthorization_required';

/** The condition of a connection at `now` (epoch ms). */
export function statusOf(connection: Connection, now: number): ConnectionStatus {
  if (connection.pausedAt !== undefined) return 'paused';
  if (connection.state.kind === 'needs_reauthorization') return 'reauthorization_required';
  return isLive(connection.tokenSet, now) || isRefreshable(connection.tokenSet, now) ? 'active' : 'expired';
}

/** The reference that names a connection. */
export function refOf(connection: Pick<Connection, 'tenant' | 'userId' | 'provider' | 'account'>): ConnectionRef {
  const { tenant, userId, provider, account } = connection;
  return { owner: { tenant, userId }, provider, account };
}

/**
 * The generation after `previous`. Always larger, whatever the clock says, so that the newer record can be told after a
 * failover; partly random, so that two writers at the same moment hardly ever make the same one.
 */
export function nextGeneration(previous: number | undefined, now: number): number {
  return Math.max((previous ?? 0) + 1, now * 1000) + Math.floor(Math.random() * 1000);
}
