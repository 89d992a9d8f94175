/** A master and its replica, whose failover loses what came last. */

import { onTestFinished } from 'vitest';
import { eventually } from '../support/redis.js';
import { startTcpFaultProxy } from '../support/tcp-fault-proxy.js';
import { openRedis } from './stage.js';

/** A master and a replica behind one address, which `failOver` moves from one to the other without what came last. */
export async function openPair() {
  const master = await openRedis();
  const replica = await openRedis('--replicaof', '127.0.0.1', String(master.port), '--repl-diskless-sync-delay', '0');
  const proxy = await startTcpFaultProxy(master.port);
  onTestFinished(() => proxy.close());
  const inStep = async () => String(await replica.command('INFO', 'replication')).includes('master_link_status:up');
  await eventually('the replica is in step', inStep);
  return {
    url: `redis://127.0.0.1:${proxy.port}`,
    proxy,
    master,
    replica,
    /** From now on the replica hears nothing any more (threats 6.2). */
    part: async () => {
      const offset = async () =>
        /master_repl_offset:(\d+)/.exec(String(await master.command('INFO', 'replication')))?.[1];
      const heard = async () =>
        /slave_repl_offset:(\d+)/.exec(String(await replica.command('INFO', 'replication')))?.[1];
      await eventually('the replica has heard all', async () => (await offset()) === (await heard()));
      await replica.command('REPLICAOF', '127.0.0.1', '1');
    },
    failOver: async () => {
      await master.kill9();
      await replica.command('REPLICAOF', 'NO', 'ONE');
      proxy.setTarget(replica.port);
      proxy.cut();
    },
  };
}
