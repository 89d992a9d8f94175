/** Joins configuration, store, providers, manager and routes into one Fastify app, which does not listen yet. */

import type { Server } from 'node:http';
import { type FastifyBaseLogger, type FastifyInstance, fastify } from 'fastify';
import { api } from '../../routes/api.js';
import { browserRoutes } from '../../routes/browser.js';
import { useProblems } from '../../routes/error-handler.js';
import { serverOptions } from '../../routes/server-options.js';
import type { Store } from '../core/store.js';
import type { OAuthManager } from '../oauth-manager.js';
import { createAdministration } from './administration.js';
import { createCallerAuth } from './caller-auth.js';
import { closeInOrder } from './close-in-order.js';
import type { Config } from './config.js';
import { ConnectionCensus } from './connection-census.js';
import { limits, requestOptions } from './http-options.js';
import { type LateMetrics, openLateMetrics } from './late-metrics.js';
import { createLogger, type Logger, logFunctions, withoutRedaction } from './logger.js';
import { type OpenParts, openParts } from './open-parts.js';
import { refusePlainHttp } from './plain-http.js';
import { RevokedCallers } from './revoked-callers.js';
import { countBacklog, withRests } from './webhooks/backlog.js';
import { startWebhooks, type WebhookWorker } from './webhooks/worker.js';

/** The parts of one service. */
export interface Service {
  readonly app: FastifyInstance;
  readonly manager: OAuthManager;
  readonly store: Store;
  /**
   * Not ready from now on; requests in flight finish, then refreshes, then the store closes. Safe to call twice.
   *
   * @throws the first failure, as {@link OAuthManager.close} does; all is closed by then
   */
  close(): Promise<void>;
}

/** Replacements for tests and embedders. */
export interface Overrides {
  readonly log?: Logger;
  /** Epoch ms. */
  readonly now?: () => number;
  readonly version?: string;
  /** Whether to refresh ahead of callers; on by default. */
  readonly backgroundWork?: boolean;
}

/**
 * Builds the service.
 *
 * @throws {ConfigurationError} providers or options that cannot work
 * @throws {KeyUnavailable} the store holds records under a key that is not in ENCRYPTION_KEYS
 */
export async function buildApp(config: Config, overrides: Overrides = {}): Promise<Service> {
  const { log = createLogger(config.logLevel), backgroundWork } = overrides;
  const now = overrides.now ?? (() => manager.now());
  const metrics = openLateMetrics({
    refreshBacklog: async () => store.due.backlog(now()),
    figures: () => store.figures(),
    openCircuits: () => manager.openCircuits(),
    connections: () => census.counts,
    ...(config.webhooks && { webhookBacklog: withRests(() => countBacklog(store)) }),
  });
  const { meter } = metrics;
  const loggerInstance: FastifyBaseLogger = log;
  const app = fastify<Server>({ ...limits, ...serverOptions, ...requestOptions(config), loggerInstance });
  // Without a clock of its own the manager uses the store's.
  const parts = await openParts(config, { now: overrides.now, log, meter, backgroundWork });
  const { tracing, store, manager } = parts;
  const census = new ConnectionCensus({ store, log: logFunctions(log), now });
  let webhooks: WebhookWorker | undefined;
  let closing: Promise<void> | undefined;
  const end = () => {
    manager.stopRefreshing();
    return closeInOrder([
      () => app.close(),
      () => Promise.all([webhooks?.stop(), census.stop()]),
      () => manager.close(),
      () => Promise.all([tracing?.close(), metrics.close()]),
    ]);
  };
  const close = () => {
    closing ??= end();
    return closing;
  };
  try {
    tracing?.traceRequests(app);
    logRequests(app, metrics, withoutRedaction(log));
    const isStopping = () => closing !== undefined;
    await registerRoutes(app, config, { ...parts, metrics, now, version: overrides.version, isStopping });
    if (backgroundWork ?? true) census.start();
    webhooks = config.webhooks && startWebhooks(config.webhooks, { store, log: logFunctions(log), now, meter });
  } catch (error) {
    await Promise.allSettled([close()]);
    throw error;
  }
  metrics.loadSoon();
  return { app, manager, store, close };
}

/** What the routes need beside the configuration. */
interface RoutesRoom extends Pick<OpenParts, 'store' | 'manager'> {
  readonly metrics: LateMetrics;
  readonly now: () => number;
  readonly version: string | undefined;
  readonly isStopping: () => boolean;
}

async function registerRoutes(app: FastifyInstance<Server>, config: Config, room: RoutesRoom): Promise<void> {
  const { manager, metrics, now, version, isStopping } = room;
  const { apiKeys, jwt, baseUrl, brand } = config;
  const { documents, counters } = room.store;
  useProblems(app);
  refusePlainHttp(app, config);
  const revoked = new RevokedCallers(documents, now);
  const authenticate = createCallerAuth({ apiKeys, jwt, documents, revoked, now });
  const rateLimits = { counters, ...config.trust.limits };
  await app.register(browserRoutes, { manager, baseUrl, brand, now, limits: rateLimits });
  app.get('/', { schema: { hide: true } }, async ({ headers }, reply) => {
    if (!/text\/html/i.test(headers.accept ?? '')) return reply.callNotFound();
    // A person with a browser: that page tells how to get in.
    return reply.redirect(`${baseUrl}/connections`, 303);
  });
  await app.register(api, {
    manager,
    authenticate,
    administration: createAdministration(documents, revoked, now),
    limits: rateLimits,
    auditFailOpen: config.trust.audit.failOpen,
    metrics: metrics.registry,
    baseUrl,
    version,
    isStopping,
  });
}

/** One log line and one observation for each answer; of the request only what no person has typed. */
function logRequests(app: FastifyInstance, metrics: LateMetrics, log: Logger): void {
  app.addHook('onResponse', (request, reply, done) => {
    const { method, id } = request;
    const route = request.routeOptions.url ?? 'none';
    const durationMs = Math.round(reply.elapsedTime * 10) / 10;
    metrics.observe({ method, route, status: reply.statusCode, seconds: reply.elapsedTime / 1000 });
    log.info({ request_id: id, method, route, status: reply.statusCode, duration_ms: durationMs }, 'answered');
    done();
  });
}
