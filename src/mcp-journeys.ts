/** The manager's part for MCP servers: tokens by the server's URL, whether that server is configured or not. */

import { parseAccount, parseOwner, parseProviderId } from './core/parse-input.js';
import type { AccessToken } from './core/views.js';
import { describeClient } from './flows/client-document.js';
import { viewServer } from './flows/discover-provider.js';
import type { TokenDesk } from './flows/get-token.js';
import { stepUpMcp } from './flows/mcp-step-up.js';
import { findMcpToken, type McpTokenRequest, readChallenge, requireMcpToken } from './flows/mcp-token.js';
import { type In, parseRejectedDigest } from './manager-input.js';

/** Whose account, and where the browser goes at the end. */
export interface McpOptions extends In {
  readonly account?: string | undefined;
  readonly returnTo?: string | undefined;
}

/** What is known of the response that asked for a token. */
export interface McpAnswer extends McpOptions {
  /** The header `WWW-Authenticate`, as received. */
  readonly wwwAuthenticate?: string | null | undefined;
  /** Lower-case hex SHA-256 of the access token that was sent, if one was. */
  readonly rejectedTokenSha256?: string | undefined;
  /** Whether it was passed on by the person: then it does not decide where metadata is, since all of a tenant share that. */
  readonly isPersons?: boolean | undefined;
}

/** Writes into the audit trail who was given a token, or why not; then answers or throws as `ask` does. */
export type RecordMcpToken = <Found extends AccessToken | undefined>(
  who: Pick<McpTokenRequest, 'owner' | 'account'>,
  ask: () => Promise<Found>,
) => Promise<Found>;

/** What `OAuthManager.mcp` offers. All methods reject with a member of `AnyOAuthManagerError`. */
export class McpJourneys {
  readonly #desk: () => TokenDesk;
  readonly #record: RecordMcpToken;

  /**
   * @param desk throws once the manager is closed
   * @param record absent = the caller writes it
   */
  constructor(desk: () => TokenDesk, record: RecordMcpToken = (_who, ask) => ask()) {
    this.#desk = desk;
    this.#record = record;
  }

  /** The user's token for a server, if there is one: without discovery, without a link. */
  async findToken(userId: string, serverUrl: string, options: McpOptions = {}): Promise<AccessToken | undefined> {
    const request = parseRequest(userId, serverUrl, options);
    return this.#record(request, () => findMcpToken(this.#desk(), request));
  }

  /**
   * The user's token for a server that answered 401: discovered, registered and refreshed as needed.
   *
   * @throws {OAuthNotConnected} the person has to open `connectUrl` first
   * @throws {DiscoveryFailed | ClientRegistrationRequired} the server, or its authorization server, cannot be used yet
   */
  async requireToken(userId: string, serverUrl: string, answer: McpAnswer = {}): Promise<AccessToken> {
    const request = parseRequest(userId, serverUrl, answer);
    return this.#record(request, () => requireMcpToken(this.#desk(), request));
  }

  /**
   * The same after 403. Only a response with `error="insufficient_scope"` leads to anything.
   *
   * @returns `undefined` when asking the person (again) would not help
   * @throws {OAuthNotConnected} with a link that asks for the earlier scope and the missing one
   */
  async stepUp(userId: string, serverUrl: string, answer: McpAnswer): Promise<AccessToken | undefined> {
    const { challenge, ...request } = parseRequest(userId, serverUrl, answer);
    if (challenge?.error !== 'insufficient_scope') return undefined;
    return this.#record(request, () => stepUpMcp(this.#desk(), { ...request, challenge }));
  }

  /**
   * The guarded HTTP client for a server: https, public addresses, no redirects, streamed responses.
   *
   * @throws {InvalidRequest} the operator does not allow this server
   */
  fetchFrom(serverUrl: string, options: In = {}): (url: string | URL, init?: RequestInit) => Promise<Response> {
    const { deps } = this.#desk();
    const { owner } = parseRequest('any', serverUrl, options);
    return viewServer(deps, owner.tenant, serverUrl).room.guarded.stream;
  }

  /** The client id metadata document of a discovered server; `undefined` when there is none of that name. */
  describeClient(provider: string): object | undefined {
    return describeClient(this.#desk().deps, parseProviderId(provider));
  }
}

function parseRequest(userId: string, serverUrl: string, answer: McpAnswer): McpTokenRequest {
  const { tenant, account, returnTo, wwwAuthenticate, rejectedTokenSha256, isPersons = false } = answer;
  const challenge = readChallenge(wwwAuthenticate);
  return {
    owner: parseOwner(userId, tenant),
    serverUrl,
    account: parseAccount(account),
    ...(returnTo !== undefined && { returnTo }),
    ...(challenge && { challenge: isPersons ? { ...challenge, resourceMetadata: [] } : challenge }),
    ...(rejectedTokenSha256 !== undefined && {
      rejectedTokenSha256: parseRejectedDigest(rejectedTokenSha256),
    }),
  };
}
