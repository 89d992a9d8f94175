/** What is kept about an MCP server: where its tokens come from, and who we are there. */

import { createHash } from 'node:crypto';
import { z } from 'zod';
import { epochMs, secretText } from './connection.js';
import { type ProviderId, providerIdSchema } from './identifiers.js';
import type { ServerPolicy } from './mcp-policy.js';

/** How a client may show who it is at an authorization server that was discovered. */
export const foreignAuthenticationSchema = z.enum([
  'client_secret_basic',
  'client_secret_post',
  'private_key_jwt',
  'none',
]);
export type ForeignAuthentication = z.infer<typeof foreignAuthenticationSchema>;

/** Under tenant and canonical URL of a server: which provider stands for it now. */
export const mcpServerSchema = z.object({
  provider: providerIdSchema,
  /** When its metadata was last read. */
  checkedAt: epochMs,
  /** Which rules of the operator's it was checked by; see {@link rulesDigestOf}. Absent = none. */
  rules: z.string().optional(),
  /** Where its metadata stood, if at none of the well-known places. */
  place: z.string().optional(),
});
export type McpServer = Readonly<z.infer<typeof mcpServerSchema>>;

/** Under a provider id: one server with one authorization server. */
export const discoveredProviderSchema = z.object({
  serverUrl: z.string(),
  issuer: z.string(),
  authorizationEndpoint: z.string().optional(),
  tokenEndpoint: z.string(),
  registrationEndpoint: z.string().optional(),
  revocationEndpoint: z.string().optional(),
  issParameterSupported: z.boolean(),
  /** Verbatim from the resource metadata. */
  resource: z.string(),
  scopesSupported: z.array(z.string()).readonly(),
  /** Where the resource metadata stood, if at none of the well-known places. */
  place: z.string().optional(),
  /** Whether refresh tokens are had by the scope token `offline_access`. */
  offlineAccess: z.boolean(),
  /** As the metadata lists them; absent = RFC 8414's default. */
  authenticationMethods: z.array(z.string()).readonly().optional(),
  /** Whether a URL may be a client id there. */
  takesMetadataDocuments: z.boolean(),
});
export type DiscoveredProvider = Readonly<z.infer<typeof discoveredProviderSchema>>;

/** Under issuer and redirect URI: our dynamic registration there (RFC 7591). */
export const registeredClientSchema = z.object({
  clientId: z.string(),
  clientSecret: secretText.optional(),
  /** Epoch ms; absent = it does not expire. */
  secretExpiresAt: epochMs.optional(),
  authentication: foreignAuthenticationSchema,
});
export type RegisteredClient = Readonly<z.infer<typeof registeredClientSchema>>;

/** The collections of the store's documents. */
export const mcpCollections = { server: 'mcp-server', provider: 'mcp-provider', client: 'mcp-client' } as const;

const idPattern = /^mcp-[0-9a-f]{16}$/;

/** Stands for a connection where a token is not one person's (client credentials). */
export const sharedConnectionId = 'client_credentials';

/** Whether a provider id is of the form that discovered servers get. */
export function isDiscoveredId(id: string): boolean {
  return idPattern.test(id);
}

/**
 * The provider id of an MCP server. A server that moves to another authorization server gets another id with it, so
 * that connections, redirect URI and registration of the two are never mixed up.
 *
 * @param serverUrl canonical
 * @param others  only of the second and later authorization servers: the issuer; and where the first two ids are taken by
 *   metadata that stood elsewhere, also the place of this one
 */
export function discoveredIdOf(serverUrl: string, ...others: readonly string[]): ProviderId {
  const text = [serverUrl, ...others].join('\n');
  return providerIdSchema.parse(`mcp-${createHash('sha256').update(text).digest('hex').slice(0, 16)}`);
}

/** Whether the operator means this issuer: a slash at the end makes no other one where people write it. */
export function isSameIssuer(named: string, issuer: string): boolean {
  return named.replace(/\/$/, '') === issuer.replace(/\/$/, '');
}

/** Tells the rules for a server from those it had before, so that a change takes effect; `undefined` = no rules. */
export function rulesDigestOf(rules: ServerPolicy): string | undefined {
  if (Object.keys(rules).length === 0) return undefined;
  return createHash('sha256')
    .update(JSON.stringify(Object.entries(rules).sort()))
    .digest('hex')
    .slice(0, 16);
}

/** The name under which a registration is kept: a registration belongs to one issuer and one redirect URI. */
export function registrationKeyOf(issuer: string, redirectUri: string): string {
  return `${issuer}\n${redirectUri}`;
}
