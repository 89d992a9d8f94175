/** What the fault tests share: a rotating provider, connections with tokens in a given condition, processes, and a Redis. */

import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { OAuthManager } from '../../src/oauth-manager.js';
import { type ManagerOptions, openManager } from '../../src/open-manager.js';
import { createManualClock, type ManualClock } from '../support/clock.js';
import { type FaultNode, managerOn, type NodeOptions, startNode } from '../support/fault-nodes.js';
import { type RedisProcess, sharedRedis, startRedis } from '../support/redis.js';
import {
  type RotatingProvider,
  type RotatingProviderOptions,
  startRotatingProvider,
} from '../support/rotating-provider.js';

/** The two stores on which what does not need Redis is shown. */
export const storeKinds = ['embedded', 'redis'] as const;
export type StoreKind = (typeof storeKinds)[number];

/** Where a store lies, in the words of the manager. */
export type Place = Pick<ManagerOptions, 'redisUrl' | 'dataDir' | 'keyPrefix' | 'redisWait' | 'spoolDir'>;

/** A directory that goes with the test. */
export async function makeDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'valetkey-fault-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** A place of its own for one test. */
export async function makePlace(kind: StoreKind): Promise<Place> {
  if (kind === 'embedded') return { dataDir: await makeDirectory() };
  const redis = await sharedRedis();
  onTestFinished(() => redis.stop());
  return { redisUrl: redis.url, keyPrefix: `f${randomBytes(6).toString('hex')}` };
}

/** A provider of this test. */
export async function openProvider(options: RotatingProviderOptions = {}): Promise<RotatingProvider> {
  const provider = await startRotatingProvider(options);
  onTestFinished(() => provider.close());
  return provider;
}

/** A Redis of this test. */
export async function openRedis(...args: string[]): Promise<RedisProcess> {
  const redis = await startRedis({ args });
  onTestFinished(() => redis.stop());
  return redis;
}

/** A process of this test. */
export async function openNode(options: NodeOptions): Promise<FaultNode> {
  const node = await startNode(options);
  onTestFinished(async () => {
    node.thaw();
    await node.kill9();
  });
  return node;
}

/** Three processes on one place. */
export async function openNodes(place: Place, provider: RotatingProvider, count = 3): Promise<readonly FaultNode[]> {
  const options = managerOn(place, provider.entry);
  return Promise.all(Array.from({ length: count }, () => openNode({ options })));
}

/** A manager in this process, with a clock under the test's command. */
export interface Bench {
  readonly manager: OAuthManager;
  readonly clock: ManualClock;
  readonly log: { readonly level: string; readonly message: string }[];
}

/** Opens one; `now` starts at the real time. */
export async function openBench(
  place: Place,
  provider: RotatingProvider,
  more: Partial<ManagerOptions> = {},
): Promise<Bench> {
  const clock = createManualClock(Date.now());
  const log: { level: string; message: string }[] = [];
  const note = (level: string) => (_fields: object, message: string) => void log.push({ level, message });
  const manager = await openManager({
    ...managerOn(place, provider.entry),
    now: clock.now,
    log: { debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error') },
    ...more,
  });
  onTestFinished(() => manager.close());
  return { manager, clock, log };
}

/** Gives a user a grant whose access token has so many ms left, by the clock of the bench. */
export async function connect(
  { manager, clock }: Pick<Bench, 'manager'> & { readonly clock: Pick<ManualClock, 'now'> },
  provider: RotatingProvider,
  grant: { readonly user: string; readonly leftMs: number },
): Promise<{ readonly accessToken: string; readonly refreshToken: string }> {
  const tokens = provider.grant();
  const expiresAt = Math.floor((clock.now() + grant.leftMs) / 1000);
  await manager.storeToken(grant.user, { provider: 'rotating', ...tokens, expiresAt, scopes: ['read'] });
  return tokens;
}

/** The token that a user gets now, or the code of the error. */
export async function ask({ manager }: Pick<Bench, 'manager'>, user: string): Promise<string> {
  try {
    return (await manager.getToken(user, 'rotating'))?.accessToken.reveal() ?? 'none';
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error);
  }
}
