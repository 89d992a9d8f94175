/** Names of all that is kept: SCAN, master by master. */

import { StoreUnavailable } from '../../core/errors.js';
import type { Walks } from '../engine.js';
import { mastersOf } from './client.js';
import type { RedisKeys } from './keys.js';
import type { Ask, RedisLink } from './link.js';
import { parseList, parseText } from './replies.js';

/** Keys that one SCAN looks at; Redis does nothing else meanwhile. */
const keysPerScan = 250;

/** Which server a SCAN goes on at, and where. SCAN's own cursor means nothing to any other server. */
interface Position {
  readonly runId: string;
  readonly cursor: string;
}

/** Binds the part to a link and a prefix. */
export function createWalks(link: RedisLink, keys: RedisKeys): Walks {
  return {
    walk: async (what, cursor) => {
      const [start, end] = keys.around(what);
      const reply = await link.read(scan(`${start}*${end}`, cursor === undefined ? undefined : parsePosition(cursor)));
      const [position, found] = parseList(reply);
      if (found === undefined) throw beginAnew();
      const names = parseList(found).map((key) => parseText(key).slice(start.length, -end.length || undefined));
      return position === null ? { names } : { names, next: parseText(position) };
    },
  };
}

/** Answers the next position (null at the end) and the keys; nothing at all when the position's server is no master now. */
function scan(pattern: string, from: Position | undefined): Ask {
  return async (client) => {
    // Their ids tell the masters apart also after a failover: an address may then lead to another one.
    const masters = await Promise.all(
      mastersOf(client).map(async (node) => ({ node, runId: parseRunId(await node.callBuffer('INFO', ['server'])) })),
    );
    masters.sort((a, b) => (a.runId < b.runId ? -1 : 1));
    const index = from ? masters.findIndex(({ runId }) => runId === from.runId) : 0;
    const master = masters[index];
    if (master === undefined) return [];
    const options = ['MATCH', pattern, 'COUNT', keysPerScan];
    const [cursor, found] = parseList(await master.node.callBuffer('SCAN', [from?.cursor ?? '0', ...options]));
    if (parseText(cursor) !== '0') return [`${master.runId}/${parseText(cursor)}`, found];
    const following = masters[index + 1];
    return [following ? `${following.runId}/0` : null, found];
  };
}

function parsePosition(cursor: string): Position {
  const slash = cursor.indexOf('/');
  return { runId: cursor.slice(0, slash), cursor: cursor.slice(slash + 1) };
}

function parseRunId(reply: unknown): string {
  return /^run_id:(\w+)/m.exec(parseText(reply))?.[1] ?? '';
}

function beginAnew(): StoreUnavailable {
  return new StoreUnavailable(
    'The masters of the store changed during a walk over it; the walk has to begin anew.',
    'no',
  );
}
