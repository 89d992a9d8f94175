/** Authorization server metadata, found and checked for a server that nobody here configured (RFC 8414, OpenID). */

import { z } from 'zod';
import { isAllowedEndpoint } from '../core/endpoint.js';
import { DiscoveryFailed } from '../core/errors.js';
import type { ConfiguredEndpoints } from '../core/mcp-policy.js';
import type { JsonObject } from '../core/provider.js';
import { isWithin, sharesDomain } from './domains.js';
import type { Http } from './http.js';
import { fetchDocument, readDocument } from './metadata-document.js';

const step = 'authorization_server_metadata';

/** What the metadata says, checked. Endpoints are https (or loopback in development) on a domain of the issuer's. */
export interface ServerMetadata {
  /** As the document names it: what `iss` must equal, and what credentials belong to. */
  readonly issuer: string;
  readonly authorizationEndpoint?: string;
  readonly tokenEndpoint: string;
  readonly registrationEndpoint?: string;
  readonly revocationEndpoint?: string;
  readonly issParameterSupported: boolean;
  readonly authenticationMethods?: readonly string[];
  readonly offlineAccess: boolean;
  readonly takesMetadataDocuments: boolean;
}

/** Which authorization server, and what the operator lets pass there. */
export interface ServerQuestion {
  /** As the resource metadata names it. */
  readonly issuer: string;
  readonly allowInsecureLoopback: boolean;
  readonly trustedIssuer?: string;
  readonly assumePkceS256?: boolean;
  readonly endpointDomains?: readonly string[];
  /** The operator's word, which comes before the metadata's and stands in for what that lacks. */
  readonly configured?: ConfiguredEndpoints;
  /** Whether people will be sent there; not so for client credentials. */
  readonly forPeople: boolean;
  /** Old servers have no metadata but fixed endpoints (revision 2025-03-26). */
  readonly legacyEndpoints?: boolean;
}

const strings = z.array(z.string().max(512)).max(200);
const endpoint = z.string().min(1).max(2048);

const documentSchema = z.looseObject({
  issuer: z.string().min(1).max(2048),
  authorization_endpoint: endpoint.optional(),
  token_endpoint: endpoint,
  registration_endpoint: endpoint.optional(),
  revocation_endpoint: endpoint.optional(),
  response_types_supported: strings.optional(),
  code_challenge_methods_supported: strings.optional(),
  token_endpoint_auth_methods_supported: strings.optional(),
  scopes_supported: strings.optional().catch(undefined),
  authorization_response_iss_parameter_supported: z.boolean().optional().catch(undefined),
  client_id_metadata_document_supported: z.boolean().optional().catch(undefined),
});
type Document = z.infer<typeof documentSchema>;

/**
 * Finds and checks the metadata of one authorization server.
 *
 * @throws {DiscoveryFailed} there is none; it is another issuer's; an endpoint is not the issuer's to name; or it does
 *   not say that it takes PKCE with S256 (step `pkce`)
 * @throws {ProviderUnavailable} it could not be fetched now
 */
export async function findServerMetadata(http: Http, question: ServerQuestion): Promise<ServerMetadata> {
  if (!isIssuerUrl(question.issuer)) throw new DiscoveryFailed(step, question.issuer, 'is no URL of an issuer.');
  for (const url of metadataPlaces(question.issuer)) {
    const document = await fetchDocument(http, { step, url });
    if (document !== undefined) return await readMetadata(document, question);
  }
  if (question.legacyEndpoints) return readMetadata(legacyDocument(question.issuer), question);
  if (question.configured?.token_endpoint !== undefined) return readMetadata({ issuer: question.issuer }, question);
  throw new DiscoveryFailed(step, question.issuer, 'has no metadata at the places of RFC 8414 and OpenID.');
}

/** RFC 8414 section 2: no query, no fragment; and nobody's credentials, which would be dropped in silence. */
function isIssuerUrl(text: string): boolean {
  const { username, password } = new URL(text);
  return username === '' && password === '' && !/[?#]/.test(text);
}

/** In the order of the MCP specification. A path belongs to the issuer: metadata of the bare host is somebody else's. */
export function metadataPlaces(issuer: string): readonly string[] {
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/$/, '');
  const inserted = ['oauth-authorization-server', 'openid-configuration'].map(
    (name) => `${origin}/.well-known/${name}${path}`,
  );
  return path === '' ? inserted : [...inserted, `${origin}${path}/.well-known/openid-configuration`];
}

async function readMetadata(found: JsonObject, question: ServerQuestion): Promise<ServerMetadata> {
  const document = readDocument(documentSchema, { ...found, ...question.configured }, { step, url: question.issuer });
  if (!isIssuer(document.issuer, question)) {
    throw new DiscoveryFailed(step, question.issuer, 'has metadata of another issuer (trusted_issuer allows one).');
  }
  await checkEndpoints(document, question);
  if (question.forPeople) checkForPeople(document, question);
  return toMetadata(document, question);
}

async function toMetadata(document: Document, question: ServerQuestion): Promise<ServerMetadata> {
  const revocation = document.revocation_endpoint;
  const mayRevoke = revocation !== undefined && (await isOwnEndpoint(revocation, question));
  return {
    issuer: document.issuer,
    tokenEndpoint: document.token_endpoint,
    issParameterSupported: document.authorization_response_iss_parameter_supported ?? false,
    offlineAccess: document.scopes_supported?.includes('offline_access') ?? false,
    takesMetadataDocuments: document.client_id_metadata_document_supported ?? false,
    ...(document.authorization_endpoint !== undefined && { authorizationEndpoint: document.authorization_endpoint }),
    ...(document.registration_endpoint !== undefined && { registrationEndpoint: document.registration_endpoint }),
    ...(mayRevoke && { revocationEndpoint: revocation }),
    ...(document.token_endpoint_auth_methods_supported && {
      authenticationMethods: document.token_endpoint_auth_methods_supported,
    }),
  };
}

/**
 * Byte for byte the identifier that led there (RFC 8414 section 3.3). A host without a path is the same with and without
 * the slash (RFC 3986 section 6.2.3); every other difference needs the operator's word.
 */
function isIssuer(named: string, { issuer, trustedIssuer }: ServerQuestion): boolean {
  if (named === issuer || (trustedIssuer !== undefined && named === trustedIssuer)) return true;
  const isHostOnly = new URL(issuer).pathname === '/';
  return isHostOnly && named.replace(/\/$/, '') === issuer.replace(/\/$/, '');
}

async function checkEndpoints(document: Document, question: ServerQuestion): Promise<void> {
  for (const name of ['authorization_endpoint', 'token_endpoint', 'registration_endpoint'] as const) {
    const url = document[name];
    if (url === undefined || (await isOwnEndpoint(url, question))) continue;
    const rule = 'must be https and on a domain of the issuer (endpoint_domains allows others)';
    throw new DiscoveryFailed(step, question.issuer, `has metadata whose ${name} ${rule}.`);
  }
}

/** Our codes, secrets and tokens go to these URLs, so that only hosts of the issuer, or of the operator's list, will do. */
async function isOwnEndpoint(text: string, question: ServerQuestion): Promise<boolean> {
  // `URL` silently drops line breaks and tabs. Nobody writes them by mistake, so such a text is refused.
  const url = /^[\x21-\x7e]+$/.test(text) && URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.hash !== '' || !isAllowedEndpoint(url, question.allowInsecureLoopback)) return false;
  const { hostname } = url;
  if (Object.values(question.configured ?? {}).includes(text)) return true;
  if (await sharesDomain(hostname, new URL(question.issuer).hostname)) return true;
  const listed = await Promise.all((question.endpointDomains ?? []).map((domain) => isWithin(hostname, domain)));
  return listed.includes(true);
}

/** Parameters of the authorization request that only we may set. */
const ownParameters = [
  ...['client_id', 'redirect_uri', 'response_type', 'response_mode', 'state', 'scope', 'resource'],
  // RFC 9101: a request object would stand in for all of them.
  ...['code_challenge', 'code_challenge_method', 'request', 'request_uri'],
];

function checkForPeople(document: Document, { issuer, assumePkceS256 }: ServerQuestion): void {
  const { authorization_endpoint, code_challenge_methods_supported, response_types_supported } = document;
  const fail = (problem: string) => new DiscoveryFailed(step, issuer, problem);
  if (authorization_endpoint === undefined) throw fail('has metadata without an authorization_endpoint.');
  const { searchParams } = new URL(authorization_endpoint);
  if (ownParameters.some((name) => searchParams.has(name))) {
    throw fail('has an authorization_endpoint with parameters of ours in it.');
  }
  if (response_types_supported?.includes('code') === false) throw fail('does not issue authorization codes.');
  if (!assumePkceS256 && !code_challenge_methods_supported?.includes('S256')) {
    throw new DiscoveryFailed(
      'pkce',
      issuer,
      'does not say that it takes PKCE with S256 (assume_pkce_s256 allows it).',
    );
  }
}

/** MCP revision 2025-03-26: without metadata the endpoints are at fixed paths of the server's origin, and PKCE is a must. */
function legacyDocument(issuer: string): JsonObject {
  const at = (path: string) => new URL(path, issuer).href;
  return {
    issuer,
    authorization_endpoint: at('/authorize'),
    token_endpoint: at('/token'),
    registration_endpoint: at('/register'),
    code_challenge_methods_supported: ['S256'],
  };
}
