/** What every journey needs: bound once by the manager, passed as the first argument. */

import type { ActOrigin } from '../core/audit.js';
import type { ProofMode } from '../core/connection.js';
import type { ProviderId } from '../core/identifiers.js';
import type { Log } from '../core/log.js';
import type { Meter } from '../core/meter.js';
import type { ProviderRegistry } from '../core/provider.js';
import type { Scope } from '../core/scope.js';
import type { Store } from '../core/store.js';
import type { Rotation, TokenSource } from '../core/token-source.js';
import type { Tracer } from '../core/tracer.js';
import type { Http } from '../protocol/http.js';
import type { Ending } from './ending.js';
import type { McpRoom } from './mcp-room.js';

/** Where people of a chat platform sign in (proof `chat_login`). */
export interface ChatLogin {
  readonly platform: string;
  readonly provider: ProviderId;
  /** What is asked for there; absent = what the provider needs to say who somebody is. */
  readonly scope?: Scope;
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
  /** By chat platform; without any there is no proof `chat_login`. */
  readonly chatLogins?: readonly ChatLogin[];
  /** How long one token request may take; the refresh lease outlives it. */
  readonly requestDeadlineMs: number;
  /** Writes an entry for every token that is handed out in process as well; without the entry, no token. */
  readonly auditTokens?: boolean;
  /** What one process refreshes ahead per provider: so many at a time, and so many a second (0 = no limit). Absent = off. */
  readonly refreshAhead?: { readonly concurrency: number; readonly perSecond: number } | undefined;
}

/** What journeys work with: the seams to everything that has effects. */
export interface Dependencies {
  readonly store: Store;
  readonly providers: ProviderRegistry;
  readonly http: Http;
  /** Epoch ms. */
  readonly now: () => number;
  readonly log: Log;
  readonly settings: Settings;
  /** Counts and times; absent = nothing is counted. */
  readonly meter?: Meter | undefined;
  /** Shows where time goes; absent = nothing is traced. */
  readonly tracer?: Tracer | undefined;
  /** Ms of a monotonic clock; `now` unless given. */
  readonly elapsed?: () => number;
  /** The host's own token sources, by provider. */
  readonly sources?: Readonly<Record<string, TokenSource>>;
  /** Told when a fixed identity's refresh token was replaced; the new one is stored by then. */
  readonly onRotate?: (rotation: Rotation) => Promise<void> | void;
  /** For MCP servers that nobody configured; without it there are none. */
  readonly mcp?: McpRoom;
  /** When this process stops offering the store what it refuses; absent = never. */
  readonly ending?: Ending;
  /** The request that is being worked on, for the audit trail; `undefined` when there is none. */
  readonly origin?: ActOrigin | undefined;
}
