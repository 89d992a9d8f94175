/** Small lasting documents: one hash per collection. */

import type { Documents } from '../engine.js';
import type { RedisKeys } from './keys.js';
import { command, type RedisLink } from './link.js';
import { parseBuffer, parseNumber, parsePairs } from './replies.js';
import { loadScript } from './scripts.js';

const exchangeScript = loadScript('exchange-document');

/** Binds the part to a link and a prefix. */
export function createDocuments(link: RedisLink, keys: RedisKeys): Documents {
  return {
    putDocument: async (collection, id, bytes) => {
      await link.write(command('HSET', keys.documents(collection), id, bytes));
    },
    createDocument: async (collection, id, bytes) =>
      parseNumber(await link.write(command('HSETNX', keys.documents(collection), id, bytes))) === 1,
    exchangeDocument: async (collection, id, { known, next }) =>
      parseNumber(await link.write(exchangeScript([keys.documents(collection)], id, known, next))) === 1,
    getDocument: async (collection, id) =>
      parseBuffer(await link.read(command('HGET', keys.documents(collection), id))),
    listDocuments: async (collection) =>
      new Map(parsePairs(await link.read(command('HGETALL', keys.documents(collection))))),
    removeDocument: async (collection, id) =>
      parseNumber(await link.write(command('HDEL', keys.documents(collection), id))) === 1,
  };
}
