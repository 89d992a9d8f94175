/** SCAN over a whole store, master by master: at the end, every key that was there all the while has been met. */

import { createHash } from 'node:crypto';
import { Cluster, type Redis } from 'ioredis';
import { StoreUnavailable } from '../../core/errors.js';
import { mastersOf, type RedisClient } from './client.js';
import type { Argument } from './flat-command.js';
import type { Ask, RedisLink } from './link.js';
import { parseList, parseText } from './replies.js';

/** Slots of a Cluster. */
const slotCount = 16_384;

/** The master to continue at, and SCAN's cursor there, which means nothing to any other server. */
interface Position {
  /** Of the layout when the scan began. */
  readonly digest: string;
  readonly index: number;
  readonly cursor: string;
}

/** All masters in a fixed order, and a digest that changes when one of them, or its slots, changes. */
interface Layout {
  readonly masters: readonly Redis[];
  readonly digest: string;
}

/** The next keys, and where to continue; `next` is absent at the end. */
export interface ScannedKeys {
  readonly keys: readonly string[];
  readonly next?: string;
}

/**
 * Does one step of a scan.
 *
 * @param options what follows the cursor in SCAN
 * @param from where to continue; absent at the beginning
 * @throws {StoreUnavailable} also when a master is missing or has changed, or slots are moving: keys would be missed
 */
export async function scanOn(link: RedisLink, options: readonly Argument[], from?: string): Promise<ScannedKeys> {
  const [next, keys] = parseList(await link.read(scan(options, from === undefined ? undefined : parsePosition(from))));
  const found = parseList(keys).map(parseText);
  return next === null ? { keys: found } : { keys: found, next: parseText(next) };
}

function scan(options: readonly Argument[], from: Position | undefined): Ask {
  return async (client) => {
    const { masters, digest } = await readLayout(client);
    if (from && from.digest !== digest) throw beginAnew();
    const index = from?.index ?? 0;
    const [cursor, keys] = parseList(await masters[index]?.callBuffer('SCAN', [from?.cursor ?? '0', ...options]));
    if (parseText(cursor) !== '0') return [`${digest}/${index}/${parseText(cursor)}`, keys];
    return [index + 1 < masters.length ? `${digest}/${index + 1}/0` : null, keys];
  };
}

async function readLayout(client: RedisClient): Promise<Layout> {
  const isCluster = client instanceof Cluster;
  const described = await Promise.all(
    mastersOf(client).map(async (master) => ({
      master,
      // The run id identifies a master also after a failover, when its address may lead to another one.
      runId: parseRunId(parseText(await master.callBuffer('INFO', ['server']))),
      slots: isCluster ? parseOwnSlots(parseText(await master.callBuffer('CLUSTER', ['NODES']))) : [],
    })),
  );
  // ioredis forgets a master that has lost its connection until the next refresh of slots: the rest would look complete.
  if (isCluster && countSlots(described.flatMap(({ slots }) => slots)) !== slotCount) throw notWhole();
  described.sort((a, b) => (a.runId < b.runId ? -1 : 1));
  const text = described.map(({ runId, slots }) => [runId, ...slots].join(' ')).join('\n');
  return { masters: described.map(({ master }) => master), digest: createHash('sha256').update(text).digest('hex') };
}

function parseRunId(info: string): string {
  return /^run_id:(\w+)/m.exec(info)?.[1] ?? '';
}

/** A node's own slots in CLUSTER NODES, after eight other columns: `0-5460`, `7000`, and `[93->-id]` for one that moves. */
function parseOwnSlots(table: string): readonly string[] {
  const own = table.split('\n').find((line) => /^\S+ \S+ \S*\bmyself\b/.test(line));
  return own?.trim().split(' ').slice(8) ?? [];
}

/** NaN if a slot moves: its keys go from one master to another one by one, perhaps behind the scan. */
function countSlots(ranges: readonly string[]): number {
  return ranges.reduce((sum, range) => {
    const [first, last = first] = range.split('-').map(Number);
    return sum + Number(last) - Number(first) + 1;
  }, 0);
}

function parsePosition(text: string): Position {
  const [digest = '', index, cursor = ''] = text.split('/');
  return { digest, index: Number(index), cursor };
}

function beginAnew(): StoreUnavailable {
  return new StoreUnavailable(
    'The masters of the store changed during a walk over it; the walk has to begin anew.',
    'no',
  );
}

function notWhole(): StoreUnavailable {
  return new StoreUnavailable(
    'The Cluster is not whole (a master is missing, or slots are on the move); a walk over it has to wait for that.',
    'no',
  );
}
