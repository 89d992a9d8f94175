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

/** Times from here on, in the year 5138, are ms where seconds were meant: such a token would never be refreshed. */
const firstUnlikelySecond = 100_000_000_000;

/** Epoch seconds, also as text or with a fraction; 0, empty and absent = never. Answers epoch ms. */
const seconds = z
  .union([z.number(), z.string().regex(/^\s*\d*(\.\d+)?\s*$/)])
  .nullish()
  .transform((value) => Number(value ?? 0))
  .refine((value) => value >= 0 && value < firstUnlikelySecond)
  .transform((value) => Math.floor(value * 1_000) || undefined);

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

/**
 * One line of the plain import format, and what all other formats are turned into. Times in epoch seconds. A name that is
 * not here may be a misspelt one: without its refresh token a connection would end within the hour, and stand in the way
 * of a better import.
 */
export const importedTokenSchema = z.strictObject({
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
  throw new ImportRefused(parsed.error.issues.some(isUnknown) ? describeUnknown(parsed.error) : describe(parsed.error));
}

const isUnknown = ({ code }: z.core.$ZodIssue) => code === 'unrecognized_keys';

function describe({ issues }: z.ZodError): string {
  const names = issues.map(({ path }) => path.join('.') || 'the record');
  return `not of the expected form: ${[...new Set(names)].join(', ')}`;
}

/** Names that are no words may be content that came into the wrong place. */
function describeUnknown({ issues }: z.ZodError): string {
  const names = issues.flatMap((issue) => (issue.code === 'unrecognized_keys' ? issue.keys : []));
  return `unknown field: ${names.map((name) => (/^[A-Za-z_]{1,32}$/.test(name) ? name : '(no word)')).join(', ')}`;
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
