/** Records of other programs, as their public documentation shows them, converted to the plain import format. */

import { z } from 'zod';
import { type ImportedFields, ImportRefused } from './imported-token.js';

/** ISO 8601 or epoch seconds; answers epoch seconds. */
const moment = z
  .union([z.string(), z.number()])
  .nullish()
  .transform((value, context) => {
    if (value === null || value === undefined || value === '') return undefined;
    const at = typeof value === 'number' ? value : Date.parse(value) / 1_000;
    if (!Number.isFinite(at)) context.addIssue({ code: 'custom', message: 'not a time' });
    return at;
  });
const text = z.string().nullish();

/** An answer of Nango's `GET /connections/{connectionId}`. */
const nangoSchema = z.object({
  connection_id: z.string(),
  provider_config_key: z.string(),
  provider: text,
  credentials: z.object({
    type: z.literal('OAUTH2'),
    access_token: z.string(),
    refresh_token: text,
    expires_at: moment,
    raw: z.object({ scope: z.union([z.string(), z.array(z.string())]).nullish(), token_type: text }).nullish(),
  }),
  end_user: z.object({ id: text }).nullish(),
  tags: z.record(z.string(), z.string()).nullish(),
  created_at: moment,
});

/** Reads a Nango connection. Its user is `end_user.id`, else the tag `end_user_id`, else the connection id. */
export function readNangoConnection(record: unknown): ImportedFields {
  const { credentials, ...connection } = parse(nangoSchema, record);
  return {
    user: connection.end_user?.id || connection.tags?.end_user_id || connection.connection_id,
    provider: connection.provider_config_key,
    access_token: credentials.access_token,
    refresh_token: credentials.refresh_token,
    token_type: credentials.raw?.token_type,
    expires_at: credentials.expires_at,
    scopes: credentials.raw?.scope,
    connected_at: connection.created_at,
  };
}

/** A row of Better Auth's table `account`, with the names of its fields or of its columns. */
const betterAuthSchema = z.object({
  userId: z.string(),
  providerId: z.string(),
  accountId: z.string(),
  accessToken: z.string(),
  refreshToken: text,
  accessTokenExpiresAt: moment,
  refreshTokenExpiresAt: moment,
  scope: text,
  createdAt: moment,
});

/** Reads a Better Auth account. Rows without an access token (passwords) are refused. */
export function readBetterAuthAccount(record: unknown): ImportedFields {
  const account = parse(betterAuthSchema, withCamelCase(record));
  return {
    user: account.userId,
    provider: account.providerId,
    identity: { id: account.accountId },
    access_token: account.accessToken,
    refresh_token: account.refreshToken,
    expires_at: account.accessTokenExpiresAt,
    refresh_expires_at: account.refreshTokenExpiresAt,
    scopes: account.scope,
    connected_at: account.createdAt,
  };
}

function withCamelCase(record: unknown): unknown {
  if (typeof record !== 'object' || record === null) return record;
  const camel = (name: string) => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [camel(name), value]));
}

function parse<T>(schema: z.ZodType<T>, record: unknown): T {
  const parsed = schema.safeParse(record);
  if (parsed.success) return parsed.data;
  const names = parsed.error.issues.map(({ path }) => path.join('.') || 'the record');
  throw new ImportRefused(`not of the expected form: ${[...new Set(names)].join(', ')}`);
}
