/** A walk over a Cluster that comes to its end has met everything: what is not whole, or is changing, is refused (threats F4). */

import { beforeEach, expect, it } from 'vitest';
import { nameKeys } from '../../src/store/redis/keys.js';
import { createWalks } from '../../src/store/redis/walks.js';
import { openClusterLink } from '../support/cluster-link.js';
import { eventually, type RedisTopology } from '../support/redis.js';
import { startCluster } from '../support/redis-topologies.js';

let cluster: RedisTopology;

beforeEach(async () => {
  const started = await startCluster({ replicas: false });
  cluster = started;
  return () => started.stop();
});

async function openWalks() {
  const { client, link } = await openClusterLink(cluster.url);
  const { walk } = createWalks(link, nameKeys('walked'));
  return { client, walk: (cursor?: string) => walk('owners', cursor) };
}

/** The ids of the first two masters, and what tells all three where a slot is. */
async function slotMoves(slot: number) {
  const [from, to] = cluster.nodes;
  const [fromId, toId] = await Promise.all([from, to].map((node) => node?.command('CLUSTER', 'MYID')));
  const tell = (...args: string[]) => cluster.nodes.map((node) => node.command('CLUSTER', 'SETSLOT', slot, ...args));
  return {
    begin: async () => {
      await to?.command('CLUSTER', 'SETSLOT', slot, 'IMPORTING', String(fromId));
      await from?.command('CLUSTER', 'SETSLOT', slot, 'MIGRATING', String(toId));
    },
    end: () => Promise.all(tell('NODE', String(toId))),
  };
}

it('is refused while the client has forgotten a master that died', async () => {
  const { client, walk } = await openWalks();
  const { next } = await walk();
  // The slots are looked at every 2 s and name the dead one again; until then the others are all that the client knows.
  await eventually('no look is under way', () => Reflect.get(client, 'isRefreshing') === false);
  clearTimeout(Reflect.get(client, 'slotsTimer'));
  await cluster.nodes[1]?.kill9();
  await eventually('it is forgotten', () => client.nodes('master').length === 2);
  await expect(walk()).rejects.toThrow(/not whole/);
  await expect(walk(next)).rejects.toThrow(/not whole/);
});

it('is refused while a slot is on the move, and begins anew when it has moved', async () => {
  const { walk } = await openWalks();
  const { next } = await walk();
  const move = await slotMoves(7);
  await move.begin();
  await expect(walk(next)).rejects.toThrow(/on the move/);
  await move.end();
  await expect(walk(next)).rejects.toThrow(/begin anew/);

  let cursor: string | undefined;
  do cursor = (await walk(cursor)).next;
  while (cursor !== undefined);
});
