/** The catalogue's facts about one provider: everything but our client there. Checked by a test, not at start. */

import { z } from 'zod';
import type { ProviderIdentity } from '../src/core/connection.js';
import type { JsonObject, Provider } from '../src/core/provider.js';
import { clientAuthenticationSchema } from './entry.js';

const text = z.string().min(1);
const stringMap = z.record(z.string(), z.string());

/** An https URL, in which `{name}` may replace a label, a segment or the host. */
const endpoint = z
  .string()
  .regex(/^https:\/\/[a-z0-9{}_.-]+(\/[A-Za-z0-9{}_.@\-/]*)?(\?[A-Za-z0-9_.,=&]*)?$/, 'must be an https URL');

/** A part of an endpoint that configuration or a connect fills in. */
const placeholderSchema = z.strictObject({
  /** Must match the whole value, as it is what prevents a value from leading to another host. */
  pattern: z.instanceof(RegExp).refine((pattern) => pattern.source.startsWith('^') && pattern.source.endsWith('$')),
  /** Without one, configuration or each connect must give the value. */
  default: text.optional(),
  /** A connect may give another value than the default. Only where every value that fits leads to this provider. */
  chosen: z.literal('by_connect').optional(),
});

const identitySchema = z.strictObject({
  from: z.enum(['userinfo', 'token_response', 'id_token', 'none']),
  issuer: endpoint.optional(),
  endpoint: endpoint.optional(),
  method: z.enum(['GET', 'POST']).optional(),
  headers: stringMap.optional(),
  body: text.optional(),
  id: text,
  place: text.optional(),
  name: text.optional(),
  callbackName: z.strictObject({ parameter: text, path: text }).optional(),
  email: text.optional(),
  emails: z
    .strictObject({ endpoint: text, list: text.optional(), address: text, primary: text, verified: text })
    .optional(),
});

const revocationSchema = z.strictObject({
  endpoint,
  method: z.enum(['POST', 'DELETE']),
  authentication: z.enum(['client', 'basic', 'bearer', 'client_id', 'none']),
  body: z.enum(['form', 'json', 'query', 'none']),
  parameter: text,
  token: z.enum(['refresh', 'access', 'refresh_only']),
  reach: z.enum(['token', 'grant', 'user', 'workspace']),
  headers: stringMap.optional(),
  alsoDone: z.array(z.number().int()).optional(),
});

/** See `SiteList` in the core. */
const sitesSchema = z.strictObject({
  endpoint,
  list: text.optional(),
  id: text,
  name: text.optional(),
  url: text.optional(),
  parameter: z.string().regex(/^[a-z_]+$/),
});

const refusalSchema = z.strictObject({
  status: z.number().int().optional(),
  error: text.optional(),
  detail: text.optional(),
  means: z.enum(['dead_grant', 'misconfigured', 'unavailable', 'unclear']),
});

/** One provider of the catalogue. Absent fields take the defaults of `resolveProvider`. */
export const providerTemplateSchema = z.strictObject({
  displayName: text,
  /** Name of its brand in `simple-icons`; without one, pages show a tile with its first letter. */
  icon: z
    .string()
    .regex(/^[a-z0-9]+$/)
    .optional(),
  /** Documentation by its maker. */
  documentation: z.url(),
  issuer: endpoint.optional(),
  authorizationEndpoint: endpoint,
  tokenEndpoint: endpoint,
  refreshEndpoint: endpoint.optional(),
  deviceAuthorizationEndpoint: endpoint.optional(),
  issParameterSupported: z.boolean().optional(),
  denials: z.array(text).readonly().optional(),
  clientAuthentication: clientAuthenticationSchema,
  tokenRequestFormat: z.enum(['form', 'json']).optional(),
  pkce: z.enum(['S256', 'none']),
  defaultScope: z.array(text).readonly(),
  scopeSeparator: z.string().min(1).max(2).optional(),
  scopeAliases: stringMap.optional(),
  unlistedScope: z.array(text).readonly().optional(),
  extraAuthorizationParameters: stringMap.optional(),
  extraTokenParameters: stringMap.optional(),
  extraTokenHeaders: stringMap.optional(),
  tokensExpire: z.boolean(),
  defaultLifetimeSeconds: z.number().positive().optional(),
  refreshReuse: z.enum(['none', 'grace', 'strict']),
  reuseGraceSeconds: z.number().positive().optional(),
  refreshLifetime: z
    .strictObject({
      seconds: z.number().positive(),
      renewedByUse: z.boolean(),
      /** From the consent to the end of the grant, even if it is used. */
      mostSeconds: z.number().positive().optional(),
    })
    .optional(),
  /** Absent = access tokens are refreshed before callers ask. */
  refreshAhead: z.literal(false).optional(),
  /** Several connections may share one chain of refresh tokens; see `Provider`. */
  sharedChain: z.strictObject({ unlessKept: text }).optional(),
  identity: identitySchema,
  sites: sitesSchema.optional(),
  revocation: revocationSchema.optional(),
  signals: z
    .strictObject({
      form: z.enum(['github', 'slack', 'discord', 'security_event']),
      issuer: endpoint.optional(),
      jwksUri: endpoint.optional(),
    })
    .optional(),
  refusals: z.array(refusalSchema).readonly().optional(),
  keepFromCallback: stringMap.optional(),
  keepFromResponse: stringMap.optional(),
  callbackMatches: stringMap.optional(),
  callbackSignature: text.optional(),
  standardize: z.custom<NonNullable<Provider['standardize']>>((value) => typeof value === 'function').optional(),
  readIdentity: z
    .custom<(body: JsonObject) => ProviderIdentity | undefined>((value) => typeof value === 'function')
    .optional(),
  placeholders: z.record(z.string().regex(/^[a-z_]+$/), placeholderSchema).optional(),
  unverified: z.array(text).readonly().optional(),
});

/** One provider of the catalogue, as data. Its id is its file's name and its key in the catalogue. */
export type ProviderTemplate = Readonly<z.input<typeof providerTemplateSchema>>;
