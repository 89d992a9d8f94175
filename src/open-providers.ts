/** The providers of a manager: those that are known at once, and those whose issuer has to be asked first. */

import { createRegistry, type ProviderEntry, parseEntries, partEntries, withMetadata } from '../providers/index.js';
import {
  ConfigurationError,
  DiscoveryFailed,
  type OAuthManagerError,
  ProviderError,
  ProviderUnavailable,
} from './core/errors.js';
import { type ProviderId, providerIdSchema } from './core/identifiers.js';
import type { Log } from './core/log.js';
import type { ProviderRegistry } from './core/provider.js';
import type { Http } from './protocol/http.js';
import { fetchIssuerMetadata } from './protocol/issuer-metadata.js';

type Entries = Readonly<Record<string, ProviderEntry>>;

/** Settings for asking issuers. Durations are ms. */
export interface IssuerRoom {
  readonly http: Http;
  readonly allowInsecureLoopback: boolean;
  readonly log: Log;
  /** How long the start waits for issuers; they are asked on in any case. */
  readonly patienceMs?: number;
  readonly firstRetryMs?: number;
}

const longestRetryMs = 300_000;

/** A registry that grows as issuers answer. */
export interface OpenProviders {
  readonly registry: ProviderRegistry;
  /** Resolves when all issuers have answered, or patience is over. */
  readonly answered: Promise<void>;
  /** Stops asking. */
  stop(): void;
}

/**
 * Creates the registry. An issuer that does not answer, or whose answer is unusable, delays nothing else: its provider is
 * known but unavailable, and the issuer is asked again.
 *
 * @throws {ConfigurationError} as `parseEntries` and `createRegistry`, for everything that can be checked without asking
 */
export function openProviders(entries: Entries, room: IssuerRoom): OpenProviders {
  const growing = new GrowingRegistry(entries, room);
  return { registry: growing, answered: growing.start(), stop: () => growing.stop() };
}

/** Only the check. @throws {ConfigurationError} as {@link openProviders} */
export function checkProviders(entries: Entries, allowInsecureLoopback: boolean): void {
  const { known, open } = partEntries(parseEntries(entries));
  createRegistry(known, { allowInsecureLoopback, open });
}

class GrowingRegistry implements ProviderRegistry {
  readonly #entries: Record<string, ProviderEntry>;
  readonly #waiting = new Map<string, { readonly entry: ProviderEntry; error: OAuthManagerError }>();
  readonly #room: IssuerRoom;
  readonly #timers = new Set<NodeJS.Timeout>();
  #current: ProviderRegistry;
  #stopped = false;

  constructor(entries: Entries, room: IssuerRoom) {
    const { known, open } = partEntries(parseEntries(entries));
    this.#room = room;
    this.#entries = { ...known };
    for (const [id, entry] of open) this.#waiting.set(id, { entry, error: notYet(id) });
    this.#current = this.#join(this.#entries, open);
  }

  find(id: ProviderId) {
    return this.#current.find(id);
  }

  findNaming(id: ProviderId) {
    return this.#current.findNaming(id);
  }

  configured() {
    return this.#current.configured();
  }

  known() {
    const waiting = [...this.#waiting].map(([id, { entry }]) => ({
      id: providerIdSchema.parse(id),
      displayName: entry.display_name ?? id,
      configured: true,
      defaultScope: entry.scopes ?? [],
      source: entry.source ?? 'authorization_code',
    }));
    return [...this.#current.known(), ...waiting];
  }

  whyUnavailable(id: ProviderId) {
    return this.#waiting.get(id)?.error;
  }

  async start(): Promise<void> {
    const { patienceMs = 5_000, firstRetryMs = 5_000 } = this.#room;
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, patienceMs);
    });
    const asked = Promise.all([...this.#waiting.keys()].map((id) => this.#ask(id, firstRetryMs)));
    await Promise.race([asked, patience]);
    clearTimeout(timer);
  }

  stop(): void {
    this.#stopped = true;
    for (const timer of this.#timers) clearTimeout(timer);
  }

  #join(entries: Entries, open?: ReadonlyMap<string, ProviderEntry>): ProviderRegistry {
    const { allowInsecureLoopback } = this.#room;
    return createRegistry(entries, { allowInsecureLoopback, ...(open !== undefined && { open }) });
  }

  /** Never rejects: a fault is kept for callers who want the provider, logged, and tried again. */
  async #ask(id: string, retryMs: number): Promise<void> {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined || this.#stopped) return;
    try {
      const metadata = await fetchIssuerMetadata(this.#room.http, waiting.entry.issuer ?? '');
      this.#add(id, withMetadata(id, waiting.entry, metadata));
    } catch (error) {
      waiting.error = reasonOf(id, error, retryMs);
      this.#room.log.warn(
        { provider: id, code: waiting.error.code, problem: waiting.error.message },
        'an issuer could not be used',
      );
      this.#later(id, retryMs);
    }
  }

  #add(id: string, entry: ProviderEntry): void {
    const entries = { ...this.#entries, [id]: entry };
    this.#current = this.#join(entries);
    this.#entries[id] = entry;
    this.#waiting.delete(id);
  }

  #later(id: string, retryMs: number): void {
    if (this.#stopped) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      void this.#ask(id, Math.min(retryMs * 2, longestRetryMs));
    }, retryMs);
    timer.unref();
    this.#timers.add(timer);
  }
}

function notYet(provider: string, retryAfterMs = 5_000): ProviderUnavailable {
  return new ProviderUnavailable(`${provider}: its issuer has not answered yet.`, {
    provider,
    reached: 'no',
    retryAfterMs,
  });
}

/** An unusable answer of the issuer is for the operator to mend; an outage passes. */
function reasonOf(provider: string, error: unknown, retryMs: number): OAuthManagerError {
  const isFault = error instanceof DiscoveryFailed || error instanceof ConfigurationError;
  if (isFault) return new ProviderError(`${provider}: ${error.message}`, { provider, misconfigured: true });
  return notYet(provider, retryMs);
}
