/** The wire of the HTTP API: snake_case, times in epoch seconds. One schema per body, checked on the way in and out. */

import { z } from 'zod';
import { chatIdentitySchema } from '../src/core/connect.js';
import { proofModeSchema } from '../src/core/connection.js';
import { accountLabelSchema, providerIdSchema, userIdSchema } from '../src/core/identifiers.js';
import { isScopeToken } from '../src/core/scope.js';

const epochSeconds = z.int().nonnegative().describe('Epoch seconds.');
const text = z.string();

// --- what callers send

const userId = userIdSchema.describe('Your id of the person: opaque, 1-256 characters, percent-encoded in paths.');
const connectId = z.string().regex(/^[A-Za-z0-9_.-]{1,128}$/, 'is not a connect id');

export const userParams = z.object({ user: userId });
export const userProviderParams = z.object({ user: userId, provider: providerIdSchema });
export const connectParams = z.object({ connect_id: connectId });

const account = accountLabelSchema.optional().describe('Your label for one of several accounts at one provider.');

/** Scope tokens of RFC 6749 section 3.3; an empty list means that none are asked for by name. */
const scopeList = z
  .array(z.string().max(512).refine(isScopeToken, 'is not a scope token of RFC 6749 section 3.3'))
  .max(100);

/** A query gives one text; providers separate by space or comma, so both are read. */
const scopeQuery = z
  .string()
  .max(4096)
  .transform((value) => value.split(/[\s,]+/).filter((token) => token !== ''))
  .pipe(scopeList);

/** A whole number in a query. Nothing is coerced: `''` and `1e3` are no numbers. */
const wholeNumber = (most: number) =>
  z
    .string()
    .regex(/^\d{1,6}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.int().max(most));

export const accountQuery = z.object({ account });
export const tokenQuery = z.object({
  account,
  min_ttl: wholeNumber(86_400).optional().describe('Seconds that the token must still be good for.'),
  scopes: scopeQuery.optional().describe('Scopes that the token must have, separated by space or comma.'),
});
export const waitQuery = z.object({
  wait: wholeNumber(30).optional().describe('Seconds to wait for a change, 0-30.'),
});

export const refreshBody = z.strictObject({
  rejected_token_sha256: z
    .string()
    .regex(/^[0-9a-fA-F]{64}$/, 'must be the SHA-256 of the rejected access token, 64 hexadecimal digits')
    .transform((hex) => hex.toLowerCase()),
});

const shortTexts = z
  .record(z.string().min(1).max(64), z.string().max(512))
  .refine((record) => Object.keys(record).length <= 20, 'must not have more than 20 entries');

/** All optional: a connect without a body asks for the provider's usual scopes. */
export const connectBody = z
  .strictObject({
    scopes: scopeList.optional(),
    account,
    return_to: z.string().min(1).max(2048).optional(),
    chat_identity: chatIdentitySchema.optional(),
    proof: proofModeSchema.optional(),
    metadata: shortTexts.optional(),
    parameters: shortTexts.optional().describe('What some providers want to know first: tenant, shop, subdomain.'),
  })
  .nullish();

export const proofBody = z.strictObject({ code: z.string().min(1).max(64) });
export const verifyBody = z.strictObject({ user: userId });
export const eventsHeaders = z.object({
  'last-event-id': z
    .string()
    .regex(/^[A-Za-z0-9:._-]{1,64}$/, 'is not an event id')
    .optional(),
});

// --- what callers get

const providerAccount = z
  .object({ id: text, name: text.optional(), email: text.optional() })
  .nullable()
  .describe('The account at the provider; null when the provider tells nothing about it.');

export const providersAnswer = z.object({
  providers: z.array(
    z.object({ id: text, display_name: text, configured: z.boolean(), scopes: z.array(text), source: text }),
  ),
});

export const tokenAnswer = z.object({
  access_token: text,
  token_type: text,
  expires_at: epochSeconds.nullable(),
  scopes: z.array(text),
  provider: text,
  account: providerAccount,
  connection_id: text,
});

export const startedConnectAnswer = z.object({
  connect_id: text,
  connect_url: text.describe('One-time link for that person; a bearer secret.'),
  expires_at: epochSeconds,
  proof: proofModeSchema,
});

export const connectAnswer = z.object({
  connect_id: text,
  provider: text,
  status: z.enum(['pending', 'awaiting_proof', 'connected', 'failed', 'expired']),
  error: text.optional(),
  account: providerAccount.optional(),
});

export const provenAnswer = z.object({
  status: z.literal('connected'),
  connect_id: text,
  provider: text,
  account: providerAccount,
  connection_id: text,
});

export const connectionsAnswer = z.object({
  connections: z.array(
    z.object({
      connection_id: text,
      provider: text,
      account: providerAccount,
      account_label: text.describe('What `?account=` names.'),
      scopes: z.array(text),
      status: z.enum(['active', 'expired', 'reauthorization_required', 'misconfigured']),
      expires_at: epochSeconds.nullable(),
      has_refresh_token: z.boolean(),
      connected_at: epochSeconds,
      last_used_at: epochSeconds.nullable(),
    }),
  ),
});

export const disconnectedAnswer = z.object({ revoked: z.enum(['yes', 'no', 'unsupported']) });

export const erasedAnswer = z.object({
  connections: z.int(),
  revoked: z.int(),
  not_revoked: z.int(),
  unsupported: z.int(),
});

export const accountLinkAnswer = z.object({ url: text, expires_at: epochSeconds });

/** Problems are written by the error handler; this tells readers of the OpenAPI document what to expect. */
export const problemSchema = z.looseObject({
  type: text,
  title: text,
  status: z.int(),
  code: text.describe('The word to branch on.'),
  detail: text,
  request_id: text,
});
