/** Per provider: whether it makes sense to send it anything now. An outage costs one probe, not one call per user. */

import { ProviderError, ProviderUnavailable } from '../core/errors.js';
import { isProviderId, type ProviderId } from '../core/identifiers.js';
import { isDiscoveredId } from '../core/mcp-server.js';
import { neverBack } from './never-back.js';

/** Why a circuit is open. */
export type CircuitCause = 'unavailable' | 'misconfigured';

interface Circuit {
  failures: number;
  cause: CircuitCause;
  /** Epoch ms; before it nothing is sent. */
  openUntil: number;
  /** Epoch ms until which somebody is trying whether the provider is back; 0 = nobody. */
  probeUntil: number;
}

/** Single failures are noise; so many in a row are an outage. */
const failuresToOpen = 5;
const firstPauseMs = 1_000;
const longestPauseMs = 60_000;
/** This many circuits are kept in any case. Each time that their number has doubled, unused ones are dropped. */
const alwaysKept = 1_000;
/** A circuit that was not open or probed for this long, ms, is unused. */
const idleMs = 3_600_000;
/** A probe that nobody has reported on by then, far beyond a request's deadline, counts for nothing. */
const probeMs = 60_000;

/**
 * The circuits of one process, by provider. Nothing about them is stored: every process finds out for itself.
 *
 * Where every customer has a host of its own (`Provider.place`), each place has a circuit as well: a shop that is closed,
 * or was asked too often, holds back requests to itself only. An outage, or an error code about our client, holds back
 * requests to all of them.
 */
export class ProviderCircuits {
  readonly #circuits = new Map<string, Circuit>();
  /** Errors that {@link check} has thrown: when they come back to {@link failed}, they say nothing new about the provider. */
  readonly #refusals = new WeakSet<object>();
  readonly #now: () => number;
  #roomFor = alwaysKept;

  constructor(now: () => number) {
    this.#now = neverBack(now);
  }

  /**
   * Throws when nothing may be sent now; costs and changes nothing.
   *
   * @throws {ProviderUnavailable} during an outage, with what is left of the pause
   * @throws {ProviderError} while the provider refuses our configuration
   */
  check(provider: ProviderId, place?: string): void {
    for (const key of keysOf(provider, place)) this.#checkOne(key, provider);
  }

  #checkOne(key: string, provider: ProviderId): void {
    const circuit = this.#circuits.get(key);
    if (circuit === undefined || circuit.openUntil === 0) return;
    const remaining = circuit.openUntil - this.#now();
    if (remaining <= 0 && this.#now() >= circuit.probeUntil) return;
    const refusal = refusalOf(provider, circuit.cause, remaining);
    this.#refusals.add(refusal);
    throw refusal;
  }

  /**
   * Asks to send one request; of an open circuit whose pause is over exactly one caller gets through, as its probe.
   * Must be followed by {@link succeeded} or {@link failed}. Throws as {@link check} does.
   */
  enter(provider: ProviderId, place?: string): void {
    this.check(provider, place);
    for (const key of keysOf(provider, place)) {
      const circuit = this.#circuits.get(key);
      if (circuit !== undefined && circuit.openUntil > 0) circuit.probeUntil = this.#now() + probeMs;
    }
  }

  /** The provider answered as it should, a refusal of one grant included. */
  succeeded(provider: ProviderId, place?: string): void {
    for (const key of keysOf(provider, place)) this.#circuits.delete(key);
  }

  /** The provider did not answer, or refused us. Other errors say nothing about it. */
  failed(provider: ProviderId, error: unknown, place?: string): void {
    if (error instanceof Error && this.#refusals.has(error)) return;
    const cause = causeOf(error);
    if (cause === undefined) {
      this.succeeded(provider, place);
      return;
    }
    const [all, own = all] = keysOf(provider, place);
    const [key, other] = isOfPlace(error) ? [own, all] : [all, own];
    if (other !== key) this.#circuits.delete(other);
    if (this.#circuits.size >= this.#roomFor) this.#forgetIdle();
    const circuit = this.#circuits.get(key) ?? { failures: 0, cause, openUntil: 0, probeUntil: 0 };
    const wasOpen = circuit.openUntil > 0;
    // Requests that were under way when the circuit opened are not further failures in a row.
    if (!wasOpen || circuit.probeUntil > 0) circuit.failures += 1;
    circuit.cause = cause;
    circuit.probeUntil = 0;
    const asked = error instanceof ProviderUnavailable ? error.retryAfterMs : undefined;
    if (wasOpen || asked !== undefined || cause === 'misconfigured' || circuit.failures >= failuresToOpen) {
      circuit.openUntil = Math.max(circuit.openUntil, this.#now() + (asked ?? pauseAfter(circuit.failures)));
    }
    this.#circuits.set(key, circuit);
  }

  /** Only those of hosts and discovered servers: configured providers stay. */
  #forgetIdle(): void {
    const since = this.#now() - idleMs;
    for (const [key, { openUntil, probeUntil }] of this.#circuits) {
      const isConfigured = isProviderId(key) && !isDiscoveredId(key);
      if (!isConfigured && Math.max(openUntil, probeUntil) < since) this.#circuits.delete(key);
    }
    this.#roomFor = Math.max(alwaysKept, 2 * this.#circuits.size);
  }

  /** The open circuits of whole providers, for metrics. */
  open(): ReadonlyMap<ProviderId, CircuitCause> {
    const open = [...this.#circuits].filter(([, circuit]) => circuit.openUntil > 0);
    return new Map(open.flatMap(([key, circuit]) => (isProviderId(key) ? [[key, circuit.cause]] : [])));
  }
}

/** The provider's key, and that of the place. No provider id has a line break. */
function keysOf(provider: ProviderId, place: string | undefined): readonly [all: string, ...own: string[]] {
  return place === undefined ? [provider] : [provider, `${provider}\n${place}`];
}

/** Whether an error is about one customer's host: an answer below 500, without an error code about our client. */
function isOfPlace(error: unknown): boolean {
  const isAnswer = error instanceof ProviderUnavailable || (error instanceof ProviderError && !error.oauthError);
  return isAnswer && error.status !== undefined && error.status < 500;
}

function refusalOf(
  provider: ProviderId,
  cause: CircuitCause,
  remainingMs: number,
): ProviderError | ProviderUnavailable {
  if (cause === 'misconfigured') {
    return new ProviderError(`${provider} refuses our client configuration.`, { provider, misconfigured: true });
  }
  return new ProviderUnavailable(`${provider} is not answering; waiting before the next try.`, {
    provider,
    reached: 'no',
    retryAfterMs: Math.max(remainingMs, 1_000),
  });
}

function causeOf(error: unknown): CircuitCause | undefined {
  if (error instanceof ProviderUnavailable) return 'unavailable';
  return error instanceof ProviderError && error.code === 'provider_misconfigured' ? 'misconfigured' : undefined;
}

/** Doubles from one second to one minute, with jitter so that replicas do not probe together. */
function pauseAfter(failures: number): number {
  const pause = Math.min(longestPauseMs, firstPauseMs * 2 ** Math.max(0, failures - failuresToOpen));
  return pause * (0.75 + Math.random() / 2);
}
