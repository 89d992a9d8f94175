/** Tokens that can be fetched again at any time: kept in memory until shortly before their end, one request at a time each. */

import { LRUCache } from 'lru-cache';
import type { Scope } from '../../core/scope.js';
import type { Secret } from '../../core/secret.js';
import { isRejected } from '../rejected-token.js';

/** A token as it was fetched. */
export interface FreshToken {
  readonly accessToken: Secret;
  readonly tokenType: string;
  /** Epoch ms; only passed on to the caller. */
  readonly expiresAt?: number;
  /** Ms from the moment it was asked for; absent = does not expire. Decides how long it is kept. */
  readonly lifetimeMs?: number;
  readonly scope: Scope;
}

/** What a caller wants of a kept token. */
export interface KeptWish {
  readonly minTtlMs?: number;
  readonly rejectedTokenSha256?: string;
}

interface Kept {
  readonly token: FreshToken;
  /** On the monotonic clock, ms. */
  readonly askedAt: number;
}

/** Bounded, least recently used out first. Keys must not be secret. */
export class KeptTokens {
  readonly #kept: LRUCache<string, Kept>;
  readonly #flights = new Map<string, Promise<FreshToken>>();
  readonly #bufferMs: number;
  readonly #elapsed: () => number;

  /** @param settings a token is renewed `bufferMs` before its end; `elapsed` gives ms on a monotonic clock */
  constructor(settings: { size: number; bufferMs: number; elapsed: () => number }) {
    this.#kept = new LRUCache({ max: settings.size });
    this.#bufferMs = settings.bufferMs;
    this.#elapsed = settings.elapsed;
  }

  /** The kept token, or else the one that `ask` fetches. If that fails, a kept token that has not expired yet. */
  async get(key: string, wish: KeptWish, ask: () => Promise<FreshToken>): Promise<FreshToken> {
    const kept = this.#kept.get(key);
    const usable = kept !== undefined && !isRejected(kept.token.accessToken, wish.rejectedTokenSha256);
    if (usable && this.#isFresh(kept, wish)) return kept.token;
    const flight = this.#flights.get(key) ?? this.#fly(key, ask);
    try {
      return await flight;
    } catch (error) {
      if (usable && this.#leftOf(kept) > 0) return kept.token;
      throw error;
    }
  }

  /** The keys of the kept tokens, least recently used last. */
  keys(): readonly string[] {
    return [...this.#kept.keys()];
  }

  #fly(key: string, ask: () => Promise<FreshToken>): Promise<FreshToken> {
    const askedAt = this.#elapsed();
    const flight = ask()
      .then((token) => {
        if ((token.lifetimeMs ?? 1) > 0) this.#kept.set(key, { token, askedAt });
        return token;
      })
      .finally(() => this.#flights.delete(key));
    this.#flights.set(key, flight);
    return flight;
  }

  #leftOf({ token, askedAt }: Kept): number {
    return (token.lifetimeMs ?? Number.POSITIVE_INFINITY) - (this.#elapsed() - askedAt);
  }

  /** Buffer and wish are both capped at half of the lifetime, so that a short-lived token can be used at all. */
  #isFresh(kept: Kept, { minTtlMs = 0 }: KeptWish): boolean {
    const half = (kept.token.lifetimeMs ?? Number.POSITIVE_INFINITY) / 2;
    const left = this.#leftOf(kept);
    return left > Math.min(this.#bufferMs, half) && left >= Math.min(minTtlMs, half);
  }
}
