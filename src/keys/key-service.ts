/** Keys that a key service wraps: the configuration holds only wrapped keys, and the clear ones exist only in memory. */

import { setTimeout as sleep } from 'node:timers/promises';
import { ConfigurationError, KeyUnavailable } from '../core/errors.js';

/** A service that holds the key which wraps ours (envelope encryption). */
export interface KeyService {
  /** For messages, such as `Vault transit`. */
  readonly name: string;
  /**
   * Unwraps a key of 32 bytes.
   *
   * @throws {KeyServiceRefusal} it refused; asking again does not help
   * @throws {KeyServiceOutage} it did not answer, or answered that it cannot at present
   */
  unwrap(wrapped: string): Promise<Buffer>;
  /** 32 new random bytes, wrapped by the service; this process sees them only once they are unwrapped. */
  generate(): Promise<string>;
}

/** The key service said no: wrong credentials, wrong key, a wrapped key that is not its own. */
export class KeyServiceRefusal extends Error {}

/** The key service could not be reached, or cannot answer at present. */
export class KeyServiceOutage extends Error {}

/** The outage lasted longer than a start waits. The configuration is not at fault, so the next start may succeed. */
export class KeyServiceAway extends KeyUnavailable {}

/** How long to wait out an outage. Durations are ms. */
export interface Patience {
  readonly forMs: number;
  readonly betweenMs: number;
  /** Called each time that the service could not answer. */
  readonly onOutage?: (message: string) => void;
}

/** Longer than a restart of the service takes, shorter than an orchestrator waits for ours. */
export const usualPatience: Patience = { forMs: 30_000, betweenMs: 1_000 };

/**
 * Turns `kid:wrapped[,kid:…]` into `kid:base64(32 bytes)[,kid:…]`, the form that a keyring is read from.
 *
 * Keys are unwrapped once, at the start: a later outage of the key service does no harm.
 *
 * @throws {ConfigurationError} the service refuses a key, or a key does not have 32 bytes
 * @throws {KeyServiceAway} the service could not be reached for as long as `patience` says
 */
export async function unwrapKeys(entries: string, service: KeyService, patience = usualPatience): Promise<string> {
  const giveUpAt = performance.now() + patience.forMs;
  const opened: string[] = [];
  for (const entry of entries.split(',')) {
    const colon = entry.indexOf(':');
    const id = entry.slice(0, colon).trim();
    const bytes = await unwrapOne({ id, wrapped: entry.slice(colon + 1).trim() }, service, { ...patience, giveUpAt });
    opened.push(`${id}:${bytes.toString('base64')}`);
    bytes.fill(0);
  }
  return opened.join(',');
}

async function unwrapOne(
  { id, wrapped }: { readonly id: string; readonly wrapped: string },
  service: KeyService,
  { betweenMs, giveUpAt, onOutage }: Patience & { readonly giveUpAt: number },
): Promise<Buffer> {
  for (;;) {
    try {
      const bytes = await service.unwrap(wrapped);
      if (bytes.length === 32) return bytes;
      throw refused(id, `${service.name} holds something else than 32 bytes under it`);
    } catch (error) {
      if (error instanceof KeyServiceRefusal) throw refused(id, error.message);
      if (!(error instanceof KeyServiceOutage)) throw error;
      onOutage?.(error.message);
      if (performance.now() + betweenMs > giveUpAt) throw new KeyServiceAway(id, `${error.message}.`);
    }
    await sleep(betweenMs);
  }
}

function refused(id: string, problem: string): ConfigurationError {
  return new ConfigurationError([{ name: 'ENCRYPTION_KEYS', problem: `key "${id}": ${problem}` }]);
}
