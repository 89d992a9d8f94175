/** A start that fails: what it had opened until then is closed again, so that the next try begins anew. */

import { describe, expect, it, onTestFinished } from 'vitest';
import { buildApp } from '../../src/service/app.js';
import { type Config, loadConfig } from '../../src/service/config.js';
import { createEncryptionKey } from '../../src/service/generated-keys.js';
import { createLogger } from '../../src/service/logger.js';
import { loadSdk } from '../../src/service/tracing/sdk.js';
import { startWorker } from '../../src/service/worker.js';
import { startRedis } from '../support/redis.js';
import { startTraceCollector } from '../support/trace-collector.js';

const log = createLogger('silent');

/** The configuration of a service with traces, and how many others than the test are connected to its Redis. */
async function open() {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  const collector = await startTraceCollector();
  const config = loadConfig({
    REDIS_URL: redis.url,
    ENCRYPTION_KEYS: createEncryptionKey(),
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
  });
  const connected = async () => {
    const said = String(await redis.command('INFO', 'clients'));
    return Number(/connected_clients:(\d+)/.exec(said)?.[1]) - 1;
  };
  return { config, connected };
}

/** One that no manager can be made with. */
const withUselessProvider = (config: Config): Config => ({
  ...config,
  providers: { useless: { client_id: 'c', authorization_endpoint: 'nowhere' } },
});

/** One whose fault is found when the manager stands. */
const withoutBrand = (config: Config): Config => ({
  ...config,
  get brand(): never {
    throw new TypeError('the test says so');
  },
});

describe.each([
  ['of a service, by the manager', (config: Config) => buildApp(withUselessProvider(config), { log })],
  ['of a service, by its routes', (config: Config) => buildApp(withoutBrand(config), { log })],
  ['of a worker', (config: Config) => startWorker(withUselessProvider(config), log)],
])('a start that fails, %s', (_title, start) => {
  it('leaves neither the store nor the tracing behind', async () => {
    const { config, connected } = await open();
    await expect(start(config)).rejects.toThrow();
    await expect.poll(connected, { timeout: 10_000 }).toBe(0);
    const { api } = await loadSdk('OTEL_EXPORTER_OTLP_ENDPOINT');
    onTestFinished(() => api.trace.disable());
    expect(api.trace.setGlobalTracerProvider(new api.ProxyTracerProvider())).toBe(true);
  });
});
