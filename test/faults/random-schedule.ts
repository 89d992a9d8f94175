/** Random faults on three processes and a Redis that fails over, replayable by seed; and what must hold after each (threats 7). */

import { setTimeout as sleep } from 'node:timers/promises';
import { defaultAccount, defaultTenant, providerIdSchema, userIdSchema } from '../../src/core/identifiers.js';
import type { Store } from '../../src/core/store.js';
import { openStore } from '../../src/open-manager.js';
import { type FaultNode, managerOn, startNode } from '../support/fault-nodes.js';
import { eventually, type RedisProcess, startRedis } from '../support/redis.js';
import { type RotatingProvider, startRotatingProvider } from '../support/rotating-provider.js';
import { startTcpFaultProxy, type TcpFaultProxy } from '../support/tcp-fault-proxy.js';
import { type Fault, faults, type Subject, seeded } from './seeded-faults.js';

const provider = providerIdSchema.parse('rotating');
/** The world of many schedules. */
export class ScheduleWorld {
  readonly #provider: RotatingProvider;
  readonly #proxy: TcpFaultProxy;
  readonly #servers: RedisProcess[];
  readonly #nodes: FaultNode[] = [];
  readonly #store: Store;
  readonly #pending = new Set<Promise<unknown>>();
  /** Places of processes that are being started anew. */
  readonly #replacing = new Set<number>();
  #failingOver = false;
  #dead = false;

  private constructor(made: {
    provider: RotatingProvider;
    proxy: TcpFaultProxy;
    servers: RedisProcess[];
    store: Store;
  }) {
    this.#provider = made.provider;
    this.#proxy = made.proxy;
    this.#servers = made.servers;
    this.#store = made.store;
  }

  static async open(): Promise<ScheduleWorld> {
    const rotating = await startRotatingProvider({ delayMs: 20 });
    const master = await startRedis();
    const replica = await startRedis({ args: replicaOf(master) });
    const proxy = await startTcpFaultProxy(master.port);
    const place = { redisUrl: `redis://127.0.0.1:${proxy.port}`, keyPrefix: 'schedule' };
    const store = await openStore(managerOn(place, rotating.entry));
    const world = new ScheduleWorld({ provider: rotating, proxy, servers: [master, replica], store });
    await eventually('the replica is in step', () => world.#isInStep());
    await world.#mend();
    return world;
  }

  async close(): Promise<void> {
    this.#dead = true;
    await Promise.all(this.#nodes.map((node) => node.kill9()));
    await Promise.allSettled(this.#pending);
    await Promise.all(this.#nodes.map((node) => node.kill9()));
    await this.#store.close();
    await Promise.all([this.#proxy.close(), this.#provider.close(), ...this.#servers.map((server) => server.stop())]);
  }

  /** Runs one schedule and answers what did not hold; an empty list is well. */
  async run(seed: number): Promise<readonly string[]> {
    const random = seeded(seed);
    const subjects = Array.from(
      { length: 3 },
      (_, index): Subject => ({
        user: `${seed}-${index}`,
        first: '',
        connected: false,
        uncertain: false,
        busy: 0,
        story: [],
      }),
    );
    for (const subject of subjects) await this.#connect(subject);
    const under: Promise<unknown>[] = [];
    for (let step = 0; step < 14; step += 1) {
      const fault = faults[Math.floor(random() * faults.length)] ?? 'token';
      const subject = subjects[Math.floor(random() * subjects.length)];
      const index = Math.floor(random() * this.#nodes.length);
      if (subject) under.push(this.#apply(fault, { subject, subjects, index, ms: 100 + random() * 500 }));
      await sleep(random() * 120);
    }
    for (const each of under) {
      this.#pending.add(each);
      void each.finally(() => this.#pending.delete(each));
    }
    await Promise.race([Promise.all(under), sleep(3_000)]);
    await this.#mend();
    return this.#judge(subjects);
  }

  async #apply(
    fault: Fault,
    on: { subject: Subject; subjects: readonly Subject[]; index: number; ms: number },
  ): Promise<void> {
    const { subject, subjects, index, ms } = on;
    const node = this.#nodes[index];
    if (node === undefined) return;
    for (const each of ['kill', 'stop', 'cut', 'failover'].includes(fault) ? subjects : [subject]) {
      each.story.push(`${fault}${index}`);
    }
    switch (fault) {
      case 'renew':
      case 'token':
        await this.#working(subject, () => node.ask(fault, { user: subject.user }));
        return;
      case 'disconnect':
        await this.#working(subject, async () => {
          const { error } = await node.ask('disconnect', { user: subject.user });
          // Who was told of a failure cannot know whether it was carried out.
          subject.connected = error === undefined ? false : undefined;
        });
        return;
      case 'reconnect':
        if (subject.busy === 0) await this.#connect(subject);
        return;
      case 'kill':
        // Whoever is being worked for may lose an answer with this process.
        for (const each of subjects) each.uncertain ||= each.busy > 0;
        if (this.#replacing.has(index)) return;
        this.#replacing.add(index);
        await node.kill9();
        this.#nodes[index] = await this.#startNode().finally(() => this.#replacing.delete(index));
        return;
      case 'stop':
        node.freeze();
        await sleep(ms);
        node.thaw();
        return;
      case 'cut':
        this.#proxy.cut();
        return;
      case 'failover':
        if (this.#failingOver) return;
        this.#failingOver = true;
        await this.#failOver().finally(() => {
          this.#failingOver = false;
        });
    }
  }

  async #working(subject: Subject, work: () => Promise<unknown>): Promise<void> {
    subject.busy += 1;
    await work();
    subject.busy -= 1;
    subject.story.push('.');
  }

  /** By a process that nobody harms, so that the test knows that it is done. */
  /** A store whose answer was lost is followed by another grant: the first may have been spent meanwhile. */
  async #connect(subject: Subject): Promise<void> {
    await eventually('it is connected', async () => {
      const tokens = this.#provider.grant();
      const input = { user: subject.user, ...tokens, expiresAt: Math.floor(Date.now() / 1000) + 3_600 };
      subject.first = tokens.refreshToken;
      return (await this.#nodes[0]?.ask('store', input))?.error === undefined;
    });
    subject.connected = true;
  }

  /** As Sentinel does it: to a replica that is in step, and the old master becomes its replica. */
  async #failOver(): Promise<void> {
    if (!(await this.#isInStep())) return;
    const [master, replica] = this.#servers;
    if (master === undefined || replica === undefined) return;
    this.#servers.reverse();
    await master.kill9();
    await replica.command('REPLICAOF', 'NO', 'ONE');
    this.#proxy.setTarget(replica.port);
    this.#proxy.cut();
    await master.restart({ args: replicaOf(replica) });
  }

  async #isInStep(): Promise<boolean> {
    const info = await this.#servers[1]?.command('INFO', 'replication').catch(() => '');
    return /role:slave[\s\S]*master_link_status:up/.test(String(info));
  }

  async #mend(): Promise<void> {
    for (const node of this.#nodes) node.thaw();
    while (this.#nodes.length < 3 && !this.#dead) this.#nodes.push(await this.#startNode());
    await eventually('the store answers', () =>
      this.#store.now().then(
        () => true,
        () => false,
      ),
    );
    await eventually('the replica is in step', () => this.#isInStep());
  }

  #startNode(): Promise<FaultNode> {
    const redisUrl = `redis://127.0.0.1:${this.#proxy.port}`;
    const redisWait = { replicas: 1, timeoutMs: 500, onDisk: false };
    return startNode({ options: managerOn({ redisUrl, keyPrefix: 'schedule', redisWait }, this.#provider.entry) });
  }

  async #judge(subjects: readonly Subject[]): Promise<readonly string[]> {
    const complaints: string[] = [];
    for (const subject of subjects) {
      const found = await this.#lastingComplaint(subject);
      if (found !== undefined) complaints.push(`${subject.user}: ${found}`);
    }
    return complaints;
  }

  /** What is under way may still come right, so it is looked at for a while. */
  async #lastingComplaint(subject: Subject): Promise<string | undefined> {
    let complaint: string | undefined;
    for (const giveUpAt = performance.now() + 8_000; performance.now() < giveUpAt; await sleep(100)) {
      complaint = await this.#complaintAbout(subject);
      if (complaint === undefined) return undefined;
    }
    return complaint;
  }

  async #complaintAbout(subject: Subject): Promise<string | undefined> {
    if (this.#provider.seen.reused.has(subject.first) && !subject.uncertain) return 'a refresh token was sent twice';
    const ref = {
      owner: { tenant: defaultTenant, userId: userIdSchema.parse(subject.user) },
      provider,
      account: defaultAccount,
    };
    const stored = await this.#store.connections.find(ref);
    if (stored === undefined)
      return subject.connected === true && subject.busy === 0 ? 'the connection is lost' : undefined;
    if (subject.connected === false && subject.busy === 0) return 'it is connected though it was disconnected';
    const { state, tokenSet, userId, proof } = stored.connection;
    if (userId !== subject.user || proof.provenAt <= 0) return 'it is not the record of this user';
    const held = tokenSet.refreshToken?.reveal() ?? '';
    if (state.kind !== 'active' || held === this.#provider.newest(held)) return undefined;
    const intent = await this.#store.connections.findIntent(ref);
    if (intent !== undefined) return undefined;
    const fate = this.#provider.newest(held) === undefined ? 'revoked or ended' : 'spent';
    return `the stored refresh token is ${fate} and nobody says so (${held === subject.first ? 'first' : 'later'} token, uncertain ${subject.uncertain}, ${subject.story.join(' ')})`;
  }
}

function replicaOf({ port }: RedisProcess): string[] {
  return ['--replicaof', '127.0.0.1', String(port), '--repl-diskless-sync-delay', '0'];
}
