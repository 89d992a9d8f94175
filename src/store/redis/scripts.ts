/** The Lua scripts: read from their files once, called by digest, sent in full when Redis does not know them. */

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isUnknownScript } from './failures.js';
import type { Argument, Ask } from './link.js';

/** A script bound to its text. On a Cluster all keys must share a hash tag. */
export type Script = (keys: readonly string[], ...args: readonly Argument[]) => Ask;

/** Reads `{name}.lua` beside this file. */
export function loadScript(name: string): Script {
  const text = readFileSync(new URL(`./${name}.lua`, import.meta.url), 'utf8');
  const digest = createHash('sha1').update(text).digest('hex');
  return (keys, ...args) =>
    async (client) => {
      const rest = [keys.length, ...keys, ...args];
      try {
        return await client.callBuffer('EVALSHA', [digest, ...rest]);
      } catch (error) {
        // A restarted server and a new master know no scripts. NOSCRIPT says that nothing was done.
        if (!isUnknownScript(error)) throw error;
        return client.callBuffer('EVAL', [text, ...rest]);
      }
    };
}
