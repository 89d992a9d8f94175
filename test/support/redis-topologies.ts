/** Starts Redis in the topologies of production on loopback: a master behind three Sentinels, and a Cluster. */

import { eventually, findFreePort, type RedisProcess, type RedisTopology, startRedis } from './redis.js';

const masterName = 'valetkey-test';

/** A master, its replicas and their Sentinels. */
export interface SentinelTopology extends RedisTopology {
  readonly sentinels: readonly RedisProcess[];
  /** What the Sentinels call the master. */
  readonly masterName: string;
}

/** Stops all of them, whatever happened before. */
async function stopAll(processes: readonly RedisProcess[]): Promise<void> {
  await Promise.all(processes.map((each) => each.stop()));
}

/**
 * Starts one master, its replicas and three Sentinels that declare a silent master dead after 3 s. With a shorter time, a
 * master on a busy machine is replaced while a test writes to it. Resolves when all of them know each other.
 */
export async function startSentinel(replicaCount = 1): Promise<SentinelTopology> {
  const master = await startRedis();
  const replicas = await Promise.all(
    Array.from({ length: replicaCount }, () =>
      startRedis({ args: ['--replicaof', '127.0.0.1', String(master.port), '--repl-diskless-sync-delay', '0'] }),
    ),
  );
  await Promise.all(replicas.map((each) => eventually('the replica is in step', () => isInStep(each))));
  const config = [
    `sentinel monitor ${masterName} 127.0.0.1 ${master.port} 2`,
    `sentinel down-after-milliseconds ${masterName} 3000`,
    `sentinel failover-timeout ${masterName} 3000`,
    '',
  ].join('\n');
  const sentinels = await Promise.all([1, 2, 3].map(() => startRedis({ config, args: ['--sentinel'] })));
  for (const each of sentinels) await eventually('Sentinels know all', () => knowsAll(each, replicaCount));
  const addresses = sentinels.map((each) => `127.0.0.1:${each.port}`).join(',');
  const nodes = [master, ...replicas];
  return {
    url: `redis+sentinel://${addresses}/${masterName}`,
    nodes,
    sentinels,
    masterName,
    stop: () => stopAll([...sentinels, ...nodes]),
  };
}

/** Whether half of the nodes are in-step replicas of the other half, so that no failover is under way. */
export async function areInStep({ nodes }: RedisTopology): Promise<boolean> {
  return (await Promise.all(nodes.map(isInStep))).filter(Boolean).length === nodes.length / 2;
}

async function isInStep(replica: RedisProcess): Promise<boolean> {
  // A Sentinel that turns a server into a replica or a master disconnects its clients, so the command may fail.
  const info = await replica.command('INFO', 'replication').catch(() => undefined);
  return String(info).includes('master_link_status:up');
}

async function knowsAll(sentinel: RedisProcess, replicaCount: number): Promise<boolean> {
  const reply = await sentinel.command('SENTINEL', 'master', masterName);
  if (!Array.isArray(reply)) return false;
  const countOf = (name: string) => Number(reply[reply.indexOf(name) + 1]);
  return countOf('num-other-sentinels') === 2 && countOf('num-slaves') === replicaCount;
}

/** Starts three masters with a third of the slots each, with a replica each if wanted. Resolves when all agree. */
export async function startCluster(options: { readonly replicas: boolean }): Promise<RedisTopology> {
  const nodes = await Promise.all(Array.from({ length: options.replicas ? 6 : 3 }, startClusterNode));
  await Promise.all(nodes.slice(0, 3).map(({ server }, index) => assignSlots(server, index)));
  const [first, ...others] = nodes;
  for (const { server, busPort } of others) {
    await first?.server.command('CLUSTER', 'MEET', '127.0.0.1', server.port, busPort);
  }
  const servers = nodes.map(({ server }) => server);
  await Promise.all(servers.map((each) => eventually('all meet', () => hasMet(each, servers.length))));
  await Promise.all(servers.slice(3).map((each, index) => replicate(each, servers[index])));
  await Promise.all(servers.map((each) => eventually('the Cluster is whole', () => isWhole(each, servers))));
  return {
    url: `redis+cluster://${servers.map((each) => `127.0.0.1:${each.port}`).join(',')}`,
    nodes: servers,
    stop: () => stopAll(servers),
  };
}

async function startClusterNode(): Promise<{ server: RedisProcess; busPort: number }> {
  // The default bus port is the port plus 10000, and some free ports are too high for that.
  let busPort = 0;
  const timing = ['--cluster-node-timeout', '2000', '--repl-diskless-sync-delay', '0'];
  const args = async () => {
    busPort = await findFreePort();
    return ['--cluster-enabled', 'yes', '--cluster-port', String(busPort), ...timing];
  };
  const server = await startRedis({ args });
  return { server, busPort };
}

async function assignSlots(master: RedisProcess, index: number): Promise<void> {
  const bounds = [0, 5461, 10923, 16384];
  await master.command('CLUSTER', 'SET-CONFIG-EPOCH', index + 1);
  await master.command('CLUSTER', 'ADDSLOTSRANGE', bounds[index] ?? 0, (bounds[index + 1] ?? 0) - 1);
}

async function replicate(replica: RedisProcess, master: RedisProcess | undefined): Promise<void> {
  const id = String(await master?.command('CLUSTER', 'MYID'));
  await replica.command('CLUSTER', 'REPLICATE', id);
  await eventually('the replica is in step', () => isInStep(replica));
}

async function hasMet(node: RedisProcess, count: number): Promise<boolean> {
  const table = String(await node.command('CLUSTER', 'NODES'));
  const known = table.split('\n').filter((line) => line.includes('connected') && !line.includes('handshake'));
  return known.length === count;
}

/** Whether this node sees all slots as served, and every replica as a replica. */
async function isWhole(node: RedisProcess, servers: readonly RedisProcess[]): Promise<boolean> {
  const info = String(await node.command('CLUSTER', 'INFO'));
  const table = String(await node.command('CLUSTER', 'NODES'));
  const replicas = table.split('\n').filter((line) => / (myself,)?slave /.test(line)).length;
  return info.includes('cluster_state:ok') && replicas === servers.length - 3;
}
