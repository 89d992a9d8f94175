/** How this program's HTTP servers treat connections and requests before any route sees them. */

import { randomUUID } from 'node:crypto';
import type { Server } from 'node:http';
import { type FastifyHttpOptions, LogController } from 'fastify';
import type { Config } from './config.js';
import type { TrustedProxies } from './config-schema.js';
import { RequestLog } from './request-log.js';

/** A client that is slow or silent is disconnected; our longest answer is a long poll of 30 s. */
export const limits = {
  connectionTimeout: 120_000,
  requestTimeout: 20_000,
  keepAliveTimeout: 72_000,
  http: { maxHeaderSize: 16 * 1024, headersTimeout: 15_000 },
  forceCloseConnections: 'idle',
} satisfies FastifyHttpOptions<Server>;

/** Ids, log and path of requests, and which proxies to trust. */
export function requestOptions(config: Pick<Config, 'baseUrl' | 'trustProxy'>): FastifyHttpOptions<Server> {
  const prefix = new URL(config.baseUrl).pathname.replace(/\/+$/, '');
  return {
    trustProxy: trustProxy(config.trustProxy),
    // Never taken from a header: ids in the log are ours.
    genReqId: () => randomUUID(),
    childLoggerFactory: (parent, bindings) => new RequestLog(parent, bindings),
    // The line of `logRequests` replaces those of Fastify, which contain the URL.
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'request_id' }),
    // Some proxies remove the path prefix of BASE_URL, some pass it on.
    rewriteUrl: ({ url = '/' }: { url?: string }) =>
      prefix !== '' && url.startsWith(`${prefix}/`) ? url.slice(prefix.length) : url,
  };
}

/** Addresses as they are; a count trusts that many hops, counted from us (`@fastify/proxy-addr`). */
function trustProxy(proxies: TrustedProxies | undefined): FastifyHttpOptions<Server>['trustProxy'] {
  if (proxies === undefined) return false;
  return typeof proxies === 'number' ? (_address: string, hop: number) => hop < proxies : [...proxies];
}
