/** The HTTP API for bots as one plugin: health and description at the root, everything else under `/v1`. */

import type { FastifyInstance, FastifyPluginAsync } from 'fastify';
import { serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod';
import type { Registry } from 'prom-client';
import type { OAuthManager } from '../src/oauth-manager.js';
import { type Administration, administration } from './administration.js';
import { recordCallers, recordLimited } from './audit.js';
import { auditTrail } from './audit-trail.js';
import { type Authenticate, type Role, requireCallers } from './caller.js';
import { connectionsApi } from './connections-api.js';
import { connects } from './connects.js';
import { answerError, MethodNotAllowed } from './error-handler.js';
import { events } from './events.js';
import { exchange } from './exchange.js';
import { health } from './health.js';
import { mcpTokens } from './mcp.js';
import { describeApi } from './openapi.js';
import { providers } from './providers.js';
import { createRateLimits, type RateLimitOptions } from './rate-limit.js';
import { tokens } from './tokens.js';

/** What the routes below `/v1` need. */
export interface V1Options {
  readonly manager: OAuthManager;
  readonly authenticate: Authenticate;
  /** API keys and refused callers; without it there are no such routes. */
  readonly administration?: Administration;
  /** How often callers may ask; without it, there is no limit. */
  readonly limits?: RateLimitOptions;
  /** Hands out tokens and links also when the audit trail cannot be written to. */
  readonly auditFailOpen?: boolean;
  /** After this time without an event, a stream sends a comment to stay open, ms. */
  readonly heartbeatMs?: number;
}

/** The same, and what the routes beside `/v1` need. */
export interface ApiOptions extends V1Options {
  /** Served at `/metrics`. */
  readonly metrics?: () => Promise<Registry>;
  /** Public address, for the OpenAPI document. */
  readonly baseUrl?: string;
  /** Version of the program, for the OpenAPI document. */
  readonly version?: string;
  /** `true` once the process was told to stop: `/readyz` says so. */
  readonly isStopping?: () => boolean;
}

/**
 * All of the API. Expects `serverOptions` (server-options.ts) on the Fastify instance, and `useProblems`
 * (error-handler.ts) at its root for addresses that are unknown.
 */
export const api: FastifyPluginAsync<ApiOptions> = async (app, options) => {
  app.setErrorHandler(answerError);
  describeApi(app, options);
  const { manager, metrics, isStopping } = options;
  await app.register(health, { manager, metrics, isStopping });
  await app.register(v1, { ...options, prefix: '/v1' });
};

/**
 * The routes under `/v1` alone. Compilers, parsers and error handling stay inside the plugin.
 */
export const v1: FastifyPluginAsync<V1Options> = async (app, options) => {
  app.setErrorHandler(answerError);
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  readJsonOnly(app);
  app.addHook('onRequest', (_request, reply, done) => {
    reply.header('cache-control', 'no-store').header('pragma', 'no-cache');
    done();
  });
  const { manager, authenticate, heartbeatMs, auditFailOpen } = options;
  const limits = options.limits && createRateLimits(options.limits, (...stopped) => recordLimited(manager, ...stopped));
  requireCallers(app, authenticate, limits);
  recordCallers(app, { trail: manager, failOpen: auditFailOpen });
  const methods = recordMethods(app);
  await app.register(providers, { manager });
  await app.register(tokens, { manager });
  await app.register(exchange, { manager });
  await app.register(mcpTokens, { manager });
  await app.register(connects, { manager });
  await app.register(connectionsApi, { manager });
  await app.register(events, { manager, authenticate, heartbeatMs });
  await app.register(auditTrail, { manager });
  if (options.administration) await app.register(administration, { administration: options.administration, manager });
  refuseOtherMethods(app, methods);
};

/**
 * JSON is the only body of the API, whatever parsers a host has; only the browser pages take forms. An empty body counts
 * as none, because many clients send a content type without a body.
 */
function readJsonOnly(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  const parse = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body.length === 0) done(null, undefined);
    else parse(request, String(body), done);
  });
  // An empty body of another type is allowed: `curl -d ''` calls it a form.
  app.addContentTypeParser('*', ({ headers }, _body, done) => {
    const isEmpty = (headers['content-length'] ?? '0') === '0' && headers['transfer-encoding'] === undefined;
    done(isEmpty ? null : new UnsupportedMediaType(), undefined);
  });
}

class UnsupportedMediaType extends Error {
  readonly statusCode = 415;
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

/** Fastify answers 404 to a method that a path does not have; RFC 9110 section 15.5.6 requires 405 with `Allow`. */
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
