/** What the processes of a random schedule share: a Redis that fails over, or a directory. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually, type RedisProcess, startRedis } from '../support/redis.js';
import { startTcpFaultProxy, type TcpFaultProxy } from '../support/tcp-fault-proxy.js';
import type { Fault } from './seeded-faults.js';
import type { Place } from './stage.js';

/** A store's ground and the faults that befall it. */
export interface Ground {
  readonly place: Place;
  /** What cannot happen on this ground happens to nobody. */
  befall(fault: Fault): Promise<void>;
  /** Resolves when it is whole again. */
  heal(): Promise<void>;
  close(): Promise<void>;
}

/** A directory, which all processes open. */
export async function openDirectory(): Promise<Ground> {
  const dataDir = await mkdtemp(join(tmpdir(), 'valetkey-schedule-'));
  return {
    place: { dataDir },
    befall: async () => {},
    heal: async () => {},
    close: () => rm(dataDir, { recursive: true, force: true }),
  };
}

/** A master and a replica that change places, behind one address. */
export async function openRedisPair(): Promise<Ground> {
  const master = await startRedis();
  const replica = await startRedis({ args: replicaOf(master) });
  const pair = new RedisPair([master, replica], await startTcpFaultProxy(master.port));
  await pair.heal();
  return pair;
}

class RedisPair implements Ground {
  readonly place: Place;
  readonly #servers: RedisProcess[];
  readonly #proxy: TcpFaultProxy;
  #failingOver = false;

  constructor(servers: RedisProcess[], proxy: TcpFaultProxy) {
    this.#servers = servers;
    this.#proxy = proxy;
    const redisWait = { replicas: 1, timeoutMs: 500, onDisk: false };
    this.place = { redisUrl: `redis://127.0.0.1:${proxy.port}`, keyPrefix: 'schedule', redisWait };
  }

  async befall(fault: Fault): Promise<void> {
    if (fault === 'cut') this.#proxy.cut();
    if (fault !== 'failover' || this.#failingOver) return;
    this.#failingOver = true;
    await this.#failOver().finally(() => {
      this.#failingOver = false;
    });
  }

  async heal(): Promise<void> {
    await eventually('the replica is in step', async () => !this.#failingOver && (await this.#isInStep()), 30_000);
  }

  async close(): Promise<void> {
    await Promise.all([this.#proxy.close(), ...this.#servers.map((server) => server.stop())]);
  }

  /**
   * As Sentinel does it: to a replica that is in step, and the old master becomes its replica.
   *
   * The replica has what was acknowledged. What it has not lives in the process alone that committed it, which puts it
   * back (R9, `failover.test.ts`); were that process killed or frozen as well, as it may be here, nobody would have it:
   * no store that answers before its replicas do survives both at once.
   */
  async #failOver(): Promise<void> {
    const [master, replica] = this.#servers;
    if (master === undefined || replica === undefined || !(await this.#hasHeardAll(master, replica))) return;
    this.#servers.reverse();
    await master.kill9();
    await replica.command('REPLICAOF', 'NO', 'ONE');
    this.#proxy.setTarget(replica.port);
    this.#proxy.cut();
    await master.restart({ args: replicaOf(replica) });
  }

  /** Whether the replica has everything that was acknowledged up to now. */
  async #hasHeardAll(master: RedisProcess, replica: RedisProcess): Promise<boolean> {
    for (let tries = 0; tries < 20 && (await this.#isInStep()); tries += 1) {
      const from = performance.now();
      const wanted = numberIn(await replicationOf(master), /master_repl_offset:(\d+)/);
      const heard = numberIn(await replicationOf(replica), /slave_repl_offset:(\d+)/);
      // Well within the time that a commit waits to be acknowledged.
      if (heard >= wanted && performance.now() - from < 200) return true;
      await sleep(10);
    }
    return false;
  }

  async #isInStep(): Promise<boolean> {
    return /role:slave[\s\S]*master_link_status:up/.test(await replicationOf(this.#servers[1]));
  }
}

async function replicationOf(server: RedisProcess | undefined): Promise<string> {
  return String(await server?.command('INFO', 'replication').catch(() => ''));
}

function numberIn(info: string, fact: RegExp): number {
  return Number(fact.exec(info)?.[1] ?? Number.NaN);
}

function replicaOf({ port }: RedisProcess): string[] {
  return ['--replicaof', '127.0.0.1', String(port), '--repl-diskless-sync-delay', '0'];
}
