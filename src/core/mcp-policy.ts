/** What an operator says about MCP servers: which may be used, our clients there, and where one departs from the rules. */

import { z } from 'zod';
import { isAllowedEndpoint } from './endpoint.js';
import type { TenantId } from './identifiers.js';

const serverAddress = z.url({ protocol: /^https?$/ });
/** Where people or secrets will be sent. http on loopback passes here; discovery refuses it where it is not allowed. */
const endpoint = z.string().max(2048).refine(isEndpointUrl, 'must be https, without credentials and fragment');
/** A pattern that can never match would forbid nothing, so it is refused. */
const pattern = z
  .string()
  .max(512)
  .refine(isPattern, 'must be a host name, *. before one, or an origin such as https://mcp.example');
const patterns = z.array(pattern);

/** Which servers may be used: origins (`https://mcp.example.com`) or host names, with `*.` for every subdomain. */
const accessSchema = z.strictObject({
  /** Absent = every server with a public address. */
  allow: patterns.optional(),
  deny: patterns.optional(),
});
type Access = Readonly<z.infer<typeof accessSchema>>;

/** A client that the operator registered by hand at one authorization server. */
const clientSchema = z.strictObject({
  issuer: serverAddress,
  client_id: z.string().min(1).max(2048),
  client_secret: z.string().optional(),
  /** PEM, for `private_key_jwt`. */
  client_private_key: z.string().optional(),
  client_key_id: z.string().min(1).optional(),
  token_endpoint_auth_method: z
    .enum(['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'])
    .optional(),
});
export type PreRegisteredClient = Readonly<z.infer<typeof clientSchema>>;

/** Endpoints that come before those of the metadata; discovery finds what is not said here. */
const endpointsSchema = z.strictObject({
  authorization_endpoint: endpoint.optional(),
  token_endpoint: endpoint.optional(),
  registration_endpoint: endpoint.optional(),
  revocation_endpoint: endpoint.optional(),
});
export type ConfiguredEndpoints = Readonly<z.infer<typeof endpointsSchema>>;

/**
 * Departures of one server. Each puts the operator's word in the place of a rule for that server alone, and is named in
 * the log and in the audit trail when it is used.
 */
const rulesSchema = z.strictObject({
  ...endpointsSchema.shape,
  /** Its authorization server, whatever its own metadata names. Required beside endpoints: they belong to an issuer. */
  issuer: serverAddress.optional(),
  /** `client_credentials`: one token for everybody, by a client of `clients`. */
  grant: z.enum(['authorization_code', 'client_credentials']).optional(),
  /** Asked for instead of what the server lists. */
  scopes: z.array(z.string().min(1)).optional(),
  /** The only scope tokens that a challenge of this server may ask for. */
  allowed_scopes: z.array(z.string().min(1)).optional(),
  /** The issuer that its authorization server's metadata names although it was found under another one. */
  trusted_issuer: serverAddress.optional(),
  /** It takes S256 but does not say so (Microsoft Entra, Amazon Cognito). */
  assume_pkce_s256: z.boolean().optional(),
  /** It refuses the parameter `resource`. */
  omit_resource: z.boolean().optional(),
  /** Domains, beside the issuer's own, on which its endpoints may be. */
  endpoint_domains: z.array(z.string().min(1)).optional(),
  /** Origins, beside the server's own, on which its resource metadata may be. */
  metadata_origins: z.array(serverAddress).optional(),
  /** A server of revision 2025-03-26 without resource metadata: its origin is the authorization server. */
  legacy_endpoints: z.boolean().optional(),
});

/** The rules of one server; endpoints only beside their issuer. */
const serverSchema = rulesSchema.refine(
  (rules) => rules.issuer !== undefined || Object.keys(endpointsIn(rules)).length === 0,
  { path: ['issuer'], message: 'is needed beside endpoints' },
);
export type ServerPolicy = Readonly<z.infer<typeof serverSchema>>;

/** The section `mcp` of PROVIDERS_FILE, and `ManagerOptions.mcp`. */
export const mcpPolicySchema = z.strictObject({
  ...accessSchema.shape,
  /** Narrows the lists further for one tenant. */
  tenants: z.record(z.string(), accessSchema).optional(),
  clients: z.array(clientSchema).optional(),
  /** By the server's URL. */
  servers: z.record(serverAddress, serverSchema).optional(),
  /** What people read at the authorization server. */
  client_name: z.string().min(1).max(100).optional(),
  /**
   * Where our client id metadata documents are found, with `{provider}` for the server's id; `false` = not used.
   * Default: on this service, if its public URL is https.
   */
  client_metadata_url: z
    .union([z.literal(false), z.string().refine(isClientIdUrl, 'must be https with a path')])
    .optional(),
});
export type McpPolicy = Readonly<z.infer<typeof mcpPolicySchema>>;

function isEndpointUrl(text: string): boolean {
  const url = /^[\x21-\x7e]+$/.test(text) && URL.canParse(text) ? new URL(text) : undefined;
  return url !== undefined && url.hash === '' && isAllowedEndpoint(url, true);
}

/** A client id that is a URL: https, with a path, without fragment, credentials or dot segments. */
function isClientIdUrl(text: string): boolean {
  const plain = text.replace('{provider}', 'provider');
  const url = URL.canParse(plain) ? new URL(plain) : undefined;
  const isBare = url?.username === '' && url.password === '' && url.hash === '';
  return url?.protocol === 'https:' && url.pathname !== '/' && isBare && url.href === plain;
}

/** The departures of one server; empty when it has none. `server` is canonical. */
export function policyOf(policy: McpPolicy, server: string): ServerPolicy {
  const named = Object.entries(policy.servers ?? {}).find(([url]) => canonicalServerUrl(url) === server);
  return named?.[1] ?? {};
}

/** The endpoints of an authorization server that the operator's rules name. */
export function endpointsIn(rules: ConfiguredEndpoints): ConfiguredEndpoints {
  const { authorization_endpoint, token_endpoint, registration_endpoint, revocation_endpoint } = rules;
  const named = { authorization_endpoint, token_endpoint, registration_endpoint, revocation_endpoint };
  return Object.fromEntries(Object.entries(named).filter(([, url]) => url !== undefined));
}

/** Whether a tenant may use a server. */
export function maySpeakTo(policy: McpPolicy, tenant: TenantId, server: string): boolean {
  const tenants = policy.tenants ?? {};
  const own = Object.hasOwn(tenants, tenant) ? tenants[tenant] : undefined;
  return isAllowedBy(policy, server) && (own === undefined || isAllowedBy(own, server));
}

function isAllowedBy({ allow, deny = [] }: Access, server: string): boolean {
  const url = new URL(server);
  return !deny.some((pattern) => names(pattern, url)) && (allow?.some((pattern) => names(pattern, url)) ?? true);
}

function names(pattern: string, url: URL): boolean {
  if (pattern.includes('://')) return URL.canParse(pattern) && originOf(new URL(pattern)) === originOf(url);
  const host = readHost(pattern.replace(/^\*\./, ''));
  if (host === undefined) return false;
  return pattern.startsWith('*.') ? hostOf(url).endsWith(`.${host}`) : hostOf(url) === host;
}

function isPattern(text: string): boolean {
  if (text.includes('://')) return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
  return readHost(text.replace(/^\*\./, '')) !== undefined;
}

/** A host as it stands in a URL, whatever its letters; `undefined` when the text is something else, or more. */
function readHost(text: string): string | undefined {
  const isBare = /^(\[[0-9a-f:.]+\]|[^\s./\\?#@:*%][^\s/\\?#@:*%]*)$/i.test(text);
  return isBare && URL.canParse(`https://${text}`) ? hostOf(new URL(`https://${text}`)) : undefined;
}

/** A dot at the end of a host name means the same host. */
function hostOf({ hostname }: URL): string {
  return hostname.replace(/\.$/, '');
}

function originOf(url: URL): string {
  return `${url.protocol}//${hostOf(url)}:${url.port}`;
}

/**
 * The one spelling of an MCP server's URL: lower-case scheme and host, no default port, no fragment, and no slash
 * where there is nothing else (RFC 8707 section 2, and the MCP specification on canonical server URIs).
 *
 * @returns `undefined` when it cannot be one: no http URL, or with credentials in it
 */
export function canonicalServerUrl(text: string): string | undefined {
  const url = text.length <= 2048 && URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') return undefined;
  url.hash = '';
  return url.pathname === '/' && url.search === '' ? url.origin : url.href;
}
