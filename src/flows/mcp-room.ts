/** What the journeys to MCP servers need beyond all others: the guarded way out, the operator's rules, short memories. */

import { LRUCache } from 'lru-cache';
import type { McpPolicy } from '../core/mcp-policy.js';
import type { Provider } from '../core/provider.js';
import type { TokenSet } from '../core/token-set.js';
import type { GuardedHttp } from '../protocol/guarded-http.js';

/** Bound once, by whoever opens the manager. */
export interface McpRoom {
  /** For every URL that a server or its metadata named. */
  readonly guarded: GuardedHttp;
  readonly policy: McpPolicy;
  readonly allowInsecureLoopback: boolean;
  /** Discovered providers by id, as the store has them; other replicas may have written newer ones. */
  readonly providers: LRUCache<string, Provider>;
  /** Discoveries on their way, by server: callers share one. */
  readonly flights: Map<string, Promise<Provider>>;
  /** Registrations that did not work, by registration key: not tried again before `until`, epoch ms. */
  readonly failedRegistrations: LRUCache<string, { readonly error: unknown; readonly until: number }>;
  /** Tokens of our own (client credentials), by provider. */
  readonly appTokens: LRUCache<string, TokenSet>;
}

/** How long a replica may not notice what another one wrote. */
const memoryMs = 30_000;
const mostRemembered = 2_000;

/** Puts the room together. */
export function createMcpRoom(parts: Pick<McpRoom, 'guarded' | 'policy' | 'allowInsecureLoopback'>): McpRoom {
  return {
    ...parts,
    providers: new LRUCache({ max: mostRemembered, ttl: memoryMs }),
    flights: new Map(),
    failedRegistrations: new LRUCache({ max: mostRemembered }),
    appTokens: new LRUCache({ max: mostRemembered }),
  };
}
