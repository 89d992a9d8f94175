/** What every import leads to: tokens of one person at one provider, and the connection made from them. */

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
import { isJsonObject } from '../core/json-paths.js';
import { newId } from '../flows/one-time-values.js';

/** A record that cannot be imported, and why; its content is never quoted. */
export class ImportRefused extends Error {}

/** The year 5138: later times must be ms instead of seconds, and such a token would never be refreshed. */
const firstUnlikelySecond = 100_000_000_000;

/** Epoch seconds, also as text or with a fraction; 0, empty and absent = never. Answers epoch ms. */
const seconds = z
  .union([z.number(), z.string().regex(/^\s*\d*(\.\d+)?\s*$/)])
  .nullish()
  .transform((value) => Number(value ?? 0))
  .refine((value) => value >= 0 && value < firstUnlikelySecond)
  .transform((value) => Math.floor(value * 1_000) || undefined);

/** An array, or one text separated by spaces or commas. */
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
 * One line of the plain import format, which all other formats are converted to. Times in epoch seconds. Unknown names are
 * refused, as they may be misspelt: a connection without its refresh token would end within the hour, and would be in the
 * way of a better import.
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
/** The same before it was checked. */
export type ImportedFields = { readonly [K in keyof ImportedToken]?: unknown };

/** Checks the fields. @throws {ImportRefused} names the field, never its value */
export function parseImportedToken(fields: unknown): ImportedToken {
  const parsed = importedTokenSchema.safeParse(withoutNulls(fields));
  if (parsed.success) return parsed.data;
  throw new ImportRefused(parsed.error.issues.some(isUnknown) ? describeUnknown(parsed.error) : describe(parsed.error));
}

/** Rows of a table have `null` for what is absent, also within the account. */
function withoutNulls(value: unknown): unknown {
  if (!isJsonObject(value)) return value;
  const present = Object.entries(value).filter(([, each]) => each !== null);
  return Object.fromEntries(present.map(([name, each]) => [name, withoutNulls(each)]));
}

const isUnknown = ({ code }: z.core.$ZodIssue) => code === 'unrecognized_keys';

function describe({ issues }: z.ZodError): string {
  const names = issues.map(({ path }) => path.join('.') || 'the record');
  return `not of the expected form: ${[...new Set(names)].join(', ')}`;
}

/** A name that is no plain word may be content in the wrong place, so it is not quoted. */
function describeUnknown({ issues }: z.ZodError): string {
  const names = issues.flatMap((issue) => (issue.code === 'unrecognized_keys' ? issue.keys : []));
  return `unknown field: ${names.map((name) => (/^[A-Za-z_]{1,32}$/.test(name) ? name : '(no word)')).join(', ')}`;
}

/** The connection. The operator vouches for whose tokens they are: the proof recorded is `host`. @param now epoch ms */
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
