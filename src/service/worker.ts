/** The running worker: does what is due without serving callers; only its health and metrics can be asked for over HTTP. */

import type { Server } from 'node:http';
import { type FastifyBaseLogger, type FastifyInstance, fastify } from 'fastify';
import { useProblems } from '../../routes/error-handler.js';
import { type HealthOptions, health } from '../../routes/health.js';
import { closeInOrder } from './close-in-order.js';
import type { Config } from './config.js';
import { limits, requestOptions } from './http-options.js';
import { type Logger, logFunctions } from './logger.js';
import { createMetrics } from './metrics.js';
import { openParts } from './open-parts.js';
import { countBacklog, withRests } from './webhooks/backlog.js';
import { startWebhooks } from './webhooks/worker.js';

/** A running worker. */
export interface Worker {
  /** Finishes and stores what is in flight, then closes the store. @throws the first failure; all is closed by then */
  close(): Promise<void>;
}

/**
 * Refreshes ahead, removes unproven grants, sends webhooks; serves health and metrics at `WORKER_PORT`, if it is set.
 *
 * @throws {ConfigurationError | KeyUnavailable} as the service; a system error when the port cannot be opened
 */
export async function startWorker(config: Config, log: Logger): Promise<Worker> {
  const now = () => manager.now();
  const metrics = createMetrics({
    refreshBacklog: async () => store.due.backlog(now()),
    figures: () => store.figures(),
    openCircuits: () => manager.openCircuits(),
    connections: () => undefined, // services count them
    ...(config.webhooks && { webhookBacklog: withRests(() => countBacklog(store)) }),
  });
  const { meter, registry } = metrics;
  const always = { refreshAhead: config.refreshAhead, backgroundWork: true };
  const { tracing, store, manager } = await openParts(config, { ...always, log, meter });
  const webhooks = config.webhooks && startWebhooks(config.webhooks, { store, log: logFunctions(log), now, meter });
  let app: FastifyInstance<Server> | undefined;
  let stopping = false;
  const close = () => {
    stopping = true;
    return closeInOrder([
      () => webhooks?.stop(),
      () => manager.close(),
      () => Promise.all([app?.close(), tracing?.close()]),
    ]);
  };
  try {
    app = await listen(config, log, { manager, metrics: async () => registry, isStopping: () => stopping });
  } catch (error) {
    await Promise.allSettled([close()]);
    throw error;
  }
  return { close };
}

async function listen(config: Config, log: Logger, options: HealthOptions) {
  if (config.workerPort === undefined) return undefined;
  const loggerInstance: FastifyBaseLogger = log;
  const app = fastify<Server>({ ...limits, ...requestOptions(config), loggerInstance });
  useProblems(app);
  await app.register(health, options);
  await app.listen({ host: config.host, port: config.workerPort });
  return app;
}
