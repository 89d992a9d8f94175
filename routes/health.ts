/** Whether the process runs, whether it can work, and its metrics. For machines: without a credential and details. */

import type { FastifyPluginAsync } from 'fastify';
import type { Registry } from 'prom-client';
import { OAuthManagerError, StoreUnavailable } from '../src/core/errors.js';
import type { OAuthManager } from '../src/oauth-manager.js';

/** What these routes need. */
export interface HealthOptions {
  readonly manager: OAuthManager;
  /** Served at `/metrics`; without it there is no such route. */
  readonly metrics?: () => Promise<Registry>;
  /** `true` once the process was told to stop: it should get no new work then. */
  readonly isStopping?: () => boolean;
}

/** `GET /healthz`, `/readyz` and `/metrics`. */
export const health: FastifyPluginAsync<HealthOptions> = async (app, { manager, metrics, isStopping }) => {
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('cache-control', 'no-store');
  });
  app.get('/healthz', { schema: { hide: true } }, async () => ({ status: 'ok' }));

  app.get('/readyz', { schema: { hide: true } }, async (request) => {
    if (isStopping?.()) throw new StoreUnavailable('The service is stopping.', 'no');
    await manager.checkStore().catch((error: unknown) => {
      const kind = error instanceof Error ? error.name : typeof error;
      const problem = error instanceof OAuthManagerError ? { problem: error.message } : {};
      request.log.warn({ kind, ...problem }, 'not ready');
      throw new StoreUnavailable('The store cannot be used.', 'no');
    });
    return { status: 'ready' };
  });

  if (metrics === undefined) return;
  app.get('/metrics', { schema: { hide: true } }, async (_request, reply) => {
    const registry = await metrics();
    reply.header('content-type', registry.contentType);
    return registry.metrics();
  });
};
