/** Authorization server metadata of an issuer that the operator named (RFC 8414, OpenID Connect Discovery 1.0). */

import { z } from 'zod';
import { DiscoveryFailed } from '../core/errors.js';
import type { JsonObject } from '../core/provider.js';
import { metadataPlaces } from './discovery.js';
import type { Http } from './http.js';
import { fetchDocument, readDocument } from './metadata-document.js';

const step = 'authorization_server_metadata';
const endpoint = z.url({ protocol: /^https?$/ }).max(2048);
const strings = z.array(z.string().max(512)).max(500);

const metadataSchema = z.looseObject({
  issuer: z.string().min(1),
  authorization_endpoint: endpoint.optional(),
  token_endpoint: endpoint,
  revocation_endpoint: endpoint.optional(),
  userinfo_endpoint: endpoint.optional(),
  device_authorization_endpoint: endpoint.optional(),
  scopes_supported: strings.optional(),
  code_challenge_methods_supported: strings.optional(),
  token_endpoint_auth_methods_supported: strings.optional(),
  authorization_response_iss_parameter_supported: z.boolean().optional(),
});

/** What the metadata says, in its own words; endpoints are URLs, and nothing more is known of them. */
export type IssuerMetadata = Readonly<z.infer<typeof metadataSchema>>;

/**
 * Fetches the metadata of an issuer. Its endpoints may be on any host: the operator trusts the issuer to name them.
 *
 * @throws {DiscoveryFailed} there is none, it cannot be read, or it is of another issuer: it must be named exactly
 * @throws {ProviderUnavailable} it cannot be fetched now
 * @see RFC 8414 section 3.3, OpenID Connect Discovery 1.0 section 4.3
 */
export async function fetchIssuerMetadata(http: Http, issuer: string): Promise<IssuerMetadata> {
  for (const url of metadataPlaces(issuer)) {
    const document = await fetchDocument(http, { step, url });
    if (document !== undefined) return readMetadata(document, issuer);
  }
  throw new DiscoveryFailed(step, issuer, 'has no metadata at the places of RFC 8414 and OpenID.');
}

function readMetadata(document: JsonObject, issuer: string): IssuerMetadata {
  const metadata = readDocument(metadataSchema, document, { step, url: issuer });
  if (metadata.issuer === issuer) return metadata;
  throw new DiscoveryFailed(step, issuer, 'has metadata of another issuer: it must be written exactly as there.');
}
