/** The store: an engine that keeps bytes, under a keyring that seals them. */

import { StoreUnavailable } from '../core/errors.js';
import { ownerKeyOf } from '../core/identifiers.js';
import type { Spool } from '../core/spool.js';
import type { CodeDigests, Store } from '../core/store.js';
import type { StorageEngine } from './engine.js';
import { checkKeys, registerKeys } from './key-registry.js';
import { refuseMigrating } from './migration-mark.js';
import { sealedAudit } from './sealed-audit.js';
import { sealedConnections } from './sealed-connections.js';
import { sealedDocuments } from './sealed-documents.js';
import { sealedDue } from './sealed-due.js';
import { sealedEvents } from './sealed-events.js';
import { counters, leases, sealedExpiring } from './sealed-expiring.js';
import type { Keyring } from './sealing.js';

/** Settings beside engine and keys. */
export interface StoreOptions {
  readonly now?: () => number;
  readonly auditKeepMs?: number;
  readonly spool?: Spool | undefined;
  /** How many opened connections are kept for reuse while their sealed bytes are unchanged; 0 = none. */
  readonly keepOpened?: number;
  /** Nothing will be written: the active key is not registered. */
  readonly isToRead?: boolean;
  /** Called when nothing was ever written to the store, or the store was emptied. */
  readonly onEmpty?: () => void;
}

async function holdKeys(engine: StorageEngine, keyring: Keyring, { isToRead, onEmpty }: StoreOptions): Promise<void> {
  if (isToRead) await checkKeys(engine, keyring);
  else if ((await registerKeys(engine, keyring)) === 'new') onEmpty?.();
}

/** Up to twice as many, while one generation of them replaces the other. */
const usualKeepOpened = 16_384;

/**
 * Joins an engine and a keyring. Does nothing yet; its `check` also compares the keyring with the registered keys, as {@link
 * openSealedStore} does before anything is read or written.
 *
 * @param options `now` (epoch ms) is used for the generations of grants; `auditKeepMs` is how long the audit trail is kept;
 * `spool` keeps what the engine does not accept
 */
export function createStore(engine: StorageEngine, keyring: Keyring, options: StoreOptions = {}): Store {
  const { now = Date.now, auditKeepMs = 90 * 86_400_000, spool, keepOpened = usualKeepOpened } = options;
  return {
    connections: sealedConnections(engine, keyring, { now, keepOpened }),
    expiring: sealedExpiring(engine, keyring),
    counters: counters(engine),
    leases: leases(engine),
    due: sealedDue(engine, keyring),
    events: sealedEvents(engine, keyring),
    audit: sealedAudit(engine, keyring, auditKeepMs),
    codes: codeDigests(keyring),
    documents: sealedDocuments(engine, keyring),
    ...(spool && { spool }),
    now: () => engine.now(),
    async check() {
      await holdKeys(engine, keyring, options);
      return { kind: engine.kind, ...(await engine.check()) };
    },
    figures: () => engine.figures?.() ?? { commitsUnacknowledged: 0, commitsRestored: 0 },
    close: () => engine.close(),
  };
}

/**
 * Joins an engine and a keyring, and refuses a keyring that the store was not written with. A store that does not answer yet
 * is no error; its `check` then throws until the keyring could be compared.
 *
 * @throws {KeyUnavailable} the store holds records under a key that is not in the keyring
 * @throws {ConfigurationError} a key id means another key here than in the store, or as {@link refuseMigrating}
 */
export async function openSealedStore(
  engine: StorageEngine,
  keyring: Keyring,
  options: StoreOptions = {},
): Promise<Store> {
  await refuseForeignKeys(engine, keyring, options);
  return createStore(engine, keyring, options);
}

/** Closes an engine whose records are not of this keyring. @throws as {@link openSealedStore} */
export async function refuseForeignKeys(
  engine: StorageEngine,
  keyring: Keyring,
  options: StoreOptions = {},
): Promise<void> {
  try {
    await refuseMigrating(engine);
    await holdKeys(engine, keyring, options);
  } catch (error) {
    if (error instanceof StoreUnavailable) return;
    await engine.close();
    throw error;
  }
}

/** Return codes are short, so a plain hash could be found by trying them all; the pepper prevents that without a key. */
function codeDigests(keyring: Keyring): CodeDigests {
  const label = 'return code';
  return {
    digest: (owner, code) => keyring.mac(label, `${ownerKeyOf(owner)}\n${code}`).toString('base64url'),
    matches: (owner, code, digest) =>
      keyring.macMatches(label, `${ownerKeyOf(owner)}\n${code}`, Buffer.from(digest, 'base64url')),
  };
}
