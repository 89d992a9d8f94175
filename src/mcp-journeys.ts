/** The manager's half for MCP servers: tokens by the server's URL, whether anybody configured that server or not. */

import { parseAccount, parseOwner, parseProviderId } from './core/parse-input.js';
import type { AccessToken } from './core/views.js';
import { describeClient } from './flows/client-document.js';
import { viewServer } from './flows/discover-provider.js';
import type { TokenDesk } from './flows/get-token.js';
import { stepUpMcp } from './flows/mcp-step-up.js';
import { findMcpToken, type McpTokenRequest, readChallenge, requireMcpToken } from './flows/mcp-token.js';
import { type In, parseRejectedDigest } from './manager-input.js';

/** Whose account, and where the browser goes in the end. */
export interface McpOptions extends In {
  readonly account?: string;
  readonly returnTo?: string;
}

/** What is known of the answer that a token is needed for. */
export interface McpAnswer extends McpOptions {
  /** The header `WWW-Authenticate`, as it came. */
  readonly wwwAuthenticate?: string | null;
  /** Lower-case hex SHA-256 of the access token that was sent, if one was. */
  readonly rejectedTokenSha256?: string;
  /** It comes through the person: where metadata stands is not for one person to say, since all of a tenant share it. */
  readonly isPersons?: boolean;
}

/** Writes down who was given a token, or why not; then answers or throws as `ask` does. */
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
   * @param record absent = whoever calls writes it down
   */
  constructor(desk: () => TokenDesk, record: RecordMcpToken = (_who, ask) => ask()) {
    this.#desk = desk;
    this.#record = record;
  }

  /** The user's token for a server, if there is one: no discovery, no link. */
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
   * The same after 403. Only an answer with `error="insufficient_scope"` begins anything.
   *
   * @returns `undefined` when asking the person (again) would not help
   * @throws {OAuthNotConnected} with a link that asks for the scope before and the scope that is missing
   */
  async stepUp(userId: string, serverUrl: string, answer: McpAnswer): Promise<AccessToken | undefined> {
    const { challenge, ...request } = parseRequest(userId, serverUrl, answer);
    if (challenge?.error !== 'insufficient_scope') return undefined;
    return this.#record(request, () => stepUpMcp(this.#desk(), { ...request, challenge }));
  }

  /**
   * The guarded way to a server: https, public addresses, no redirects, answers that stream.
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
