/**
 * Reads that need not be repeated: on a connection of its own, Redis tells of every write to what was read there (`CLIENT
 * TRACKING`), and a `PING` on it stands for reading the same again.
 *
 * Redis puts the message about a write into that connection before it answers the writer. So whoever asks after a write was
 * acknowledged gets the message before the answer to the `PING`, and knows as much as if the record had been read. Nothing
 * depends on the message alone: if the connection ends or is silent, every record is read. 64 callers get 1.5 times as many
 * answers as with plain `GET`s, and 1.05 times as many if each record is read.
 */

import type { Redis } from 'ioredis';
import type { Sight } from '../engine.js';
import { gathering } from '../gathering.js';
import { within } from './deadlines.js';
import { hearInvalidations } from './invalidations.js';
import { type Ask, command, type RedisLink } from './link.js';
import { Sights } from './sights.js';

/** How long the proof stays if the process ends meanwhile, ms; the link has answered long before. */
const proofMs = 10_000;

/** What a watch needs. */
export interface Watching {
  /** For what the watch cannot answer. */
  readonly link: RedisLink;
  /** The client of the link. */
  readonly client: Redis;
  /** Opens a connection to the same master, in RESP3. */
  readonly connect: () => Redis;
  /** A key that nobody else uses. */
  readonly proofKey: string;
  /** How long the connection may be silent, ms. Then the link is asked, and its answer must come in time, too. */
  readonly patienceMs: number;
  /** Until it is tried again, ms, after the connection was lost, or Redis has refused to tell or told nothing. */
  readonly pauseMs: number;
}

/** The connection, from the first read for which it is worth while. */
export class WriteWatch {
  readonly #watching: Watching;
  readonly #sights = new Sights();
  #client: Redis | undefined;
  #tells = false;
  #notBefore = 0;

  constructor(watching: Watching) {
    this.#watching = watching;
    // The link may lead to another master from now on.
    watching.client.on('close', () => this.#drop());
  }

  /** Answers whether sights are still current, any number with one `PING`. Never fails: if in doubt, they are not. */
  readonly confirm = gathering(async (sights: readonly Sight[]) => {
    await this.#ask(command('PING'));
    return sights.map(({ isCurrent }) => isCurrent);
  }, Number.POSITIVE_INFINITY);

  /** The sight of what is about to be read with {@link read}; none while Redis does not tell of writes. */
  sightOf(key: string): Sight | undefined {
    if (this.#tells) return this.#sights.of(key);
    if (this.#client === undefined && performance.now() >= this.#notBefore) this.#begin();
    return undefined;
  }

  /** Reads so that Redis will tell of writes to the same keys. @throws {StoreUnavailable} */
  async read(ask: Ask): Promise<unknown> {
    const answer = await this.#ask(ask);
    return answer === undefined ? this.#watching.link.read(ask) : answer;
  }

  close(): void {
    this.#notBefore = Number.POSITIVE_INFINITY;
    this.#drop();
  }

  /** `undefined` if there was no answer; no sight is current then. */
  async #ask(ask: Ask): Promise<unknown> {
    const client = this.#tells ? this.#client : undefined;
    if (client === undefined) return undefined;
    try {
      return await within(performance.now() + this.#watching.patienceMs, ask(client));
    } catch {
      this.#drop(client);
      return undefined;
    }
  }

  #begin(): void {
    const client = this.#watching.connect();
    this.#client = client;
    const note = { written: (_keys: readonly string[]) => {} };
    client.on('connect', () =>
      client.stream.on(
        'data',
        hearInvalidations((keys) => note.written(keys)),
      ),
    );
    client.on('ready', () => {
      this.#prove(client, note).then(
        () => {
          note.written = (keys) => this.#note(keys);
          if (client === this.#client) this.#tells = true;
        },
        () => this.#drop(client),
      );
    });
    // Somebody must listen for errors; `close` follows.
    client.on('error', () => undefined).on('close', () => this.#drop(client));
  }

  /**
   * Redis may accept the command and tell nothing: in RESP2, or behind a proxy. A failover may have led this connection to
   * another server than the link's. A replica tells of writes too late, and Redis tells of those in other databases, too:
   * ioredis stays in database 0 if it may not SELECT.
   *
   * @throws if Redis does not tell of a write to the proof, or this is not the link's database on its master
   */
  async #prove(client: Redis, note: { written: (keys: readonly string[]) => void }): Promise<void> {
    const { link, proofKey, patienceMs } = this.#watching;
    const told = new Promise<void>((resolve) => {
      note.written = (keys) => keys.includes(proofKey) && resolve();
    });
    await command('CLIENT', 'TRACKING', 'ON')(client);
    // A replica refuses it.
    await command('SET', proofKey, '', 'PX', proofMs)(client);
    await command('GET', proofKey)(client);
    if ((await link.write(command('DEL', proofKey))) !== 1) throw new Error('the proof is elsewhere');
    await within(performance.now() + patienceMs, told);
  }

  #note(keys: readonly string[]): void {
    if (keys.length === 0) this.#sights.endAll();
    for (const key of keys) this.#sights.end(key);
  }

  #drop(client = this.#client): void {
    // Once is enough: ioredis begins a timer each time, and many questions may fail together.
    if (client !== this.#client) return;
    client?.disconnect();
    this.#client = undefined;
    this.#tells = false;
    this.#sights.endAll();
    this.#notBefore = Math.max(this.#notBefore, performance.now() + this.#watching.pauseMs);
  }
}
