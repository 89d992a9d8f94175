/** Before all tests: one Redis for those that can share one. Its data do not outlive the run. */

import { GenericContainer, getContainerRuntimeClient } from 'testcontainers';
import { startRedis } from './redis.js';

interface SharedRedis {
  readonly url: string;
  readonly stop: () => Promise<unknown>;
}

/**
 * Takes TEST_REDIS_URL if it is given, else a container if an engine answers, else the redis-server of this machine.
 * Tests find the address in `TEST_REDIS_URL`. Returns the function that vitest calls after all tests.
 */
export async function setup(): Promise<() => Promise<unknown>> {
  if (process.env.TEST_REDIS_URL) return async () => undefined;
  const { url, stop } = (await startContainer()) ?? (await startRedis());
  process.env.TEST_REDIS_URL = url;
  return stop;
}

/** A docker command on PATH does not mean that an engine runs: only an answer does. */
async function startContainer(): Promise<SharedRedis | undefined> {
  try {
    await getContainerRuntimeClient();
  } catch {
    return undefined;
  }
  try {
    const command = ['redis-server', '--save', '', '--appendonly', 'no', '--maxmemory-policy', 'noeviction'];
    const container = await new GenericContainer('redis:7').withExposedPorts(6379).withCommand(command).start();
    const url = `redis://${container.getHost()}:${container.getMappedPort(6379)}`;
    return { url, stop: () => container.stop() };
  } catch (error) {
    console.warn('The container engine answers, but gives no Redis; the local redis-server is used.', String(error));
    return undefined;
  }
}
