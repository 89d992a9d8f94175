/** Bodies and queries of the routes for admins: API keys, callers that are refused, and the audit trail. */

import { z } from 'zod';
import { auditActSchema, auditEntrySchema } from '../src/core/audit.js';
import { providerIdSchema } from '../src/core/identifiers.js';
import { epochSeconds, userId, wholeNumber } from './schemas.js';

const text = z.string();

const callerName = z
  .string()
  .min(1)
  .max(256)
  .refine((name) => name.isWellFormed(), 'must be well-formed Unicode');

/** A time that an administrator gives. Milliseconds by mistake would make a key that never ends. */
const namedSeconds = epochSeconds.max(253_402_300_799, 'must be in seconds, at most the year 9999');

/** The id of a key in a path: 16 hexadecimal digits, not a secret. */
export const apiKeyParams = z.object({ id: z.string().regex(/^[0-9a-f]{16}$/, 'is not the id of a key') });

/** The owner of the new key, and what it may do. */
export const apiKeyBody = z.strictObject({
  owner: z
    .string()
    .min(1)
    .max(128)
    .refine((name) => !/\p{Cc}/u.test(name), 'must not contain control characters')
    .describe('Responsible for the key: a person or a team.'),
  role: z.enum(['bot', 'viewer', 'admin']).default('bot'),
  providers: z.array(providerIdSchema).min(1).max(100).optional().describe('Without it, every provider.'),
  expires_at: namedSeconds.optional().describe('Without it, the key is valid until it is revoked.'),
});

/** Which JWTs are refused; exactly one of `subject` and `jti` is needed. */
export const revocationBody = z.strictObject({
  subject: callerName.optional().describe('Claim `sub`: every JWT of that subject.'),
  jti: callerName.optional().describe('Claim `jti`: that one JWT.'),
  until: namedSeconds
    .optional()
    .describe('When the refusal ends; without it, never. A time in the past takes it back.'),
});

/** Which entries of the audit trail; every field is optional. */
export const auditQuery = z.object({
  after: z
    .string()
    .regex(/^[0-9-]{1,40}$/, 'is not the id of an entry')
    .optional()
    .describe('Entries after this one; without it, from the oldest kept.'),
  limit: wholeNumber(1000)
    .refine((limit) => limit > 0, 'must be 1-1000')
    .optional(),
  act: auditActSchema.optional(),
  user: userId.optional(),
});

const apiKeyAnswer = z.object({
  id: text,
  owner: text,
  role: text,
  providers: z.array(text).nullable(),
  created_at: epochSeconds,
  expires_at: epochSeconds.nullable(),
  revoked_at: epochSeconds.nullable(),
  last_used_at: epochSeconds.nullable(),
});

/** The keys of the tenant, revoked ones too; never a key itself. */
export const apiKeysAnswer = z.object({ api_keys: z.array(apiKeyAnswer) });

/** 201 of a new key: the only answer that holds the key. */
export const newApiKeyAnswer = apiKeyAnswer.extend({ key: text.describe('The key. It cannot be shown again.') });

/** 200 of a revocation; the same if the key was already revoked. */
export const apiKeyRevokedAnswer = z.object({ id: text, revoked: z.literal(true) });

/** Until when the caller is refused; null = for good. */
export const revocationAnswer = z.object({ until: epochSeconds.nullable() });

/** An entry as it is stored, with its id and its time in seconds. */
const auditEntryAnswer = auditEntrySchema
  .omit({ at: true })
  .extend({ id: text, at: z.number().describe('Epoch seconds.') });

/** Entries, oldest first, and where the next page begins. */
export const auditAnswer = z.object({
  entries: z.array(auditEntryAnswer),
  next: text.nullable().describe('Pass it as `after` for the next page; null at the end.'),
});
