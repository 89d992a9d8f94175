/** An end at which something fails: the rest is closed all the same, and what failed first is told. */

import { expect, it, onTestFinished, vi } from 'vitest';
import { StoreUnavailable } from '../../src/core/errors.js';
import { OAuthManager } from '../../src/oauth-manager.js';
import { buildApp } from '../../src/service/app.js';
import { closeInOrder } from '../../src/service/close-in-order.js';
import { loadConfig } from '../../src/service/config.js';
import { createLogger } from '../../src/service/logger.js';
import { loadSdk } from '../../src/service/tracing/sdk.js';
import { startWorker } from '../../src/service/worker.js';
import { startTraceCollector } from '../support/trace-collector.js';
import { findFreePort, makeDataDir } from './running.js';

const log = createLogger('silent');

/** As a manager ends that could not store what was refreshed. */
function loseAtTheEnd(): void {
  const end = OAuthManager.prototype.close;
  vi.spyOn(OAuthManager.prototype, 'close').mockImplementation(async function (this: OAuthManager) {
    await end.call(this);
    throw new StoreUnavailable('3 grants are lost.', 'no');
  });
  onTestFinished(() => void vi.restoreAllMocks());
}

async function configure() {
  const made = makeDataDir();
  onTestFinished(() => made.remove());
  const collector = await startTraceCollector();
  const WORKER_PORT = String(await findFreePort());
  return loadConfig({ DATA_DIR: made.path, WORKER_PORT, OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
}

it.each([
  ['service', buildApp],
  ['worker', (config: Parameters<typeof buildApp>[0]) => startWorker(config, log)],
])('of a %s whose grants are lost says so, and leaves neither tracing nor port open', async (_name, start) => {
  loseAtTheEnd();
  const config = await configure();
  const { close } = await start(config, { log });
  await expect(close()).rejects.toThrow('3 grants are lost.');
  const { api } = await loadSdk('OTEL_EXPORTER_OTLP_ENDPOINT');
  onTestFinished(() => api.trace.disable());
  expect(api.trace.setGlobalTracerProvider(new api.ProxyTracerProvider())).toBe(true);
  await expect(fetch(`http://127.0.0.1:${config.workerPort}/healthz`)).rejects.toThrow();
});

it('takes every step in order and tells the first failure', async () => {
  const taken: number[] = [];
  const step = (number: number) => async () => {
    taken.push(number);
    if (number > 1) throw new Error(`step ${number}`);
  };
  await expect(closeInOrder([step(1), step(2), () => undefined, step(3), step(4)])).rejects.toThrow('step 2');
  expect(taken).toEqual([1, 2, 3, 4]);
  await closeInOrder([step(1)]);
});
