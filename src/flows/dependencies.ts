/** What every journey needs: bound once by the manager, passed as the first argument. */

import type { ProofMode } from '../core/connection.js';
import type { ProviderRegistry } from '../core/provider.js';
import type { Store } from '../core/store.js';
import type { Http } from '../protocol/http.js';

/** Structured logging: fields first, allow-listed by the caller; never a secret, never a user's text. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** How this deployment wants the journeys to run. Durations are ms. */
export interface Settings {
  /** Public origin and path prefix, without a slash at the end. */
  readonly baseUrl: string;
  readonly refreshBufferMs: number;
  readonly linkTtlMs: number;
  readonly proof: ProofMode;
  /** `none` may be asked for per link only where the deployment allows it. */
  readonly allowNoProof: boolean;
  readonly proofTtlMs: number;
  readonly proofAttempts: number;
  /** Template with `{code}`. */
  readonly proofDeepLink?: string;
  readonly appVerifierUrl?: string;
  /** Exact origins to which `return_to` may lead, beside local paths. */
  readonly returnToOrigins: readonly string[];
  /** What to do when a reconnect brings another provider account, or one account comes under two users. */
  readonly accountPolicy: 'warn' | 'deny';
  /** How long one token request may take; the refresh lease outlives it. */
  readonly requestDeadlineMs: number;
}

export interface Dependencies {
  readonly store: Store;
  readonly providers: ProviderRegistry;
  readonly http: Http;
  /** Epoch ms. */
  readonly now: () => number;
  readonly log: Log;
  readonly settings: Settings;
}
