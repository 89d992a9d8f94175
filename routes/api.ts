/** The HTTP API for bots as one plugin: health and description at the root, everything else under `/v1`. */

import type { FastifyInstance, FastifyPluginAsync } from 'fastify';
import { serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod';
import type { Registry } from 'prom-client';
import type { OAuthManager } from '../src/oauth-manager.js';
import { type Authenticate, type Role, requireCallers } from './caller.js';
import { connectionsApi } from './connections-api.js';
import { connects } from './connects.js';
import { answerError, MethodNotAllowed } from './error-handler.js';
import { events } from './events.js';
import { health } from './health.js';
import { describeApi } from './openapi.js';
import { providers } from './providers.js';
import { tokens } from './tokens.js';

export interface ApiOptions {
  readonly manager: OAuthManager;
  readonly authenticate: Authenticate;
  /** Served at `/metrics`. */
  readonly metrics?: Registry;
  /** Public address, for the OpenAPI document. */
  readonly baseUrl?: string;
  /** Version of the program, for the OpenAPI document. */
  readonly version?: string;
  /** `true` once the process was told to stop: `/readyz` says so. */
  readonly isStopping?: () => boolean;
  /** How often a quiet event stream says that it is there, ms. */
  readonly heartbeatMs?: number;
}

/**
 * All of the API. Expects `serverOptions` (server-options.ts) on the Fastify instance, and `useProblems`
 * (error-handler.ts) at its root for addresses that are unknown.
 */
export const api: FastifyPluginAsync<ApiOptions> = async (app, options) => {
  app.setErrorHandler(answerError);
  await describeApi(app, options);
  const { manager, metrics, isStopping } = options;
  await app.register(health, { manager, metrics, isStopping });
  await app.register(v1, { ...options, prefix: '/v1' });
};

const v1: FastifyPluginAsync<ApiOptions> = async (app, options) => {
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  readJsonOnly(app);
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('cache-control', 'no-store').header('pragma', 'no-cache');
  });
  const { manager, authenticate, heartbeatMs } = options;
  requireCallers(app, authenticate);
  const methods = recordMethods(app);
  await app.register(providers, { manager });
  await app.register(tokens, { manager });
  await app.register(connects, { manager });
  await app.register(connectionsApi, { manager });
  await app.register(events, { manager, authenticate, heartbeatMs });
  refuseOtherMethods(app, methods);
};

/**
 * One parser, whatever else the program reads: forms are the browser's half. An empty body counts as none, because
 * many clients name the type of a body that they do not send.
 */
function readJsonOnly(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  const parse = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body.length === 0) done(null, undefined);
    else parse(request, String(body), done);
  });
}

const everyMethod = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;
const everyRole: readonly Role[] = ['bot', 'viewer', 'admin', 'user'];

function recordMethods(app: FastifyInstance): Map<string, Set<string>> {
  const methods = new Map<string, Set<string>>();
  app.addHook('onRoute', ({ path, prefix, method }) => {
    const url = path.slice(prefix.length);
    methods.set(url, new Set([...(methods.get(url) ?? []), ...[method].flat()]));
  });
  return methods;
}

/** Fastify answers 404 to a method that an address does not know; RFC 9110 section 15.5.6 wants 405 with `Allow`. */
function refuseOtherMethods(app: FastifyInstance, methods: ReadonlyMap<string, ReadonlySet<string>>): void {
  for (const [url, known] of [...methods]) {
    const allow = [...known].join(', ');
    app.route({
      method: everyMethod.filter((method) => !known.has(method)),
      url,
      config: { roles: everyRole },
      schema: { hide: true },
      onRequest: async (_request, reply) => {
        reply.header('allow', allow);
        throw new MethodNotAllowed();
      },
      handler: () => undefined,
    });
  }
}
