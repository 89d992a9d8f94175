/** One entry of the audit trail: who did what for whom, and what came of it. Never a secret. */

import { hash } from 'node:crypto';
import { z } from 'zod';
import { accountLabelSchema, providerIdSchema, tenantIdSchema, userIdSchema } from './identifiers.js';

/** What can be done, one word per act. What came of it is the entry's `outcome`. */
export const auditActs = [
  /** A credential was shown, or none where one is needed. Only refusals are written: other entries name the caller. */
  'authenticate',
  /** A known caller asked for what its role, tenant, user or providers do not allow. */
  'authorize',
  'rate_limit',
  'token.issue',
  'token.store',
  /** A connect link was made; the browser went on with it; it came back; the person was proven. */
  'connect.create',
  'connect.start',
  'connect.finish',
  'proof',
  /** A grant ended without becoming a connection; the reason says why and whether the provider took it back. */
  'connect.end',
  /** One account at a provider came under a second user. */
  'account.share',
  /** An MCP server was taken on with departures that the operator allows; the reason names them. */
  'mcp.departure',
  'refresh',
  /** The provider said by itself that an authorization has ended; the reason tells what was found. */
  'signal',
  'disconnect',
  /** A person has paused a connection, or resumed it. */
  'pause',
  'resume',
  'erase',
  'account_link.create',
  'account_link.redeem',
  'api_key.create',
  'api_key.revoke',
  /** A caller's JWTs are no longer taken. */
  'caller.revoke',
] as const;

/** One of {@link auditActs}. */
export const auditActSchema = z.enum(auditActs);
export type AuditAct = z.infer<typeof auditActSchema>;

/**
 * Who acted. `caller`: an API key or JWT of the API; `person`: somebody in a browser; `system`: the service by itself;
 * `operator`: the command line; `unknown`: whoever showed no usable credential.
 */
export const auditActorSchema = z.object({
  kind: z.enum(['caller', 'person', 'system', 'operator', 'unknown']),
  id: z.string().max(256),
  /** Of a caller: its id is the subject of a JWT. Absent = that of a key, or what the host calls its caller. */
  credential: z.literal('jwt').optional(),
});
export type AuditActor = Readonly<z.infer<typeof auditActorSchema>>;

/** Whoever may run the command line on a machine may do everything there; who that is, the machine knows. */
export const operatorActor: AuditActor = { kind: 'operator', id: 'cli' };

/** One entry as it is kept. Also on the wire of `/v1/audit`, there with `at` in epoch seconds. */
export const auditEntrySchema = z.object({
  /** Epoch ms. */
  at: z.number().int().nonnegative(),
  tenant: tenantIdSchema,
  act: auditActSchema,
  actor: auditActorSchema,
  /** Whom it is about. */
  user: userIdSchema.optional(),
  provider: providerIdSchema.optional(),
  account: accountLabelSchema.optional(),
  connection_id: z.string().max(128).optional(),
  /** `refused`: we, or the person, said no. `failed`: it could not be done. */
  outcome: z.enum(['ok', 'refused', 'failed']),
  /** A code of ours or of the provider, or how the act went on (`revoked: yes`). */
  reason: z.string().max(200).optional(),
  request_id: z.string().max(64).optional(),
  /** Network address the request came from. */
  address: z.string().max(64).optional(),
  /** What else was acted on: the id of an API key, a connect or a JWT. */
  object: z.string().max(256).optional(),
  /** The first 12 hexadecimal digits of the SHA-256 of an access token: enough to recognise it, useless otherwise. */
  token_digest: z
    .string()
    .regex(/^[0-9a-f]{12}$/)
    .optional(),
});
export type AuditEntry = Readonly<z.infer<typeof auditEntrySchema>>;

/** The request that something was done for: its id, and the network address it came from. */
export type ActOrigin = Pick<AuditEntry, 'request_id' | 'address'>;

/** The `token_digest` of an access token. */
export function tokenDigestOf(accessToken: string): string {
  return hash('sha256', accessToken, 'hex').slice(0, 12);
}

/** An entry with its place in the tenant's trail. */
export interface StoredAuditEntry {
  readonly id: string;
  readonly entry: AuditEntry;
}
