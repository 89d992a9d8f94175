/** Protected resource metadata: where an MCP server says which authorization servers it trusts (RFC 9728). */

import { z } from 'zod';
import { DiscoveryFailed } from '../core/errors.js';
import type { JsonObject } from '../core/provider.js';
import { isScopeToken, type Scope } from '../core/scope.js';
import type { Http } from './http.js';
import { fetchDocument, readDocument } from './metadata-document.js';

const step = 'resource_metadata';
const mostAuthorizationServers = 8;

/** What the document says. `resource` and the issuers are verbatim. */
export interface ResourceMetadata {
  readonly resource: string;
  readonly authorizationServers: readonly string[];
  readonly scopesSupported: Scope;
  /** Where it stood, if at none of the well-known places: somebody has named it. */
  readonly place?: string;
}

/** Whose metadata, and what is known of where it stands. */
export interface ResourceQuestion {
  /** Canonical. */
  readonly serverUrl: string;
  /** `resource_metadata` of the challenge, as it stood there. */
  readonly hints: readonly string[];
  /** Where it stood before; asked first when no challenge names a place. */
  readonly before?: string | undefined;
  /** Origins, beside the server's own, on which it may stand. */
  readonly origins: readonly string[];
  /** The operator's word on its authorization server, which comes before the document's. */
  readonly issuer?: string;
}

const issuerUrl = z.url({ protocol: /^https?$/ }).max(2048);

/** One that is no URL must not cost the others, as little as one that is broken. */
const issuers = z
  .array(z.unknown())
  .transform((listed) => listed.filter((issuer): issuer is string => issuerUrl.safeParse(issuer).success))
  .refine((usable) => usable.length > 0);

const documentSchema = z.looseObject({
  resource: z.string().min(1).max(2048),
  authorization_servers: issuers,
  scopes_supported: z.array(z.string()).max(200).optional().catch(undefined),
});

/**
 * Finds the metadata: at the place that the challenge names and nowhere else, otherwise where it stood before, then at
 * the well-known places.
 *
 * @returns `undefined` when no challenge named a place and there is none at the well-known ones
 * @throws {DiscoveryFailed} it stands on another origin, cannot be used, or belongs to another resource
 * @throws {ProviderUnavailable} it could not be fetched now
 */
export async function findResourceMetadata(
  http: Http,
  question: ResourceQuestion,
): Promise<ResourceMetadata | undefined> {
  const { serverUrl } = question;
  const hints = question.hints.filter((hint) => URL.canParse(hint));
  for (const hint of hints) checkOrigin(hint, question);
  for (const url of hints.length > 0 ? hints : usualPlaces(question)) {
    const document = await fetchDocument(http, { step, url });
    if (document !== undefined) return readMetadata(withIssuer(document, question), { serverUrl, url });
  }
  const [hint] = hints;
  if (hint !== undefined) throw new DiscoveryFailed(step, hint, 'has no metadata where the challenge says.');
  return undefined;
}

function usualPlaces({ before, ...question }: ResourceQuestion): readonly string[] {
  const isUsable = before !== undefined && isOfOrigin(before, question);
  return [...(isUsable ? [before] : []), ...wellKnownPlaces(question.serverUrl)];
}

/** RFC 9728 section 3.1: the well-known part goes between host and path; the root is the second place. */
function wellKnownPlaces(serverUrl: string): readonly string[] {
  const { origin, pathname, search } = new URL(serverUrl);
  const root = `${origin}/.well-known/oauth-protected-resource`;
  const path = pathname.replace(/\/$/, '');
  return path === '' && search === '' ? [root] : [`${root}${path}${search}`, root];
}

/** Otherwise a server could have us fetch any URL that it chooses. */
function checkOrigin(hint: string, question: ResourceQuestion): void {
  if (!isOfOrigin(hint, question)) {
    throw new DiscoveryFailed(step, hint, 'is not the origin of the MCP server (metadata_origins allows others).');
  }
}

function isOfOrigin(url: string, { serverUrl, origins }: Pick<ResourceQuestion, 'serverUrl' | 'origins'>): boolean {
  return [serverUrl, ...origins].some((one) => new URL(one).origin === new URL(url).origin);
}

function withIssuer(document: JsonObject, { issuer }: ResourceQuestion): JsonObject {
  return issuer === undefined ? document : { ...document, authorization_servers: [issuer] };
}

function readMetadata(document: JsonObject, { serverUrl, url }: { serverUrl: string; url: string }): ResourceMetadata {
  const read = readDocument(documentSchema, document, { step, url });
  if (!fitsResource(read.resource, serverUrl))
    throw new DiscoveryFailed(step, url, 'has metadata of another resource.');
  return {
    resource: read.resource,
    authorizationServers: [...new Set(read.authorization_servers)].slice(0, mostAuthorizationServers),
    scopesSupported: (read.scopes_supported ?? []).filter(isScopeToken),
    ...(!wellKnownPlaces(serverUrl).includes(new URL(url).href) && { place: url }),
  };
}

/**
 * Whether a resource is the server or what the server is a part of: same origin, and a path that begins with the
 * resource's, segment by segment. RFC 9728 section 3.3 asks for equality, but metadata of a whole host is common.
 */
export function fitsResource(resource: string, serverUrl: string): boolean {
  if (!URL.canParse(resource) || resource.includes('#')) return false;
  const whole = new URL(resource);
  const server = new URL(serverUrl);
  if (whole.origin !== server.origin || whole.username !== '' || whole.password !== '') return false;
  if (whole.search !== '' && whole.search !== server.search) return false;
  const prefix = whole.pathname.replace(/\/$/, '');
  return server.pathname === whole.pathname || server.pathname === prefix || server.pathname.startsWith(`${prefix}/`);
}
