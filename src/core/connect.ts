/** A connect: the way from a one-time link to an active connection, and the records that stand along it. */

import { z } from 'zod';
import { connectionSchema, epochMs, proofModeSchema, providerIdentitySchema, secretText } from './connection.js';
import { accountLabelSchema, providerIdSchema, tenantIdSchema, userIdSchema } from './identifiers.js';

/** The chat account that the landing page names. */
export const chatIdentitySchema = z.object({
  platform: z.string().min(1).max(64),
  name: z.string().min(1).max(128),
  /** The immutable id there; for proof `chat_login`, when the user id does not say it. */
  subject: z.string().min(1).max(512).optional(),
});
export type ChatIdentity = Readonly<z.infer<typeof chatIdentitySchema>>;

/** What one connect is for. Fixed when the link is made. */
export const connectIntentSchema = z.object({
  connectId: z.string(),
  tenant: tenantIdSchema,
  userId: userIdSchema,
  provider: providerIdSchema,
  account: accountLabelSchema,
  scope: z.array(z.string()).readonly(),
  proof: proofModeSchema,
  returnTo: z.string().optional(),
  chatIdentity: chatIdentitySchema.optional(),
  metadata: z.record(z.string(), z.string()).optional(),
  parameters: z.record(z.string(), z.string()).optional(),
  createdAt: epochMs,
  expiresAt: epochMs,
});
export type ConnectIntent = Readonly<z.infer<typeof connectIntentSchema>>;

/** Where a connect stands, as the bot may poll it. Kept a while after its end, so that the end can be told. */
export const connectSchema = connectIntentSchema.extend({
  status: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('pending') }),
    z.object({ kind: z.literal('awaiting_proof'), identity: providerIdentitySchema.optional(), until: epochMs }),
    z.object({ kind: z.literal('connected'), identity: providerIdentitySchema.optional() }),
    z.object({ kind: z.literal('failed'), error: z.string() }),
  ]),
});
export type Connect = Readonly<z.infer<typeof connectSchema>>;

/** Behind a link code: which connect the holder may start. */
export const connectLinkSchema = z.object({ intent: connectIntentSchema });
export type ConnectLink = Readonly<z.infer<typeof connectLinkSchema>>;

/** Behind a state: one authorization request on its way, bound to one browser. */
export const pendingAuthorizationSchema = z.object({
  intent: connectIntentSchema,
  codeVerifier: secretText,
  redirectUri: z.string(),
  /** The issuer that the answer must name (RFC 9207), when the provider has one. */
  issuer: z.string().optional(),
  /** SHA-256 (base64url) of the flow cookie of the browser that started. */
  browserHash: z.string(),
  startedAt: epochMs,
});
export type PendingAuthorization = Readonly<z.infer<typeof pendingAuthorizationSchema>>;

/** Behind a state of proof `chat_login`: one sign-in on its way, bound to the browser that finished the connect. */
export const pendingChatLoginSchema = z.object({
  intent: connectIntentSchema,
  /** Where the person signs in. */
  provider: providerIdSchema,
  codeVerifier: secretText,
  redirectUri: z.string(),
  /** SHA-256 (base64url) of the flow cookie. */
  browserHash: z.string(),
  startedAt: epochMs,
});
export type PendingChatLogin = Readonly<z.infer<typeof pendingChatLoginSchema>>;

/** A grant that the provider gave and that is not active until its proof. Lives among the owner's records. */
export const awaitingGrantSchema = z.object({
  /** The connection as it will be; its `proof` is filled in when it is given. */
  connection: connectionSchema.omit({ proof: true }),
  proof: proofModeSchema,
  /** HMAC of the return code (proof `chat_code`). */
  codeDigest: z.string().optional(),
  expiresAt: epochMs,
  /** Set when the flow ended without a connection; the grant is kept only until it is revoked. */
  ended: z.enum(['attempts_used_up', 'expired', 'denied']).optional(),
});
export type AwaitingGrant = Readonly<z.infer<typeof awaitingGrantSchema>>;

/** Behind the done page: what the finishing browser is shown, and nobody else. Keyed by its flow cookie. */
export const finishedFlowSchema = z.object({
  intent: connectIntentSchema,
  identity: providerIdentitySchema.optional(),
  returnCode: secretText.optional(),
  error: z.string().optional(),
});

/** Behind an account link: whose account page it opens. */
export const accountLinkSchema = z.object({ tenant: tenantIdSchema, userId: userIdSchema, createdAt: epochMs });

/** Behind a session cookie of the account page. */
export const browserSessionSchema = z.object({
  tenant: tenantIdSchema,
  userId: userIdSchema,
  csrfToken: secretText,
  startedAt: epochMs,
  /** Epoch ms after which the session is over however much it is used. */
  endsAt: epochMs,
});

/** Behind a connection: the last time an MCP server asked for more scope, so that it is not asked for in circles. */
export const scopeStepUpSchema = z.object({
  /** The connect that was offered for it. */
  connectId: z.string(),
  /** What that one asks for. */
  scope: z.array(z.string()).readonly(),
  /** How often such a connect was completed and still did not suffice. */
  rounds: z.number().int().nonnegative(),
});

/** Behind a refresh token that several connections hold: the one of them that sends it. */
export const refreshChainSchema = z.object({
  tenant: tenantIdSchema,
  userId: userIdSchema,
  provider: providerIdSchema,
  account: accountLabelSchema,
  connectionId: z.string().optional(),
});

/** Behind the place of a future connection: what a program wanted to do when the person had to connect first. */
export const pendingActionSchema = z.object({
  tenant: tenantIdSchema,
  userId: userIdSchema,
  provider: providerIdSchema,
  account: accountLabelSchema,
  /** The program's own payload, as JSON. */
  resume: z.string(),
  keptAt: epochMs,
});

/** Behind a connection: who fetched its token, newest last. */
export const usageLedgerSchema = z.object({
  uses: z
    .array(z.object({ at: epochMs, caller: z.string(), name: z.string().optional(), purpose: z.string().optional() }))
    .readonly(),
});

/**
 * The one-time and short-lived records, by purpose. Each purpose has its own key space and is sealed under its own
 * name, so that a value made for one purpose is worthless in another.
 */
export const expiringRecordSchemas = {
  connect: connectSchema,
  connect_link: connectLinkSchema,
  pending_authorization: pendingAuthorizationSchema,
  chat_login: pendingChatLoginSchema,
  finished_flow: finishedFlowSchema,
  account_link: accountLinkSchema,
  refresh_chain: refreshChainSchema,
  browser_session: browserSessionSchema,
  mcp_step_up: scopeStepUpSchema,
  pending_action: pendingActionSchema,
  usage_ledger: usageLedgerSchema,
} as const;

/** What a one-time or short-lived record is for. */
export type Purpose = keyof typeof expiringRecordSchemas;

/** The record that is kept for one purpose. */
export type ExpiringRecord<P extends Purpose> = Readonly<z.infer<(typeof expiringRecordSchemas)[P]>>;
