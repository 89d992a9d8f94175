/** A master that is killed under load: no connection lost, no reuse, and errors only while nobody is master (F4). */

import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { type FaultNode, managerOn } from '../support/fault-nodes.js';
import { eventually, type RedisProcess, type RedisTopology } from '../support/redis.js';
import { startCluster, startSentinel } from '../support/redis-topologies.js';
import { connect, openBench, openNode, openProvider, type Place } from './stage.js';

/** A client looks for the present masters every 2 s; the rest is for a busy machine. */
const findsMasterMs = 6_000;

interface Topology {
  readonly start: () => Promise<RedisTopology>;
  /** The replica that becomes master when the first node is killed. */
  readonly heir: (nodes: readonly RedisProcess[]) => RedisProcess | undefined;
}
const topologies: readonly [name: string, topology: Topology][] = [
  ['in a Cluster', { start: () => startCluster({ replicas: true }), heir: (nodes) => nodes[3] }],
  ['behind Sentinels', { start: () => startSentinel(), heir: (nodes) => nodes[1] }],
];

it.each(topologies)(
  'F4: a master that is killed under load %s costs no connection and no reuse, and errors in the gap alone',
  async (_name, { start, heir }) => {
    const topology = await start();
    onTestFinished(() => topology.stop());
    const provider = await openProvider({ delayMs: 10 });
    const redisWait = { replicas: 1, timeoutMs: 100, onDisk: false };
    const place: Place = { redisUrl: topology.url, keyPrefix: 'load', redisWait };
    const bench = await openBench(place, provider);
    const users = Array.from({ length: 24 }, (_, index) => `user-${index}`);
    for (const user of users) await connect(bench, provider, { user, leftMs: 3_600_000 });
    const options = managerOn(place, provider.entry);
    const nodes = await Promise.all([openNode({ options }), openNode({ options })]);
    const load = startLoad(nodes, users);
    await eventually('the load runs', () => load.renewed() > 20);

    const killedAt = performance.now();
    await topology.nodes[0]?.kill9();
    await eventually('there is a master again', async () => isMaster(heir(topology.nodes)), 60_000);
    const gapEndsAt = performance.now() + findsMasterMs;
    const renewable = async () => {
      const answers = await Promise.all(users.map((user) => nodes[0].ask('renew', { user })));
      return answers.every(({ token }) => token !== undefined);
    };
    await eventually('every user can be renewed again', renewable, 60_000);
    const before = load.renewed();
    await eventually('the load goes on', () => load.renewed() > before + 20);
    const failures = await load.stop();

    // Whoever has a live token is told of the store, and never that there is no connection.
    expect([...new Set(failures.map(({ error }) => error))].filter((error) => error !== 'store_unavailable')).toEqual(
      [],
    );
    expect(failures.filter(({ from, to }) => to < killedAt || from > gapEndsAt)).toEqual([]);
    console.info(`reads failed for ${Math.round((failures.at(-1)?.to ?? killedAt) - killedAt)} ms after the kill`);
    for (const user of users) {
      const { token = '' } = await nodes[1].ask('renew', { user });
      expect(provider.honours(token)).toBe(true);
    }
    expect(provider.seen.reuses).toBe(0);
  },
  180_000,
);

async function isMaster(server: RedisProcess | undefined): Promise<boolean> {
  const [role, state] = await Promise.all([
    // A Sentinel that promotes a replica cuts off its clients.
    server?.command('ROLE').catch(() => undefined),
    server?.command('CLUSTER', 'INFO').catch(() => 'cluster_state:ok'),
  ]);
  return Array.isArray(role) && role[0] === 'master' && String(state).includes('cluster_state:ok');
}

/** A read that gave no token; it began before its answer came. */
interface FailedRead {
  readonly from: number;
  readonly to: number;
  readonly error: string;
}

/** Renews and reads all the time. */
function startLoad(nodes: readonly FaultNode[], users: readonly string[]) {
  let running = true;
  let renewed = 0;
  const failures: FailedRead[] = [];
  const renew = async (node: FaultNode, offset: number) => {
    for (let turn = offset; running; turn += 1) {
      const { token } = await node.ask('renew', { user: users[turn % users.length] });
      if (token === undefined) await sleep(50);
      else renewed += 1;
    }
  };
  const read = async (node: FaultNode) => {
    for (let turn = 0; running; turn += 1) {
      const from = performance.now();
      const { token, error = 'none' } = await node.ask('token', { user: users[turn % users.length] });
      if (token === undefined) failures.push({ from, to: performance.now(), error });
      await sleep(10);
    }
  };
  const loops = nodes.flatMap((node, index) => [renew(node, index * 7), renew(node, index * 7 + 3), read(node)]);
  return {
    renewed: () => renewed,
    stop: async () => {
      running = false;
      await Promise.all(loops);
      return failures;
    },
  };
}
