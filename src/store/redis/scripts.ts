/** The Lua scripts: read from their files once, called by digest, and sent in full if Redis does not know them. */

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Cluster } from 'ioredis';
import type { RedisClient } from './client.js';
import { isUnknownScript } from './failures.js';
import type { Argument } from './flat-command.js';
import { type Ask, sendCommand } from './link.js';

/** A script bound to its text. In a Cluster all keys must share a hash tag. */
export interface Script {
  (keys: readonly string[], ...args: readonly Argument[]): Ask;
  /** The script and one more command, together on one connection; answers both replies, the second may be an error. */
  followed(
    client: RedisClient,
    keys: readonly string[],
    args: readonly Argument[],
    after: readonly [string, ...Argument[]],
  ): Promise<readonly [reply: unknown, after: unknown]>;
}

/** Reads `{name}.lua` beside this file, after the files with the functions that it calls. */
export function loadScript(name: string, ...before: readonly string[]): Script {
  const text = [...before, name]
    .map((part) => readFileSync(new URL(`./${part}.lua`, import.meta.url), 'utf8'))
    .join('');
  const digest = createHash('sha1').update(text).digest('hex');
  const call =
    (keys: readonly string[], ...args: readonly Argument[]): Ask =>
    (client) =>
      inFullIfUnknown((way) =>
        sendCommand(client, way, [way === 'EVAL' ? text : digest, keys.length, ...keys, ...args]),
      );
  return Object.assign(call, {
    followed: (client: RedisClient, keys: readonly string[], args: readonly Argument[], after: readonly Argument[]) =>
      inFullIfUnknown((way) => {
        const first = [
          way === 'EVAL' ? 'evalBuffer' : 'evalshaBuffer',
          way === 'EVAL' ? text : digest,
          keys.length,
          ...keys,
          ...args,
        ];
        return sendTogether(client, [first, [...after]]);
      }),
  });
}

/** A restarted server and a new master know no scripts. NOSCRIPT means that nothing was done. */
async function inFullIfUnknown<T>(send: (way: 'EVALSHA' | 'EVAL') => Promise<T>): Promise<T> {
  try {
    return await send('EVALSHA');
  } catch (error) {
    if (!isUnknownScript(error)) throw error;
    return send('EVAL');
  }
}

/** A pipeline is sent in one piece: with a reconnect in between, the second command would be about another connection. */
async function sendTogether(
  client: RedisClient,
  commands: Argument[][],
): Promise<readonly [reply: unknown, after: unknown]> {
  const replies = await client.pipeline(commands).exec();
  const [[error, reply] = [new Error('Connection is closed.')], [afterError, after] = [null]] = replies ?? [];
  if (error) {
    // A writing pipeline does not follow a slot that has moved, so the next attempt must know the way.
    if (client instanceof Cluster && error.message.startsWith('MOVED')) client.refreshSlotsCache();
    throw error;
  }
  return [reply, afterError ?? after];
}
