/** Schemas of the HTTP API: snake_case, times in epoch seconds. One per body, checked on input and output. */

import { z } from 'zod';
import { chatIdentitySchema } from '../src/core/connect.js';
import { proofModeSchema } from '../src/core/connection.js';
import { accountLabelSchema, providerIdSchema, userIdSchema } from '../src/core/identifiers.js';
import { isScopeToken } from '../src/core/scope.js';

/** A time on the wire; inside the program it is epoch ms. */
export const epochSeconds = z.int().nonnegative().describe('Epoch seconds.');
const text = z.string();

// --- what callers send

/** The caller's name for a person. */
export const userId = userIdSchema.describe(
  'Your id of the person: opaque, 1-256 characters, percent-encoded in paths.',
);
const connectId = z.string().regex(/^[A-Za-z0-9_.-]{1,128}$/, 'is not a connect id');

/** The person in a path. */
export const userParams = z.object({ user: userId });

/** The person and the provider in a path. */
export const userProviderParams = z.object({ user: userId, provider: providerIdSchema });

/** The provider in a path. */
export const providerParams = z.object({ provider: providerIdSchema });

/** The connect in a path; its id is of no use to a caller of another tenant. */
export const connectParams = z.object({ connect_id: connectId });

const account = accountLabelSchema.optional().describe('Your label for one of several accounts at one provider.');

/** Scope tokens of RFC 6749 section 3.3; an empty list asks for none by name. */
export const scopeList = z
  .array(z.string().max(512).refine(isScopeToken, 'is not a scope token of RFC 6749 section 3.3'))
  .max(100);

/** A query has one string; providers separate scopes by space or comma, so both are read. */
const scopeQuery = z
  .string()
  .max(4096)
  .transform((value) => value.split(/[\s,]+/).filter((token) => token !== ''))
  .pipe(scopeList);

/** A whole number in a query, up to `most`. Only digits: `''` and `1e3` are refused. */
export const wholeNumber = (most: number) =>
  z
    .string()
    .regex(/^\d{1,6}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.int().max(most));

/** Which of several accounts; without it, the default one. */
export const accountQuery = z.object({ account });

/** What the token must be good for; every field is optional. */
export const tokenQuery = z.object({
  account,
  min_ttl: wholeNumber(86_400).optional().describe('For how many seconds the token must still be valid.'),
  scopes: scopeQuery.optional().describe('Scopes that the token must have, separated by space or comma.'),
});

/** For a long poll; without it the answer comes at once. */
export const waitQuery = z.object({
  wait: wholeNumber(30).optional().describe('Seconds to wait for a change, 0-30.'),
});

/** The digest of the rejected token: it is refreshed only if it is still the stored one. */
export const refreshBody = z.strictObject({
  rejected_token_sha256: z
    .string()
    .regex(/^[0-9a-fA-F]{64}$/, 'must be the SHA-256 of the rejected access token, 64 hexadecimal digits')
    .transform((hex) => hex.toLowerCase()),
});

/** Only the server's URL is required: without a challenge its metadata is looked for at the well-known addresses. */
export const mcpTokenBody = z.strictObject({
  server_url: z.string().min(1).max(2048),
  www_authenticate: z.string().max(8192).optional().describe('The header of the 401 or 403, as it came.'),
  status: z
    .union([z.literal(401), z.literal(403)])
    .optional()
    .describe('The status that the server answered; without it, 401.'),
  rejected_token_sha256: refreshBody.shape.rejected_token_sha256.optional(),
  account,
  return_to: z.string().min(1).max(2048).optional(),
});

const shortTexts = z
  .record(z.string().min(1).max(64), z.string().max(512))
  .refine((record) => Object.keys(record).length <= 20, 'must not have more than 20 entries');

/** All optional: a connect without a body asks for the provider's default scopes. */
export const connectBody = z
  .strictObject({
    scopes: scopeList.optional(),
    account,
    return_to: z.string().min(1).max(2048).optional(),
    chat_identity: chatIdentitySchema.optional(),
    proof: proofModeSchema.optional(),
    method: z.enum(['browser', 'device']).optional().describe('`device`: a code is typed in on another device.'),
    metadata: shortTexts.optional(),
    parameters: shortTexts.optional().describe('What some providers need first: tenant, shop, subdomain.'),
  })
  .nullish();

/** The return code as the person typed it; case, spaces and hyphens are normalised later. */
export const proofBody = z.strictObject({ code: z.string().min(1).max(64) });

/** The user who is in the browser according to the host's own session. */
export const verifyBody = z.strictObject({ user: userId });

/** The event after which a stream continues; ids are the store's and opaque. An empty one counts as none. */
export const eventsHeaders = z.object({
  'last-event-id': z
    .string()
    .regex(/^[A-Za-z0-9:._-]{0,64}$/, 'is not an event id')
    .optional(),
});

// --- what callers get

/** The account that is connected. */
export const providerAccount = z
  .object({ id: text, name: text.optional(), email: text.optional() })
  .nullable()
  .describe('The account at the provider; null when the provider tells nothing about it.');

/** All known providers; `scopes` are the default ones. */
export const providersAnswer = z.object({
  providers: z.array(
    z.object({ id: text, display_name: text, configured: z.boolean(), scopes: z.array(text), source: text }),
  ),
});

/** 201 of a new connect; the last four fields with method `device` only. */
export const startedConnectAnswer = z.object({
  connect_id: text,
  connect_url: text.describe('One-time link for that person; a bearer secret.'),
  expires_at: epochSeconds,
  proof: proofModeSchema,
  user_code: text.optional().describe('With method `device`: what the person types in at `verification_uri`.'),
  verification_uri: text.optional(),
  verification_uri_complete: text.optional().describe('The same with the code in it, where the provider has that.'),
  interval: z.number().optional().describe('Seconds between two polls. The service polls; you need not.'),
});

/** The state of a connect; `error` with `failed` only. */
export const connectAnswer = z.object({
  connect_id: text,
  provider: text,
  status: z.enum(['pending', 'awaiting_proof', 'connected', 'failed', 'expired']),
  error: text.optional(),
  account: providerAccount.optional(),
  metadata: z.record(text, text).optional().describe('What was given when the connect was made.'),
});

/** The answer to a correct proof. */
export const provenAnswer = z.object({
  status: z.literal('connected'),
  connect_id: text,
  provider: text,
  account: providerAccount,
  connection_id: text,
});

/** A person's connections, without a secret. */
export const connectionsAnswer = z.object({
  connections: z.array(
    z.object({
      connection_id: text,
      provider: text,
      account: providerAccount,
      account_label: text.optional().describe('What `?account=` names, where that is not `default`.'),
      scopes: z.array(text),
      status: z.enum(['active', 'paused', 'expired', 'reauthorization_required']),
      expires_at: epochSeconds.nullable(),
      has_refresh_token: z.boolean(),
      connected_at: epochSeconds,
      last_used_at: epochSeconds.nullable(),
    }),
  ),
});

/** Whether the provider has revoked; the tokens are deleted here in every case. */
export const disconnectedAnswer = z.object({
  revoked: z.enum(['yes', 'no', 'unsupported']),
  also_ended: z.array(text).optional().describe('Other connections that the provider ended with it, by id.'),
});

/** Numbers of connections: all, and by the outcome of their revocation. */
export const erasedAnswer = z.object({
  connections: z.int(),
  revoked: z.int(),
  not_revoked: z.int(),
  unsupported: z.int(),
});

/** A one-time link to the account page; a bearer secret. */
export const accountLinkAnswer = z.object({ url: text, expires_at: epochSeconds });

/** For the OpenAPI document only: the error handler writes the problems themselves. */
export const problemSchema = z.looseObject({
  type: text,
  title: text,
  status: z.int(),
  code: text.describe('The word to branch on.'),
  detail: text,
  request_id: text,
  field: text.optional().describe('Of `invalid_request`: which field cannot be used.'),
  attempts_left: z.int().optional().describe('Of `code_refused`: how many tries remain.'),
  provider: text.optional().describe('Which provider it is about.'),
  who_must_act: z.enum(['user', 'operator', 'nobody']).optional().describe('Who has to do something first.'),
});
