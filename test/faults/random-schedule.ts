/** Random faults on three processes and what they share, replayable by seed (threats 7). */

import { setTimeout as sleep } from 'node:timers/promises';
import type { Store } from '../../src/core/store.js';
import { openStore } from '../../src/open-store.js';
import { type FaultNode, managerOn, startNode } from '../support/fault-nodes.js';
import { eventually, succeeds } from '../support/redis.js';
import { type RotatingProvider, startRotatingProvider } from '../support/rotating-provider.js';
import { type Ground, openDirectory, openRedisPair } from './schedule-ground.js';
import { complaintAbout } from './schedule-invariants.js';
import { Subject } from './schedule-subject.js';
import { type Fault, faults, seeded } from './seeded-faults.js';
import type { StoreKind } from './stage.js';

const steps = 14;

/** A process, and the client id by which the provider knows it. */
interface Replica {
  readonly node: FaultNode;
  readonly clientId: string;
}

/** Whom a fault befalls. */
interface Target {
  readonly subject: Subject;
  readonly subjects: readonly Subject[];
  readonly index: number;
  readonly ms: number;
}

/** The world of many schedules. */
export class ScheduleWorld {
  readonly #provider: RotatingProvider;
  readonly #ground: Ground;
  readonly #store: Store;
  readonly #replicas: Replica[] = [];
  readonly #pending = new Set<Promise<unknown>>();
  /** Places of processes that are being started anew. */
  readonly #replacing = new Set<number>();
  readonly #killed = new Set<string>();
  #started = 0;
  #dead = false;

  private constructor(made: { provider: RotatingProvider; ground: Ground; store: Store }) {
    this.#provider = made.provider;
    this.#ground = made.ground;
    this.#store = made.store;
  }

  static async open(kind: StoreKind): Promise<ScheduleWorld> {
    const provider = await startRotatingProvider({ delayMs: 20 });
    const ground = await (kind === 'redis' ? openRedisPair() : openDirectory());
    const store = await openStore(managerOn(ground.place, provider.entry));
    const world = new ScheduleWorld({ provider, ground, store });
    await world.#mend();
    return world;
  }

  async close(): Promise<void> {
    this.#dead = true;
    const killAll = () => Promise.all(this.#replicas.map(({ node }) => node.kill9()));
    await killAll();
    await Promise.allSettled(this.#pending);
    await killAll();
    await this.#store.close();
    await Promise.all([this.#provider.close(), this.#ground.close()]);
  }

  /** Runs one schedule and answers what did not hold; an empty list is well. */
  async run(seed: number): Promise<readonly string[]> {
    const random = seeded(seed);
    const subjects = [0, 1, 2].map((index) => new Subject(`${seed}-${index}`));
    for (const subject of subjects) await this.#connect(subject);
    for (let step = 0; step < steps; step += 1) {
      const fault = faults[Math.floor(random() * faults.length)] ?? 'token';
      const subject = subjects[Math.floor(random() * subjects.length)];
      const index = Math.floor(random() * this.#replicas.length);
      if (subject) this.#begin(this.#apply(fault, { subject, subjects, index, ms: 100 + random() * 500 }));
      await sleep(random() * 120);
    }
    await Promise.race([Promise.all(this.#pending), sleep(3_000)]);
    await this.#mend();
    return this.#judge(subjects);
  }

  #begin(work: Promise<unknown>): void {
    this.#pending.add(work);
    void work.finally(() => this.#pending.delete(work));
  }

  async #apply(fault: Fault, target: Target): Promise<void> {
    const { subject, subjects, index, ms } = target;
    const replica = this.#replicas[index];
    if (replica === undefined) return;
    const touched = ['kill', 'stop', 'cut', 'failover'].includes(fault) ? subjects : [subject];
    for (const each of touched) each.story.push(`${fault}${index}`);
    if (fault === 'renew' || fault === 'token') await this.#use(subject, replica.node, fault);
    else if (fault === 'disconnect') await this.#disconnect(subject, replica.node);
    else if (fault === 'reconnect') await this.#connect(subject);
    else if (fault === 'kill') await this.#replace(index, replica);
    else if (fault === 'stop') await freeze(replica.node, ms);
    else await this.#ground.befall(fault);
    for (const each of touched) each.story.push(`.${fault}${index}`);
  }

  async #use(subject: Subject, node: FaultNode, order: 'renew' | 'token'): Promise<void> {
    const { token } = await node.ask(order, { user: subject.user });
    if (token !== undefined) subject.handedOut.add(token);
  }

  #disconnect(subject: Subject, node: FaultNode): Promise<void> {
    const found = { connected: subject.connected, grant: subject.latest };
    return subject.change(async () => {
      const { error, revoked } = await node.ask('disconnect', { user: subject.user });
      // Who was told of a failure cannot know whether it was carried out.
      if (error !== undefined) return undefined;
      subject.disconnected(found, revoked);
      return false;
    });
  }

  /** A store whose answer was lost is followed by another grant: the first may have been spent meanwhile. */
  #connect(subject: Subject): Promise<void> {
    return subject.change(async () => {
      await eventually('it is connected', async () => {
        const tokens = this.#provider.grant();
        subject.granted(tokens.refreshToken);
        subject.handedOut.add(tokens.accessToken);
        const input = { user: subject.user, ...tokens, expiresAt: Math.floor(Date.now() / 1000) + 3_600 };
        return (await this.#replicas[0]?.node.ask('store', input))?.error === undefined || this.#dead;
      });
      return true;
    });
  }

  async #replace(index: number, { node, clientId }: Replica): Promise<void> {
    if (this.#replacing.has(index)) return;
    this.#replacing.add(index);
    this.#killed.add(clientId);
    await node.kill9();
    this.#replicas[index] = await this.#start().finally(() => this.#replacing.delete(index));
  }

  async #mend(): Promise<void> {
    for (const { node } of this.#replicas) node.thaw();
    while (this.#replicas.length < 3 && !this.#dead) this.#replicas.push(await this.#start());
    await eventually('nobody is being replaced', () => this.#replacing.size === 0, 30_000);
    await this.#ground.heal();
    await eventually('the store answers', () => succeeds(this.#store.now()));
  }

  async #start(): Promise<Replica> {
    this.#started += 1;
    const clientId = `replica-${this.#started}`;
    const entry = { ...this.#provider.entry, client_id: clientId };
    const node = await startNode({ options: managerOn(this.#ground.place, entry) });
    return { node, clientId };
  }

  async #judge(subjects: readonly Subject[]): Promise<readonly string[]> {
    const found = await Promise.all(subjects.map((subject) => this.#lastingComplaint(subject)));
    return found.flatMap((complaint, index) => {
      const { user = '', story = [] } = subjects[index] ?? {};
      return complaint === undefined ? [] : [`${user}: ${complaint} (${story.join(' ')})`];
    });
  }

  /** What is under way may still come right, so it is looked at for a while. */
  async #lastingComplaint(subject: Subject): Promise<string | undefined> {
    const nodes = this.#replicas.map(({ node }) => node);
    const healed = { provider: this.#provider, store: this.#store, killed: this.#killed, nodes };
    let complaint: string | undefined;
    for (const giveUpAt = performance.now() + 10_000; performance.now() < giveUpAt; await sleep(100)) {
      complaint = subject.isSettled ? await complaintAbout(subject, healed) : 'a change of it does not end';
      if (complaint === undefined) return undefined;
    }
    return complaint;
  }
}

async function freeze(node: FaultNode, ms: number): Promise<void> {
  node.freeze();
  await sleep(ms);
  node.thaw();
}
