/** Fields that are asked for at the same time are read from Redis by one command. */

import type { Versioned } from '../engine.js';
import { together } from '../gathering.js';
import { command, type RedisLink } from './link.js';
import { parseBuffer, parseList } from './replies.js';
import { findField } from './stored-fields.js';

/** Reads a field of the owner whose fields lie under the key; answers `known` itself when that is what stands there. */
export type ReadField = (key: string, field: string, known?: Versioned) => Promise<Versioned | undefined>;

/** One command for each read: on a Cluster the keys of a command must be of one slot. */
export function readsOneByOne(link: RedisLink): ReadField {
  return async (key, field, known) => fieldIn(await link.read(command('GET', key)), field, known);
}

/**
 * One MGET for all reads of one turn of the event loop. Every read is still asked of Redis, after its caller asked.
 * What ioredis and the socket do per command is most of the cost of a read: 64 callers get three times as many answers
 * as with a GET for each. What does not fit its form is that caller's fault alone.
 */
export function readsTogether(link: RedisLink): ReadField {
  const read = together(async (keys: readonly string[]) => parseList(await link.read(command('MGET', ...keys))));
  return async (key, field, known) => fieldIn(await read(key), field, known);
}

function fieldIn(reply: unknown, field: string, known: Versioned | undefined): Versioned | undefined {
  const stored = parseBuffer(reply);
  return stored && findField(stored, field, known);
}
