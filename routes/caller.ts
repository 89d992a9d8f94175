/** Who calls the API and what the credential allows. Every route declares its roles, or the program does not start. */

import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Forbidden, Unauthorized } from '../src/core/errors.js';
import type { ProviderId, TenantId, UserId } from '../src/core/identifiers.js';
import type { RateLimits } from './rate-limit.js';

/**
 * `bot`: tokens, connects, proofs and connections of its tenant. `viewer`: lists, never a token. `admin`: everything.
 * `user`: a person's own JWT, for that person's own records only.
 */
export type Role = 'bot' | 'viewer' | 'admin' | 'user';

/** An authenticated caller. Tenant and providers come from the credential only, never from the request. */
export interface Caller {
  /** For logs and rate limits: the id of the key, or the subject of the JWT. */
  readonly id: string;
  /** Set for a JWT, as its subject may be equal to the id of an API key. */
  readonly credential?: 'jwt';
  /** The person or team responsible for it, if the id means nothing to people. */
  readonly name?: string;
  readonly role: Role;
  readonly tenant: TenantId;
  /** Absent = every provider. */
  readonly providers?: readonly ProviderId[];
  /** Whose records a caller of role `user` may touch. */
  readonly userId?: UserId;
}

/**
 * Finds out who calls.
 *
 * @throws {Unauthorized} no usable credential
 * @throws {StoreUnavailable | KeyUnavailable} the credential cannot be checked now
 */
export type Authenticate = (headers: IncomingHttpHeaders) => Promise<Caller>;

/** The property of a request that holds its caller. A weak map would cost the garbage collector 0.5 µs each time. */
const callerKey = Symbol('caller');

declare module 'fastify' {
  interface FastifyRequest {
    [callerKey]?: Caller;
  }
  interface FastifyContextConfig {
    /** Who may call this route. */
    roles?: readonly Role[];
    /** Concerns connections at every provider, so a credential for some of them is not enough. */
    everyProvider?: boolean;
  }
}

/** The caller of a request, if it was authenticated. */
export function findCaller(request: FastifyRequest): Caller | undefined {
  return request[callerKey];
}

/** The caller of a request. Throws `TypeError` outside of the routes that {@link requireCallers} guards. */
export function callerOf(request: FastifyRequest): Caller {
  const caller = request[callerKey];
  if (caller === undefined) throw new TypeError('This route is not guarded: it has no caller.');
  return caller;
}

/** Whether the credential allows connections at that provider. */
export function reachesProvider(caller: Caller, provider: string): boolean {
  return caller.providers === undefined || caller.providers.some((allowed) => allowed === provider);
}

/**
 * Guards all routes that are added to `app` from now on: credential first, before a body is even read (RFC 9110
 * section 15.5.2), then role, user and provider.
 *
 * @throws {TypeError} when a route without roles is added
 */
export function requireCallers(app: FastifyInstance, authenticate: Authenticate, limits?: RateLimits): void {
  app.addHook('onRoute', (route) => {
    if (route.config?.roles === undefined || route.config.roles.length === 0) {
      throw new TypeError(`${String(route.method)} ${route.url} declares no roles in its config.`);
    }
  });
  app.addHook('onRequest', async (request, reply) => {
    let caller: Caller;
    try {
      caller = await authenticate(request.headers);
    } catch (error) {
      if (error instanceof Unauthorized)
        await (error.presented ? limits?.refused(request, reply) : limits?.anonymous(request));
      throw error;
    }
    request[callerKey] = caller;
    const { tenant, role, credential = '', id } = caller;
    const counting = limits?.caller(request, reply, `${tenant}\n${role}${credential}\n${id}`);
    if (counting !== undefined) await counting;
    checkReach(request, caller);
  });
}

function checkReach(request: FastifyRequest, caller: Caller): void {
  const { roles = [], everyProvider = false } = request.routeOptions.config;
  if (!roles.includes(caller.role)) throw new Forbidden('The role of this credential may not do that.');
  const user = findParam(request, 'user');
  if (caller.role === 'user' && user !== undefined && user !== caller.userId) {
    throw new Forbidden('This credential may act for its own user only.');
  }
  const provider = findParam(request, 'provider');
  if ((everyProvider && caller.providers) || (provider !== undefined && !reachesProvider(caller, provider))) {
    throw new Forbidden('This credential does not reach that provider.');
  }
}

function findParam(request: FastifyRequest, name: string): string | undefined {
  const params = request.params;
  if (typeof params !== 'object' || params === null) return undefined;
  const value: unknown = Reflect.get(params, name);
  return typeof value === 'string' ? value : undefined;
}
