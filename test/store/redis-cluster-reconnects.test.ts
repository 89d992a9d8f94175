/** A Cluster that has lost its nodes says so, is found again wherever it is then, and is let go of for good (threats F4). */

import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { mastersOf } from '../../src/store/redis/client.js';
import { openClusterLink } from '../support/cluster-link.js';
import { eventually, type RedisTopology, succeeds } from '../support/redis.js';
import { startCluster } from '../support/redis-topologies.js';
import { startTcpFaultProxy } from '../support/tcp-fault-proxy.js';

async function start(options: { readonly replicas: boolean }): Promise<RedisTopology> {
  const cluster = await startCluster(options);
  onTestFinished(() => cluster.stop());
  return cluster;
}

it('of which no node is left fails its check, and another one in its place is found by that', async () => {
  const cluster = await start({ replicas: true });
  const proxy = await startTcpFaultProxy(cluster.nodes[0]?.port ?? 0);
  onTestFinished(() => proxy.close());
  const { client, examine } = await openClusterLink(`redis+cluster://localhost:${proxy.port}`);
  expect(await succeeds(examine())).toBe(true);

  await eventually('it knows the replicas', () => client.nodes('slave').length === 3);
  // Nobody has asked them anything, so that nothing tells that they are gone as well.
  await Promise.all(cluster.nodes.map((each) => each.kill9()));
  await eventually('no master is left', () => client.nodes('master').length === 0);
  // What asks the masters is never given a replica in their place.
  expect(mastersOf(client)).toEqual([]);
  expect(await succeeds(examine())).toBe(false);

  const heir = await start({ replicas: false });
  proxy.setTarget(heir.nodes[0]?.port ?? 0);
  await eventually('it is found', () => succeeds(examine()));
});

it('is looked for again though a connection ended while its names were looked up', async () => {
  const cluster = await start({ replicas: false });
  const { client, examine } = await openClusterLink(cluster.url.replaceAll('127.0.0.1', 'localhost'));
  // Connections are made when something is asked.
  expect(await succeeds(examine())).toBe(true);
  const [frozen] = cluster.nodes;
  const { dnsLookup: lookup } = client.options;
  let answerLookups = () => {};
  const answered = new Promise<void>((resolve) => (answerLookups = resolve));
  client.options.dnsLookup = (name, done) => void answered.then(() => lookup?.(name, done));

  frozen?.pause();
  // As ioredis does by itself when a node says that the Cluster is not whole.
  client.disconnect(true);
  await eventually('it connects anew', () => client.status === 'connecting');
  frozen?.resume();
  await eventually('the last connection has ended', () => client.status === 'close');
  answerLookups();
  await eventually('it is found', () => succeeds(examine()));
});

it('that is closed while a look at its slots hangs leaves nothing behind that keeps a process alive', async () => {
  const cluster = await start({ replicas: false });
  const { client, link } = await openClusterLink(cluster.url);
  // What is connected answers QUIT at once, so that closing does not wait for the look.
  const connected = client.nodes().find(({ status }) => status === 'ready')?.options.port;
  const frozen = cluster.nodes.filter(({ port }) => port !== connected);
  for (const each of frozen) each.pause();
  onTestFinished(() => frozen.forEach((each) => void each.resume()));
  const isLooking = () => Reflect.get(client, 'isRefreshing') === true;
  await eventually('a look hangs', async () => isLooking() && (await sleep(100, true)) && isLooking());
  await link.close();
  await eventually('the look has ended', () => !isLooking());
  expect(Reflect.get(client, 'slotsTimer')).toBeNull();
});
