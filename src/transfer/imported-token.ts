/** What every import ends in: tokens of one person at one provider, and the connection that is made of them. */

import { z } from 'zod';
import { type Connection, connectionSchema } from '../core/connection.js';
import {
  accountLabelSchema,
  defaultAccount,
  defaultTenant,
  internalTenant,
  providerIdSchema,
  tenantIdSchema,
  userIdSchema,
} from '../core/identifiers.js';
import { newId } from '../flows/one-time-values.js';

/** A record that cannot be imported, and why; never its content. */
export class ImportRefused extends Error {}

/** Epoch seconds, also as text or with a fraction; 0, empty and absent = never. Answers epoch ms. */
const seconds = z
  .union([z.number(), z.string().regex(/^\s*\d*(\.\d+)?\s*$/)])
  .nullish()
  .transform((value) => Math.floor(Number(value ?? 0) * 1_000) || undefined);

/** An array, or one text with spaces or commas between. */
const scopes = z
  .union([z.array(z.string()), z.string()])
  .nullish()
  .transform((value) =>
    (typeof value === 'string' ? value.split(/[\s,]+/) : (value ?? [])).filter((each) => each !== ''),
  );

const optionalText = z
  .string()
  .nullish()
  .transform((value) => value || undefined);

/** One line of the plain import format, and what all other formats are turned into. Times in epoch seconds. */
export const importedTokenSchema = z.object({
  user: userIdSchema,
  tenant: tenantIdSchema.refine((tenant) => tenant !== internalTenant).default(defaultTenant),
  provider: providerIdSchema,
  account: accountLabelSchema.default(defaultAccount),
  access_token: z.string().min(1),
  refresh_token: optionalText,
  token_type: optionalText,
  expires_at: seconds,
  refresh_expires_at: seconds,
  scopes,
  identity: connectionSchema.shape.identity,
  parameters: connectionSchema.shape.parameters,
  connected_at: seconds,
});
export type ImportedToken = z.output<typeof importedTokenSchema>;
/** The same before it was judged. */
export type ImportedFields = { readonly [K in keyof ImportedToken]?: unknown };

/** Judges the fields. @throws {ImportRefused} names the field, never its value */
export function parseImportedToken(fields: unknown): ImportedToken {
  const parsed = importedTokenSchema.safeParse(fields);
  if (parsed.success) return parsed.data;
  const names = parsed.error.issues.map(({ path }) => path.join('.') || 'the record');
  throw new ImportRefused(`not of the expected form: ${[...new Set(names)].join(', ')}`);
}

/** The connection. The operator answers for whose tokens they are: the proof recorded is `host`. @param now epoch ms */
export function toConnection(token: ImportedToken, now: number): Connection {
  const connectedAt = token.connected_at ?? now;
  return connectionSchema.parse({
    connectionId: newId('co'),
    tenant: token.tenant,
    userId: token.user,
    provider: token.provider,
    account: token.account,
    identity: token.identity,
    tokenSet: {
      accessToken: token.access_token,
      tokenType: token.token_type?.toLowerCase() ?? 'bearer',
      refreshToken: token.refresh_token,
      expiresAt: token.expires_at,
      refreshExpiresAt: token.refresh_expires_at,
      obtainedAt: Math.min(connectedAt, now),
      scope: token.scopes,
    },
    requestedScope: token.scopes,
    parameters: token.parameters,
    state: { kind: 'active' },
    proof: { mode: 'host', provenAt: now },
    connectedAt,
    updatedAt: now,
  });
}
