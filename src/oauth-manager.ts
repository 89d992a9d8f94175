/** OAuthManager: binds the dependencies once and offers one short method per journey. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { ActOrigin } from './core/audit.js';
import { ManagerLifecycleError } from './core/errors.js';
import { isDiscoveredId } from './core/mcp-server.js';
import { parseOwner, parseProviderId, parseTenant } from './core/parse-input.js';
import type { AuditStore, CounterStore, EventStore, StoreFigures, StoreHealth } from './core/store.js';
import type * as views from './core/views.js';
import { providerLabel } from './flows/announce.js';
import type { Dependencies } from './flows/dependencies.js';
import { DeviceWorker } from './flows/device/device-worker.js';
import { Ending } from './flows/ending.js';
import { GrantJanitor } from './flows/grant-janitor.js';
import { DueWorker } from './flows/look-after-due.js';
import { ProviderCircuits } from './flows/provider-circuits.js';
import { RefreshFlights } from './flows/refresh-flights.js';
import { RefreshPace } from './flows/refresh-pace.js';
import { type RefusedReport, type RefusedWish, retryRefused } from './flows/refused-grants.js';
import { createSources } from './flows/sources/create-sources.js';
import { listProviders } from './flows/sources/find-source.js';
import { storeSpooled } from './flows/spooled-commits.js';
import { UsageLedger } from './flows/usage-ledger.js';
import { UsageMarks } from './flows/usage-marks.js';
import { requireObject } from './manager-input.js';
import { RecordedJourneys } from './recorded-journeys.js';
import { SignalJourneys } from './signal-journeys.js';
import { type JourneyRoom, TokenJourneys } from './token-journeys.js';

/** How long the start waits for the spool to be stored, ms; then both go on. */
const spoolWaitMs = 1_500;

/** How long closing waits for earlier calls, ms: a token request takes ten seconds at most. */
const finishWaitMs = 15_000;

/** Which refused grants to try again, and how; an absent field limits nothing. */
export interface RetryRefusedOptions extends Pick<RefusedWish, 'dryRun' | 'signal' | 'onProgress'> {
  readonly userId?: string | undefined;
  readonly tenant?: string | undefined;
  readonly provider?: string | undefined;
}

/** Every journey, without an audit entry of its own. */
export type Journeys = TokenJourneys;

/**
 * Keeps the OAuth 2.0 tokens of many users. All methods reject with a member of `AnyOAuthManagerError`; a store that
 * is down rejects with `StoreUnavailable` and never looks like "not connected".
 */
export class OAuthManager extends RecordedJourneys {
  readonly #deps: Dependencies;
  readonly #circuits: ProviderCircuits;
  readonly #pace: RefreshPace;
  readonly #flights: RefreshFlights;
  readonly #ledger: UsageLedger;
  readonly #worker: DueWorker;
  readonly #devices: DeviceWorker;
  readonly #janitor: GrantJanitor;
  readonly #room: JourneyRoom;
  readonly #ending = new Ending();
  readonly #onClosed: () => Promise<void> | void;
  /** For requests that providers send by themselves. */
  readonly signals: SignalJourneys;
  #storingSpooled: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  /** @param onClosed called when everything is finished and the store is closed */
  constructor(given: Dependencies, onClosed: () => Promise<void> | void = () => undefined) {
    super();
    // `origin` is set from the start: adding a field while copying all this took 1.9 µs of every request instead of 0.06.
    const dependencies = { ...given, ending: this.#ending, origin: undefined };
    this.#deps = dependencies;
    this.#onClosed = onClosed;
    const ahead = dependencies.settings.refreshAhead;
    const pace = new RefreshPace(ahead ?? { concurrency: 1, perSecond: 1 }, dependencies.now);
    this.#pace = pace;
    this.#circuits = new ProviderCircuits(dependencies.now);
    this.#flights = new RefreshFlights(dependencies, this.#circuits, pace);
    const usage = new UsageMarks(dependencies);
    this.#ledger = new UsageLedger(dependencies);
    this.#worker = new DueWorker({ deps: dependencies, flights: this.#flights, pace });
    this.#devices = new DeviceWorker(dependencies);
    this.#janitor = new GrantJanitor(dependencies);
    const desk = { deps: dependencies, flights: this.#flights, usage };
    this.#room = { desk, sources: createSources(desk), ledger: this.#ledger };
    this.signals = new SignalJourneys(() => this.room().desk);
  }

  /** Epoch ms by the clock of the store, which all replicas go by: what ends says when by this one. */
  now(): number {
    return this.#deps.now();
  }

  /** The event log, by tenant. */
  get events(): EventStore {
    return this.#deps.store.events;
  }

  /** The audit trail, by tenant. */
  get audit(): AuditStore {
    return this.#deps.store.audit;
  }

  /** Counts within a window, for all replicas together. */
  get counters(): CounterStore {
    return this.#deps.store.counters;
  }

  // Providers

  /**
   * Whether tokens of that provider are available here: it is known and has client credentials, or is a discovered server.
   */
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

  // Audit trail

  /**
   * The journeys for a program around this manager that writes its own acts into the audit trail, as the routes do: they
   * write no entry of their own, and what the service does along the way is recorded as part of that request.
   */
  at(origin: ActOrigin): Journeys {
    return new JourneysAt(() => this.room(), origin);
  }

  // Life

  /**
   * Starts the background work: device authorizations, removing unproven grants, and unless switched off, refreshing ahead.
   */
  startBackgroundWork(): void {
    if (this.running().settings.refreshAhead !== undefined) this.#worker.start();
    this.#devices.start();
    this.#janitor.start();
  }

  /** Stores what an earlier process had to leave in the spool; part of opening a manager. */
  async storeSpooled(): Promise<void> {
    this.#storingSpooled = storeSpooled(this.running());
    await Promise.race([this.#storingSpooled, sleep(spoolWaitMs, undefined, { ref: false })]);
  }

  /**
   * Sends refresh tokens once more that their provider refused within the last day, for when it was not the person who ended
   * the grant: those of one user (`userId`, with its `tenant`), of a tenant, of a provider, or without any of these, all.
   *
   * @throws {InvalidRequest} naming the field
   * @throws {StoreUnavailable} the store cannot be read; tokens that were renewed before are stored
   */
  async retryRefused(options: RetryRefusedOptions = {}): Promise<RefusedReport> {
    const { userId, provider, dryRun, signal, onProgress } = requireObject('options', options);
    const tenant = options.tenant === undefined ? undefined : parseTenant(options.tenant);
    const owner = userId === undefined ? undefined : parseOwner(userId, tenant);
    const wanted = { owner, tenant, provider: provider === undefined ? undefined : parseProviderId(provider) };
    const { deps, flights } = this.room().desk;
    return retryRefused({ deps, flights, pace: this.#pace }, { ...wanted, dryRun, signal, onProgress });
  }

  /** What happened to commits since this process started. */
  figures(): StoreFigures {
    return this.#deps.store.figures();
  }

  /** Starts no refresh from now on: live tokens are handed out, other callers are asked to come again. */
  stopRefreshing(): void {
    this.#ending.begin();
    this.#flights.stop();
    void this.#worker.stop();
  }

  /** The providers that this process does not ask at present, and why; all discovered ones together are `discovered`. */
  openCircuits(): ReadonlyMap<string, string> {
    const open = [...this.#circuits.open()];
    return new Map(open.map(([provider, cause]) => [providerLabel(this.#deps, provider), cause]));
  }

  /** Whether the store can be used at present. */
  async checkStore(): Promise<StoreHealth> {
    return this.running().store.check();
  }

  /**
   * Takes no new work, finishes and stores what is in flight, then disconnects. If the store does not take refreshed tokens,
   * it is tried for five more seconds; then they stay in the spool.
   *
   * @throws {StoreUnavailable} there is no spool: the message tells how many grants are lost. All is closed by then
   */
  close(): Promise<void> {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  async #end(): Promise<void> {
    this.#ending.begin();
    const patience = new AbortController();
    const enough = sleep(finishWaitMs, undefined, { signal: patience.signal });
    const all = Promise.all([this.finished(), this.#ending.finished()]);
    const begun = Promise.race([all, enough]).finally(() => patience.abort());
    await Promise.all([this.#worker.stop(), this.#devices.stop(), this.#janitor.stop(), this.#storingSpooled, begun]);
    this.#flights.stop();
    await this.#flights.drain();
    await this.#ledger.settled();
    await this.#deps.store.close();
    await this.#onClosed();
    this.#ending.tell(this.#deps.log);
  }

  protected override room(): JourneyRoom {
    if (this.#closing !== undefined) throw new ManagerLifecycleError('This OAuthManager was closed.');
    return this.#room;
  }
}

class JourneysAt extends TokenJourneys {
  readonly #room: () => JourneyRoom;
  readonly #origin: ActOrigin;

  constructor(room: () => JourneyRoom, origin: ActOrigin) {
    super();
    this.#room = room;
    this.#origin = origin;
  }

  protected override room(): JourneyRoom {
    const { desk, sources, ledger } = this.#room();
    const deps = { ...desk.deps, origin: this.#origin };
    return { desk: { deps, flights: desk.flights, usage: desk.usage }, sources, ledger };
  }
}
