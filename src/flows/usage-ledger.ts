/** Who fetched the token of a connection, when, and what for (if said): the last fifty uses, kept apart from the record. */

import { InvalidRequest } from '../core/errors.js';
import { RecentMap } from '../core/recent-map.js';
import type { TokenUse } from '../core/views.js';
import { afterwards } from './afterwards.js';
import type { Dependencies } from './dependencies.js';
import { type ConnectionWish, findConnection } from './find-connection.js';

/** Who asks for a token, and what for. */
export type TokenUser = Omit<TokenUse, 'at'>;

/** The same caller with the same purpose is noted no more often than this. */
const noteEveryMs = 60_000;
const mostRemembered = 10_000;
const mostUses = 50;
/** Counted from the last use. */
const keepMs = 90 * 86_400_000;
/** As long as a user id, since a person may fetch a token, too. */
const longestCaller = 256;
const longestPurpose = 200;

/** The notes of one process. Reading a token neither waits for them nor fails because of them. */
export class UsageLedger {
  readonly #deps: Dependencies;
  readonly #noted = new RecentMap<string, number>(mostRemembered);
  /** Notes on one connection wait for each other, so that within this process none overwrites another. */
  readonly #writing = new Map<string, Promise<void>>();

  constructor(deps: Dependencies) {
    this.#deps = deps;
  }

  /** Never throws and never waits. */
  note(connectionId: string, user: TokenUser): void {
    const { caller, purpose } = user;
    const now = this.#deps.now();
    // Neither an id of ours nor a purpose has a line break in it, so this is one key for each.
    const key = `${connectionId}\n${caller}\n${purpose ?? ''}`;
    if (now - (this.#noted.get(key) ?? Number.NEGATIVE_INFINITY) < noteEveryMs) return;
    this.#noted.set(key, now);
    const use = { at: now, ...user };
    const before = this.#writing.get(connectionId) ?? Promise.resolve();
    const writing: Promise<void> = before
      .then(() => this.#append(connectionId, use))
      .catch(() => this.#deps.log.debug({}, 'a use was not noted'))
      .finally(() => {
        if (this.#writing.get(connectionId) === writing) this.#writing.delete(connectionId);
      });
    this.#writing.set(connectionId, writing);
  }

  /** The uses of a connection, newest first, with those that this process has noted by now. */
  async read(connectionId: string): Promise<readonly TokenUse[]> {
    await this.#writing.get(connectionId);
    return readUses(this.#deps, connectionId);
  }

  /** Resolves when everything noted so far is written. */
  async settled(): Promise<void> {
    await Promise.all(this.#writing.values());
  }

  /** If two processes note at the same moment, one note may be lost. The complete record is the audit trail. */
  async #append(connectionId: string, use: TokenUse): Promise<void> {
    const { expiring } = this.#deps.store;
    const uses = (await expiring.find('usage_ledger', connectionId))?.uses ?? [];
    await expiring.save('usage_ledger', connectionId, { uses: [...uses, use].slice(-mostUses) }, keepMs);
  }
}

/** The uses of a connection, newest first; empty when there is no such connection. */
export async function listUses(
  deps: Dependencies,
  ledger: UsageLedger,
  wish: ConnectionWish,
): Promise<readonly TokenUse[]> {
  const found = await findConnection(deps, wish);
  return found.kind === 'none' ? [] : ledger.read(found.stored.connection.connectionId);
}

/** The same by the connection's id, as far as they are written. */
export async function readUses(deps: Dependencies, connectionId: string): Promise<readonly TokenUse[]> {
  const ledger = await deps.store.expiring.find('usage_ledger', connectionId);
  return [...(ledger?.uses ?? [])].reverse();
}

/** Forgets who used a connection that is no more. Never throws: they end by themselves. */
export function forgetUses(deps: Dependencies, connectionId: string): Promise<void> {
  return afterwards(deps, 'usage_ledger', () => deps.store.expiring.remove('usage_ledger', connectionId));
}

/**
 * What a program says about itself. It is shown to the person and stands in the audit trail, so it is text and short.
 *
 * @throws {InvalidRequest} `caller` or `purpose`
 */
export function parseTokenUser(user: TokenUser): TokenUser {
  const { caller, purpose = '' } = user;
  if (caller === '' || !isText(caller, longestCaller)) throw noText('caller', longestCaller);
  if (!isText(purpose, longestPurpose)) throw noText('purpose', longestPurpose);
  return user;
}

function isText(given: unknown, most: number): boolean {
  if (typeof given !== 'string' || given.length > most) return false;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: refusing them is the purpose
  return given.isWellFormed() && !/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/.test(given);
}

function noText(field: string, most: number): InvalidRequest {
  return new InvalidRequest(field, `must be text of at most ${most} characters without control characters`);
}
