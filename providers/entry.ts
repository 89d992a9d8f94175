/** One entry of PROVIDERS_FILE or of the environment; together with its template it becomes a provider. */

import { z } from 'zod';
import { ConfigurationError } from '../src/core/errors.js';

const endpoint = z.url({ protocol: /^https?$/ });
const stringMap = z.record(z.string(), z.string());
const seconds = z.number().positive();

/** A list, or one string as in an environment variable. */
const scopesSchema = z
  .union([z.array(z.string().min(1)), z.string()])
  .transform((scopes) =>
    typeof scopes === 'string' ? scopes.split(/[\s,]+/).filter((token) => token !== '') : scopes,
  );

/** How a client may authenticate: RFC 7591 section 2, and methods of some providers only. */
export const clientAuthenticationSchema = z.enum([
  'client_secret_basic',
  'client_secret_basic_raw',
  'client_secret_as_username',
  'client_secret_post',
  'client_secret_signed',
  'private_key_jwt',
  'none',
]);

/** Where tokens come from; the default is one grant per user. */
export const tokenSourceSchema = z.enum([
  'authorization_code',
  'refresh_token',
  'token_exchange',
  'static',
  'client_credentials',
]);

/** Parameters of the authorization request that only we may set: they protect it. */
const ownParameters: ReadonlySet<string> = new Set([
  'state',
  'redirect_uri',
  'client_id',
  'response_type',
  'code_challenge',
  'code_challenge_method',
]);

/** Whether an extra parameter of the authorization request may have this name. */
export function mayBeExtra(name: string): boolean {
  return !ownParameters.has(name.toLowerCase());
}

const extraAuthorizationSchema = stringMap.superRefine((parameters, context) => {
  for (const name of Object.keys(parameters)) {
    if (!mayBeExtra(name)) context.addIssue({ code: 'custom', message: `must not set ${name}`, path: [name] });
  }
});

/** An entry of PROVIDERS_FILE. Names are those of RFC 8414 and RFC 7591 if they have one. */
export const providerEntrySchema = z.strictObject({
  /** Id of the catalogue's provider to start from; by default the one with the entry's own id, if there is one. */
  template: z.string().optional(),
  source: tokenSourceSchema.optional(),
  display_name: z.string().min(1).max(100).optional(),
  issuer: endpoint.optional(),
  authorization_endpoint: endpoint.optional(),
  token_endpoint: endpoint.optional(),
  refresh_endpoint: endpoint.optional(),
  revocation_endpoint: endpoint.optional(),
  userinfo_endpoint: endpoint.optional(),
  /** Endpoint that lists the sites of a grant, for templates that have such a list. */
  sites_endpoint: endpoint.optional(),
  device_authorization_endpoint: endpoint.optional(),
  authorization_response_iss_parameter_supported: z.boolean().optional(),
  client_id: z.string().min(1).max(2048).optional(),
  /** Empty is the same as absent: a public client sends none. */
  client_secret: z.string().optional(),
  /** PEM, for `private_key_jwt` and signed client secrets. */
  client_private_key: z.string().optional(),
  /** Verifies signals of the provider: its webhook secret, signing secret or public key. */
  signal_key: z.string().min(1).optional(),
  client_key_id: z.string().min(1).optional(),
  client_key_thumbprint: z.string().min(1).optional(),
  /** Apple's team id. */
  client_key_issuer: z.string().min(1).optional(),
  token_endpoint_auth_method: clientAuthenticationSchema.optional(),
  scopes: scopesSchema.optional(),
  scope_separator: z.string().min(1).max(2).optional(),
  pkce: z.union([z.literal('S256'), z.literal('none'), z.boolean()]).optional(),
  tokens_expire: z.boolean().optional(),
  /** Lifetime of a token without `expires_in`, seconds. */
  default_lifetime: seconds.optional(),
  refresh_reuse: z.enum(['none', 'grace', 'strict']).optional(),
  /** How long a used refresh token still works, seconds; for `refresh_reuse: grace`. */
  refresh_reuse_grace: seconds.optional(),
  /** How early its tokens are refreshed, seconds; instead of REFRESH_BUFFER_SECONDS. */
  refresh_buffer: z.number().nonnegative().optional(),
  resource: z.string().min(1).optional(),
  extra_authorization_params: extraAuthorizationSchema.optional(),
  extra_token_params: stringMap.optional(),
  extra_token_headers: stringMap.optional(),
  identity: z
    .strictObject({ id: z.string().min(1), name: z.string().min(1).optional(), email: z.string().min(1).optional() })
    .optional(),
  /** Values for the template's placeholders, for all connections. */
  parameters: stringMap.optional(),
  /** Short for `parameters.tenant` (Microsoft). */
  tenant: z.string().min(1).optional(),
  /** Source `refresh_token`: the fixed identity's refresh token. */
  refresh_token: z.string().optional(),
  /** Source `static`: the long-lived token. */
  access_token: z.string().optional(),
  /** Source `token_exchange`: the grant type, and the names of RFC 8693 section 2.1. */
  grant_type: z.string().min(1).optional(),
  subject_token_param: z.string().min(1).optional(),
  subject_token_type: z.string().min(1).nullable().optional(),
  requested_token_type: z.string().min(1).optional(),
  audience: z.string().min(1).optional(),
  /** Source `token_exchange`: allowed values of `iss`; subject tokens of other issuers are not sent on. */
  subject_token_issuers: z.array(z.string().min(1)).min(1).optional(),
  /** Source `token_exchange`: who we are in `may_act` of subject tokens; the client id by default. */
  subject_token_actor: z.string().min(1).optional(),
  /** Source `token_exchange`: how many exchanged tokens are kept in memory. */
  exchange_cache_size: z.number().int().min(1).max(1_000_000).optional(),
  /** Seconds that one request to its token endpoint may take; at most 10, which is the default. */
  request_timeout: seconds.max(10).optional(),
});

/** A parsed entry. */
export type ProviderEntry = Readonly<z.infer<typeof providerEntrySchema>>;

/**
 * Parses entries that a program passes in.
 *
 * @throws {ConfigurationError} with all faults at once, each naming provider and field
 */
export function parseEntries(
  entries: Readonly<Record<string, ProviderEntry>>,
): Readonly<Record<string, ProviderEntry>> {
  const parsed = z.record(z.string(), providerEntrySchema).safeParse(entries);
  if (parsed.success) return parsed.data;
  throw new ConfigurationError(
    parsed.error.issues.map(({ path, message }) => ({ name: path.join('.') || 'providers', problem: message })),
  );
}
