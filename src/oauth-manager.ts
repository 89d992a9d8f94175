/** OAuthManager: binds the dependencies once and offers one short method per journey. */

import { ConnectJourneys } from './connect-journeys.js';
import { ManagerLifecycleError, OAuthNotConnected } from './core/errors.js';
import { isDiscoveredId } from './core/mcp-server.js';
import { parseOwner } from './core/parse-input.js';
import { unionScope } from './core/scope.js';
import type { AuditStore, EventStore, StoreFigures, StoreHealth } from './core/store.js';
import type * as views from './core/views.js';
import { providerLabel } from './flows/announce.js';
import { startConnect } from './flows/connect-link.js';
import type { Dependencies } from './flows/dependencies.js';
import { DeviceWorker } from './flows/device/device-worker.js';
import { type Erasure, eraseUser } from './flows/disconnect.js';
import type { TokenDesk, TokenOutcome, TokenRequest } from './flows/get-token.js';
import { listConnections } from './flows/list-connections.js';
import { DueWorker } from './flows/look-after-due.js';
import { ProviderCircuits } from './flows/provider-circuits.js';
import { RefreshFlights } from './flows/refresh.js';
import { RefreshPace } from './flows/refresh-pace.js';
import { type Disconnected, disconnectAndTell } from './flows/sibling-connections.js';
import { createSources, type TokenSources } from './flows/sources/create-sources.js';
import { getSourcedToken, hasSourcedToken, listProviders } from './flows/sources/find-source.js';
import { storeSpooled } from './flows/spooled-commits.js';
import { storeToken } from './flows/store-token.js';
import { listUses, UsageLedger } from './flows/usage-ledger.js';
import { UsageMarks } from './flows/usage-marks.js';
import {
  type ExchangeOptions,
  type HasTokenOptions,
  type HostTokenInput,
  type In,
  parseExchange,
  parseHostToken,
  parseTokenRequest,
  type TokenOptions,
} from './manager-input.js';
import { McpJourneys } from './mcp-journeys.js';
import { SignalJourneys } from './signal-journeys.js';

/**
 * Keeps the OAuth 2.0 tokens of many users. All methods reject with a member of `AnyOAuthManagerError`; a store that
 * is down rejects with `StoreUnavailable` and never looks like "not connected".
 */
export class OAuthManager extends ConnectJourneys {
  readonly #deps: Dependencies;
  readonly #circuits: ProviderCircuits;
  readonly #flights: RefreshFlights;
  readonly #usage: UsageMarks;
  readonly #ledger: UsageLedger;
  readonly #worker: DueWorker;
  readonly #devices: DeviceWorker;
  readonly #sources: TokenSources;
  readonly #onClosed: () => Promise<void> | void;
  /** Tokens for MCP servers, by their URL. */
  readonly mcp: McpJourneys;
  readonly signals: SignalJourneys;
  #closing: Promise<void> | undefined;

  /** @param onClosed called when everything is finished and the store is closed */
  constructor(dependencies: Dependencies, onClosed: () => Promise<void> | void = () => undefined) {
    super();
    this.#deps = dependencies;
    this.#onClosed = onClosed;
    const ahead = dependencies.settings.refreshAhead;
    const pace = new RefreshPace(ahead ?? { concurrency: 1, perSecond: 1 }, dependencies.now);
    this.#circuits = new ProviderCircuits(dependencies.now);
    this.#flights = new RefreshFlights(dependencies, this.#circuits, pace);
    this.#usage = new UsageMarks(dependencies);
    this.#ledger = new UsageLedger(dependencies);
    this.#worker = new DueWorker({ deps: dependencies, flights: this.#flights, pace });
    this.#devices = new DeviceWorker(dependencies);
    this.#sources = createSources(this.#desk());
    this.mcp = new McpJourneys(() => this.#desk());
    this.signals = new SignalJourneys(() => this.#desk());
  }

  /** The event log, by tenant. */
  get events(): EventStore {
    return this.#deps.store.events;
  }

  /** The audit trail, by tenant. */
  get audit(): AuditStore {
    return this.#deps.store.audit;
  }

  // Providers

  /** Whether tokens of that provider can be had here: known and with client credentials, or of a discovered server. */
  isProviderConfigured(provider: string): boolean {
    if (isDiscoveredId(provider)) return this.#deps.mcp !== undefined;
    return this.listConfiguredProviders().some(({ id }) => id === provider);
  }

  /** The providers that can be used, in a stable order. */
  listConfiguredProviders(): readonly views.ProviderListing[] {
    return this.listProviders().filter(({ configured }) => configured);
  }

  /** Every provider that is known. */
  listProviders(): readonly views.ProviderListing[] {
    return listProviders(this.#deps);
  }

  // Tokens

  /** A valid token, refreshed if needed; `undefined` when the person has to connect first. */
  async getToken(userId: string, provider: string, options: TokenOptions = {}): Promise<views.AccessToken | undefined> {
    const outcome = await this.#token(parseTokenRequest(userId, provider, options));
    return outcome.kind === 'token' ? outcome.token : undefined;
  }

  /**
   * A valid token, refreshed if needed.
   *
   * @throws {OAuthNotConnected} with a new connect link that asks for what is missing
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

  /** Forces one refresh, if the refused token (hex SHA-256) is still the stored one; then as {@link requireToken}. */
  async refreshToken(
    userId: string,
    provider: string,
    options: TokenOptions & { readonly rejectedTokenSha256: string },
  ): Promise<views.AccessToken> {
    const { rejectedTokenSha256 } = options;
    return this.#tokenOrLink({ ...parseTokenRequest(userId, provider, options), rejectedTokenSha256 });
  }

  /**
   * Whether a token is to be had without anybody's doing: there is a usable connection, or the provider's source has
   * what it needs (of one that exchanges, a `subjectToken` of yours). By records alone: no refresh, no secret.
   */
  async hasToken(userId: string, provider: string, options: HasTokenOptions = {}): Promise<boolean> {
    return hasSourcedToken(this.#desk(), this.#sources, parseTokenRequest(userId, provider, options));
  }

  /** What a user has connected. */
  async listUserConnections(userId: string, options: In = {}): Promise<readonly views.ConnectionSummary[]> {
    return listConnections(this.running(), parseOwner(userId, options.tenant));
  }

  /** Who used the token of a connection, newest first; at most 50, of callers that said who they are. */
  async listTokenUses(userId: string, provider: string, options: In & { account?: string } = {}) {
    return listUses(this.running(), parseTokenRequest(userId, provider, options));
  }

  /** Stores a token that the host got by itself and whose owner the host answers for. */
  async storeToken(userId: string, token: HostTokenInput, options: In = {}): Promise<void> {
    const deps = this.running();
    return storeToken(deps, parseHostToken(userId, token, { ...options, now: deps.now() }));
  }

  /** Disconnects: forgets the tokens for certain, and revokes them as far as the provider can. Idempotent. */
  async deleteToken(userId: string, provider: string, options: In & { account?: string } = {}): Promise<Disconnected> {
    return disconnectAndTell(this.#desk(), parseTokenRequest(userId, provider, options));
  }

  /** Revokes and erases everything of a user. */
  async eraseUser(userId: string, options: In = {}): Promise<Erasure> {
    return eraseUser(this.running(), parseOwner(userId, options.tenant));
  }

  // Life

  /** Begins the background work: device authorizations, and unless it is switched off, refreshing ahead and ending grants. */
  startBackgroundWork(): void {
    if (this.running().settings.refreshAhead !== undefined) this.#worker.start();
    this.#devices.start();
  }

  /** Stores what an earlier process had to leave in the spool; part of opening a manager. */
  async storeSpooled(): Promise<void> {
    await storeSpooled(this.running());
  }

  /** What happened to commits since this process began. */
  figures(): StoreFigures {
    return this.#deps.store.figures();
  }

  /** Starts no refresh from now on: live tokens are handed out, other callers are told to come again. */
  stopRefreshing(): void {
    this.#flights.stop();
    void this.#worker.stop();
  }

  /** The providers that this process does not ask now, and why; those that nobody configured are one, `discovered`. */
  openCircuits(): ReadonlyMap<string, string> {
    const open = [...this.#circuits.open()];
    return new Map(open.map(([provider, cause]) => [providerLabel(this.#deps, provider), cause]));
  }

  /** Whether the store can be used now. */
  async checkStore(): Promise<StoreHealth> {
    return this.running().store.check();
  }

  /** Takes no new work, finishes and stores what is in flight, then disconnects. */
  close(): Promise<void> {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  async #end(): Promise<void> {
    this.#flights.stop();
    await Promise.all([this.#worker.stop(), this.#devices.stop()]);
    await this.#flights.drain();
    await this.#ledger.settled();
    await this.#deps.store.close();
    await this.#onClosed();
  }

  protected override running(): Dependencies {
    if (this.#closing !== undefined) throw new ManagerLifecycleError('This OAuthManager was closed.');
    return this.#deps;
  }

  async #token(request: TokenRequest): Promise<TokenOutcome> {
    const outcome = await getSourcedToken(this.#desk(), this.#sources, request);
    if (outcome.kind === 'token' && request.usedBy) this.#ledger.note(outcome.token.connectionId, request.usedBy);
    return outcome;
  }

  #desk(): TokenDesk {
    return { deps: this.running(), flights: this.#flights, usage: this.#usage };
  }

  /** The new link asks for everything granted so far and for what is missing. */
  async #tokenOrLink(request: TokenRequest): Promise<views.AccessToken> {
    const outcome = await this.#token(request);
    if (outcome.kind === 'token') return outcome.token;
    const { reason, missingScope: missingScopes, grantedScope = [] } = outcome;
    const scope = unionScope(grantedScope, request.scope ?? []);
    const { connectUrl, connectId } = await startConnect(this.#deps, { ...request, scope });
    throw new OAuthNotConnected({ provider: request.provider, reason, connectUrl, connectId, missingScopes });
  }
}
