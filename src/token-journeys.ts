/** Tokens and connections of users; connecting is apart. */

import { ConnectJourneys } from './connect-journeys.js';
import { OAuthNotConnected } from './core/errors.js';
import { unionScope } from './core/scope.js';
import type * as views from './core/views.js';
import { startConnect } from './flows/connect-link.js';
import type { Dependencies } from './flows/dependencies.js';
import { type Erasure, eraseUser } from './flows/disconnect.js';
import type { TokenDesk } from './flows/get-token.js';
import { listConnections } from './flows/list-connections.js';
import { rejecting } from './flows/rejecting.js';
import { type Disconnected, disconnectAndTell } from './flows/sibling-connections.js';
import type { TokenSources } from './flows/sources/create-sources.js';
import { getSourcedToken, hasSourcedToken } from './flows/sources/find-source.js';
import { storeToken } from './flows/store-token.js';
import type { TokenOutcome, TokenRequest } from './flows/token-request.js';
import { traced } from './flows/traced.js';
import { listUses, type UsageLedger } from './flows/usage-ledger.js';
import { type HostTokenAnswer, type HostTokenInput, parseHostToken } from './host-token.js';
import {
  type ExchangeOptions,
  type HasTokenOptions,
  type In,
  type InAccount,
  parseExchange,
  parseOwnerIn,
  parseRefreshRequest,
  parseTokenRequest,
  type RefreshOptions,
  type TokenOptions,
} from './manager-input.js';
import { McpJourneys } from './mcp-journeys.js';

/** What all journeys of one manager share. */
export interface JourneyRoom {
  readonly desk: TokenDesk;
  readonly sources: TokenSources;
  readonly ledger: UsageLedger;
}

/** Every journey, for a surrounding program that writes its own acts into the audit trail. */
export abstract class TokenJourneys extends ConnectJourneys {
  /** Throws `ManagerLifecycleError` once the manager is closed. */
  protected abstract room(): JourneyRoom;

  protected override running(): Dependencies {
    return this.room().desk.deps;
  }

  /** Tokens for MCP servers, by their URL. */
  get mcp(): McpJourneys {
    return new McpJourneys(() => this.room().desk);
  }

  /**
   * A valid token, refreshed if needed; `undefined` when the person has to connect first.
   *
   * @throws {UnknownProvider | InvalidRequest} the provider is unknown, or the request is not valid
   * @throws {ProviderUnavailable | ProviderError} no live token, and the provider cannot be reached or refuses our client
   * @throws {StoreUnavailable | KeyUnavailable | StoredTokenUnreadable} never the same as "not connected"
   */
  getToken(userId: string, provider: string, options: TokenOptions = {}): Promise<views.AccessToken | undefined> {
    return rejecting(() => {
      const room = this.room();
      const request = parseTokenRequest(userId, provider, options);
      return askToken(room, request).then((outcome) => {
        noteUse(room, request, outcome);
        return outcome.kind === 'token' ? outcome.token : undefined;
      });
    });
  }

  /**
   * A valid token, refreshed if needed.
   *
   * @throws {OAuthNotConnected} with a new connect link that asks for what is missing; all else as {@link getToken}
   */
  async requireToken(userId: string, provider: string, options: TokenOptions = {}): Promise<views.AccessToken> {
    return this.#tokenOrLink(parseTokenRequest(userId, provider, options));
  }

  /**
   * A token in exchange for another one (source `token_exchange`).
   *
   * @throws {InvalidRequest | Forbidden} the subject token, scope or resource is not one that may be exchanged
   */
  async exchangeToken(provider: string, options: ExchangeOptions): Promise<views.AccessToken> {
    return this.#tokenOrLink(parseExchange(provider, options));
  }

  /** Forces one refresh, if the refused token is still the stored one; then as {@link requireToken}. */
  async refreshToken(userId: string, provider: string, options: RefreshOptions): Promise<views.AccessToken> {
    return this.#tokenOrLink(parseRefreshRequest(userId, provider, options));
  }

  /**
   * Whether a token is available without anybody's action: there is a usable connection, or the provider's source has what
   * it needs (for token exchange, a `subjectToken` from you). Answered from records: without a refresh and without secrets.
   */
  async hasToken(userId: string, provider: string, options: HasTokenOptions = {}): Promise<boolean> {
    const { desk, sources } = this.room();
    return hasSourcedToken(desk, sources, parseTokenRequest(userId, provider, options));
  }

  /** What a user has connected. */
  async listUserConnections(userId: string, options: In = {}): Promise<readonly views.ConnectionSummary[]> {
    return listConnections(this.running(), parseOwnerIn(userId, options));
  }

  /** Who used the token of a connection, newest first; at most 50 uses, of callers that named themselves. */
  async listTokenUses(userId: string, provider: string, options: InAccount = {}) {
    const { desk, ledger } = this.room();
    return listUses(desk.deps, ledger, parseTokenRequest(userId, provider, options));
  }

  /**
   * Stores a token that the host got by itself and whose owner the host vouches for; it replaces an earlier one.
   *
   * @throws {UnknownProvider | InvalidRequest}
   */
  async storeToken(userId: string, token: HostTokenInput | HostTokenAnswer, options: In = {}): Promise<void> {
    const deps = this.running();
    return storeToken(deps, parseHostToken(userId, token, { options, now: deps.now() }));
  }

  /** Disconnects: certainly forgets the tokens, and revokes them as far as the provider can. Idempotent. */
  async deleteToken(userId: string, provider: string, options: InAccount = {}): Promise<Disconnected> {
    return disconnectAndTell(this.room().desk, parseTokenRequest(userId, provider, options));
  }

  /** Revokes and erases everything of a user. */
  async eraseUser(userId: string, options: In = {}): Promise<Erasure> {
    return eraseUser(this.running(), parseOwnerIn(userId, options));
  }

  /** The new link asks for everything granted so far and for what is missing. */
  async #tokenOrLink(request: TokenRequest): Promise<views.AccessToken> {
    const room = this.room();
    const outcome = await askToken(room, request);
    noteUse(room, request, outcome);
    if (outcome.kind === 'token') return outcome.token;
    const { reason, missingScope: missingScopes, grantedScope = [], paused } = outcome;
    const scope = unionScope(grantedScope, request.scope ?? []);
    const { connectUrl, connectId, proof } = await startConnect(room.desk.deps, { ...request, scope });
    const { provider } = request;
    throw new OAuthNotConnected({ provider, reason, connectUrl, connectId, missingScopes, paused, proof });
  }
}

/** A span, if tracing is on. */
function askToken({ desk, sources }: JourneyRoom, request: TokenRequest): Promise<TokenOutcome> {
  const journey = { name: 'get_token', provider: request.provider } as const;
  return traced(desk.deps, journey, () => getSourcedToken(desk, sources, request));
}

function noteUse({ ledger }: JourneyRoom, { usedBy }: TokenRequest, outcome: TokenOutcome): void {
  if (outcome.kind === 'token' && usedBy) ledger.note(outcome.token.connectionId, usedBy);
}
