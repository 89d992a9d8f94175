/** OAuthManager: binds the dependencies once and offers one short method per journey. */

import { BrowserJourneys } from './browser-journeys.js';
import { ManagerLifecycleError, OAuthNotConnected } from './core/errors.js';
import type { Owner } from './core/identifiers.js';
import { parseOwner } from './core/parse-input.js';
import { unionScope } from './core/scope.js';
import type { EventStore, StoreHealth } from './core/store.js';
import type * as views from './core/views.js';
import { type ConnectRequest, mintConnectLink, startConnect } from './flows/connect-link.js';
import { findConnect } from './flows/connect-progress.js';
import type { Dependencies } from './flows/dependencies.js';
import { disconnect, type Erasure, eraseUser } from './flows/disconnect.js';
import { getToken, type TokenOutcome, type TokenRequest } from './flows/get-token.js';
import { hasConnection, listConnections } from './flows/list-connections.js';
import { DueWorker } from './flows/look-after-due.js';
import { submitProof, verifyConnect } from './flows/prove-person.js';
import { ProviderCircuits } from './flows/provider-circuits.js';
import { RefreshFlights } from './flows/refresh.js';
import { storeToken } from './flows/store-token.js';
import { UsageMarks } from './flows/usage-marks.js';
import {
  type ConnectOptions,
  type HostTokenInput,
  type In,
  parseConnectRequest,
  parseHostToken,
  parseTenant,
  parseTokenRequest,
  type TokenOptions,
} from './manager-input.js';

/**
 * Keeps the OAuth 2.0 tokens of many users. All methods reject with a member of `AnyOAuthManagerError`; a store that
 * is down rejects with `StoreUnavailable` and never looks like "not connected".
 */
export class OAuthManager extends BrowserJourneys {
  readonly #deps: Dependencies;
  readonly #flights: RefreshFlights;
  readonly #usage: UsageMarks;
  readonly #worker: DueWorker;
  readonly #onClosed: () => Promise<void> | void;
  #closing: Promise<void> | undefined;

  /** @param onClosed called when everything is finished and the store is closed */
  constructor(dependencies: Dependencies, onClosed: () => Promise<void> | void = () => undefined) {
    super();
    this.#deps = dependencies;
    this.#onClosed = onClosed;
    this.#flights = new RefreshFlights(dependencies, new ProviderCircuits(dependencies.now));
    this.#usage = new UsageMarks(dependencies);
    this.#worker = new DueWorker(dependencies, this.#flights);
  }

  /** The event log, by tenant. */
  get events(): EventStore {
    return this.#deps.store.events;
  }

  // Providers

  /** Whether tokens of that provider can be had here: it is known and has client credentials. */
  isProviderConfigured(provider: string): boolean {
    return this.listConfiguredProviders().some(({ id }) => id === provider);
  }

  /** The providers that can be used, in a stable order. */
  listConfiguredProviders(): readonly views.ProviderListing[] {
    return this.listProviders().filter(({ configured }) => configured);
  }

  /** Every provider that is known. */
  listProviders(): readonly views.ProviderListing[] {
    const known = this.#deps.providers.known();
    return known.map(({ defaultScope, ...rest }) => ({ ...rest, scope: defaultScope, source: 'authorization_code' }));
  }

  // Connecting: the program's half

  /** Mints a one-time connect link for a user. The URL is a bearer secret, to be posted to that person only. */
  async startConnect(userId: string, provider: string, options: ConnectOptions = {}): Promise<views.StartedConnect> {
    return startConnect(this.running(), parseConnectRequest(userId, provider, options));
  }

  /** As {@link startConnect}, the URL alone. */
  async generateConnectUrl(userId: string, provider: string, options: ConnectOptions = {}): Promise<string> {
    return (await this.startConnect(userId, provider, options)).connectUrl;
  }

  /** As {@link startConnect}, the bare code of the link, for hosts with their own landing page. */
  async createLinkCode(userId: string, provider: string, options: ConnectOptions = {}): Promise<string> {
    const { code } = await mintConnectLink(this.running(), parseConnectRequest(userId, provider, options));
    return code.reveal();
  }

  /** Spends a link code: of any number of callers exactly one gets what it stands for; the others `undefined`. */
  async resolveLinkCode(
    code: string,
  ): Promise<(Owner & Pick<ConnectRequest, 'provider' | 'account' | 'scope'>) | undefined> {
    const link = await this.running().store.expiring.take('connect_link', code);
    if (link === undefined) return undefined;
    const { tenant, userId, provider, account, scope } = link.intent;
    return { tenant, userId, provider, account, scope };
  }

  /** Where a connect stands; with `waitMs`, answered when it moves or the time is over. */
  async findConnect(
    connectId: string,
    options: In & { waitMs?: number; signal?: AbortSignal } = {},
  ): Promise<views.ConnectView> {
    const { waitMs, signal } = options;
    return findConnect(this.running(), { tenant: parseTenant(options), connectId, waitMs, signal });
  }

  /** The chat user typed this code: the proof that the person in the browser is the person in the chat. */
  async submitProof(userId: string, code: string, options: In = {}): Promise<views.ProvenConnect> {
    return submitProof(this.running(), parseOwner(userId, options.tenant), code);
  }

  /** The host's own web session says who is in the browser (proof mode `app_verifier`). */
  async verifyConnect(connectId: string, userId: string, options: In = {}): Promise<views.ProvenConnect> {
    return verifyConnect(this.running(), { connectId, ...parseOwner(userId, options.tenant) });
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

  /** Forces one refresh, if the refused token (hex SHA-256) is still the stored one; then as {@link requireToken}. */
  async refreshToken(
    userId: string,
    provider: string,
    options: TokenOptions & { readonly rejectedTokenSha256: string },
  ): Promise<views.AccessToken> {
    const { rejectedTokenSha256 } = options;
    return this.#tokenOrLink({ ...parseTokenRequest(userId, provider, options), rejectedTokenSha256 });
  }

  /** Whether there is a usable connection, by the record alone: no refresh, no secret. */
  async hasToken(userId: string, provider: string, options: In & { account?: string } = {}): Promise<boolean> {
    return hasConnection(this.running(), parseTokenRequest(userId, provider, options));
  }

  /** What a user has connected. */
  async listUserConnections(userId: string, options: In = {}): Promise<readonly views.ConnectionSummary[]> {
    return listConnections(this.running(), parseOwner(userId, options.tenant));
  }

  /** Stores a token that the host got by itself and whose owner the host answers for. */
  async storeToken(userId: string, token: HostTokenInput, options: In = {}): Promise<void> {
    const deps = this.running();
    return storeToken(deps, parseHostToken(userId, token, { ...options, now: deps.now() }));
  }

  /** Disconnects: forgets the tokens for certain, and revokes them as far as the provider can. Idempotent. */
  async deleteToken(
    userId: string,
    provider: string,
    options: In & { account?: string } = {},
  ): Promise<{ revoked: views.RevocationOutcome }> {
    return { revoked: await disconnect(this.running(), parseTokenRequest(userId, provider, options)) };
  }

  /** Revokes and erases everything of a user. */
  async eraseUser(userId: string, options: In = {}): Promise<Erasure> {
    return eraseUser(this.running(), parseOwner(userId, options.tenant));
  }

  // Life

  /** Begins the background work: refreshing ahead, and ending grants that nobody proved. */
  startBackgroundWork(): void {
    this.running();
    this.#worker.start();
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
    await this.#worker.stop();
    await this.#flights.drain();
    await this.#deps.store.close();
    await this.#onClosed();
  }

  protected override running(): Dependencies {
    if (this.#closing !== undefined) throw new ManagerLifecycleError('This OAuthManager was closed.');
    return this.#deps;
  }

  #token(request: TokenRequest): Promise<TokenOutcome> {
    return getToken({ deps: this.running(), flights: this.#flights, usage: this.#usage }, request);
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
