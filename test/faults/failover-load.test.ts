/** Masters that end under load: no connection lost, no reuse, and errors only while nobody is master (F4). */

import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { type FaultNode, managerOn } from '../support/fault-nodes.js';
import { eventually, type RedisProcess, type RedisTopology } from '../support/redis.js';
import { areInStep, startCluster, startSentinel } from '../support/redis-topologies.js';
import { connect, openBench, openNode, openProvider, type Place } from './stage.js';
import { strength } from './strength.js';

/** A client looks for the present masters every 2 s; the rest is for a busy machine. */
const findsMasterMs = 6_000;

/** How a master ends, and how it is there again as a replica. */
const ways = {
  killed: {
    end: (master: RedisProcess) => master.kill9(),
    back: (master: RedisProcess, args: readonly string[]) => master.restart({ args }),
  },
  frozen: {
    end: async (master: RedisProcess) => master.pause(),
    back: async (master: RedisProcess) => master.resume(),
  },
};

interface Topology {
  readonly start: () => Promise<RedisTopology>;
  /** The two of which one follows the other. */
  readonly pairOf: (nodes: readonly RedisProcess[]) => readonly (RedisProcess | undefined)[];
  /** What a server is started with that is to follow this one. */
  readonly follows: (heir: RedisProcess) => readonly string[];
}
const topologies: readonly [name: string, topology: Topology][] = [
  [
    'in a Cluster',
    { start: () => startCluster({ replicas: true }), pairOf: (nodes) => [nodes[0], nodes[3]], follows: () => [] },
  ],
  [
    'behind Sentinels',
    {
      start: () => startSentinel(),
      pairOf: (nodes) => nodes,
      follows: ({ port }) => ['--replicaof', '127.0.0.1', String(port)],
    },
  ],
];

it.each(topologies)(
  'F4: masters that end under load %s cost no connection and no reuse, and errors in the gaps alone',
  async (_name, { start, pairOf, follows }) => {
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

    const gaps: { readonly from: number; readonly to: number }[] = [];
    const pair = pairOf(topology.nodes);
    for (let round = 0; round < strength.failovers; round += 1) {
      const way = round % 2 === 0 ? 'killed' : 'frozen';
      const [master, heir] = round % 2 === 0 ? pair : pair.toReversed();
      if (master === undefined || heir === undefined) throw new Error('there is no pair');
      const from = performance.now();
      await ways[way].end(master);
      await eventually('there is a master again', () => isMaster(heir), 60_000);
      gaps.push({ from, to: performance.now() + findsMasterMs });
      for (const node of nodes) {
        const renewable = async () => {
          const answers = await Promise.all(users.map((user) => node.ask('renew', { user })));
          return answers.every(({ token }) => token !== undefined);
        };
        await eventually(`every user can be renewed again once it was ${way}`, renewable, 60_000);
      }
      const before = load.renewed();
      await eventually('the load goes on', () => load.renewed() > before + 20);
      if (round + 1 === strength.failovers) break;
      await ways[way].back(master, follows(heir));
      await eventually('the former master follows', () => areInStep(topology), 60_000);
    }
    const failures = await load.stop();

    // Whoever has a live token is told of the store, and never that there is no connection.
    expect([...new Set(failures.map(({ error }) => error))].filter((error) => error !== 'store_unavailable')).toEqual(
      [],
    );
    const inAGap = (failure: FailedRead) => gaps.some(({ from, to }) => failure.to >= from && failure.from <= to);
    expect(failures.filter((failure) => !inAGap(failure))).toEqual([]);
    for (const user of users) {
      const { token = '' } = await nodes[1].ask('renew', { user });
      expect(provider.honours(token)).toBe(true);
    }
    expect(provider.seen.reuses).toBe(0);
  },
  600_000,
);

async function isMaster(server: RedisProcess): Promise<boolean> {
  const [role, state] = await Promise.all([
    // A Sentinel that promotes a replica cuts off its clients.
    server.command('ROLE').catch(() => undefined),
    server.command('CLUSTER', 'INFO').catch(() => 'cluster_state:ok'),
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
