/** Our client at an authorization server that nobody configured: metadata document or dynamic registration (RFC 7591). */

import { z } from 'zod';
import { DiscoveryFailed, ProviderUnavailable } from '../core/errors.js';
import { isJsonObject } from '../core/json-paths.js';
import { type ForeignAuthentication, foreignAuthenticationSchema, type RegisteredClient } from '../core/mcp-server.js';
import { Secret } from '../core/secret.js';
import type { Http } from './http.js';
import { HttpFailure } from './http-failure.js';
import { presentFields } from './metadata-document.js';

/** What people and servers are told about us. */
export interface ClientDescription {
  readonly name: string;
  readonly redirectUri: string;
}

/** A registration request. */
export interface RegistrationRequest extends ClientDescription {
  readonly endpoint: string;
  /** As the metadata lists them; absent = RFC 8414's default. */
  readonly authenticationMethods?: readonly string[];
}

/** Registration was refused. `oauthError` is sanitised. */
export class RegistrationRefused extends Error {
  readonly oauthError: string;

  constructor(oauthError: string) {
    super('Registration was refused.');
    this.name = 'RegistrationRefused';
    this.oauthError = oauthError;
  }
}

/** The methods that we know, best first: a secret in a header is least often logged. */
const preferred = ['client_secret_basic', 'client_secret_post', 'none'] as const;

/** The method to use at an authorization server; RFC 8414 section 2 says what an absent list means. */
export function chooseAuthentication(
  supported: readonly string[] | undefined,
  hasSecret: boolean,
): ForeignAuthentication {
  const methods = supported ?? ['client_secret_basic'];
  const usable = preferred.filter((method) => hasSecret || method === 'none');
  return usable.find((method) => methods.includes(method)) ?? (hasSecret ? 'client_secret_basic' : 'none');
}

function baseMetadata({ name, redirectUri }: ClientDescription) {
  return {
    client_name: name,
    redirect_uris: [redirectUri],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    application_type: new URL(redirectUri).protocol === 'https:' ? ('web' as const) : ('native' as const),
  };
}

/** Our client id metadata document (draft-ietf-oauth-client-id-metadata-document). `url` is the client id itself. */
export function clientMetadataDocument(url: string, description: ClientDescription) {
  return { client_id: url, ...baseMetadata(description), token_endpoint_auth_method: 'none' as const };
}

const answerSchema = z.looseObject({
  client_id: z.string().min(1).max(2048),
  client_secret: z.string().min(1).max(4096).optional(),
  /** Seconds; 0 = never. */
  client_secret_expires_at: z.number().nonnegative().optional().catch(undefined),
  token_endpoint_auth_method: z.string().optional().catch(undefined),
});

/**
 * Registers a client. One POST, never repeated here and never redirected.
 *
 * @throws {RegistrationRefused} the server does not want us, or not like this
 * @throws {ProviderUnavailable} no usable answer now
 * @throws {DiscoveryFailed} an answer that is no registration
 * @see RFC 7591 sections 3.1 and 3.2
 */
export async function registerClient(http: Http, request: RegistrationRequest): Promise<RegisteredClient> {
  const wanted = chooseAuthentication(request.authenticationMethods, true);
  const response = await post(http, request, { ...baseMetadata(request), token_endpoint_auth_method: wanted });
  const body = await readJson(response);
  if (response.status === 429 || response.status >= 500) throw unavailable(request.endpoint);
  if (response.status >= 400) throw new RegistrationRefused(errorOf(body, response.status));
  const parsed = answerSchema.safeParse(isJsonObject(body) ? presentFields(body) : body);
  if (!parsed.success) {
    throw new DiscoveryFailed('registration', request.endpoint, 'gave an answer that is no registration.');
  }
  const { client_id, client_secret, client_secret_expires_at = 0, token_endpoint_auth_method } = parsed.data;
  const given = foreignAuthenticationSchema.safeParse(token_endpoint_auth_method);
  const hasSecret = client_secret !== undefined;
  const fits = given.success && given.data !== 'private_key_jwt' && (given.data === 'none' || hasSecret);
  return {
    clientId: client_id,
    authentication: fits ? given.data : chooseAuthentication(request.authenticationMethods, hasSecret),
    ...(hasSecret && { clientSecret: new Secret(client_secret) }),
    ...(hasSecret && client_secret_expires_at > 0 && { secretExpiresAt: Math.floor(client_secret_expires_at * 1000) }),
  };
}

async function post(http: Http, { endpoint }: RegistrationRequest, metadata: object): Promise<Response> {
  try {
    return await http.fetch(endpoint, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify(metadata),
    });
  } catch (error) {
    if (!(error instanceof HttpFailure)) throw error;
    if (error.kind === 'redirect') {
      throw new DiscoveryFailed('registration', endpoint, 'redirects registration, which is not followed.');
    }
    throw unavailable(endpoint);
  }
}

async function readJson(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch {
    return undefined;
  }
}

const errorSchema = z.looseObject({ error: z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,64}$/) });

function errorOf(body: unknown, status: number): string {
  const parsed = errorSchema.safeParse(body);
  return parsed.success ? parsed.data.error : `status ${status}`;
}

function unavailable(url: string): ProviderUnavailable {
  const { origin, host } = new URL(url);
  return new ProviderUnavailable(`registration: ${origin} gave no usable answer.`, {
    provider: host,
    reached: 'unknown',
  });
}
