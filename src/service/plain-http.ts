/** Refuses API calls that came to a trusted proxy by plain http: their API key was readable on its way. */

import { BlockList, isIPv6 } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { Forbidden } from '../core/errors.js';
import type { Config } from './config.js';
import type { TrustedProxies } from './config-schema.js';

/**
 * Refuses calls of the API when a proxy of `TRUST_PROXY` says in `X-Forwarded-Proto` that they came by http although the
 * public URL of the service is https. They are not redirected, because a client that follows redirects would send its
 * credential unencrypted each time. Calls without that header, such as a probe or a bot beside the service, are let through.
 */
export function refusePlainHttp(app: FastifyInstance, { baseUrl, trustProxy }: Pick<Config, 'baseUrl' | 'trustProxy'>) {
  if (trustProxy === undefined || !baseUrl.startsWith('https:')) return;
  const isTrusted = trustOf(trustProxy);
  app.addHook('onRequest', (request, _reply, done) => {
    const { headers, socket, routeOptions } = request;
    // The last value is that of the nearest proxy; Fastify's `request.protocol` reads it, too, but falls back to our socket.
    const scheme = String(headers['x-forwarded-proto'] ?? '')
      .split(',')
      .at(-1)
      ?.trim()
      .toLowerCase();
    const isPlain = scheme === 'http' && routeOptions.url?.startsWith('/v1/') && isTrusted(socket.remoteAddress ?? '');
    done(isPlain ? new Forbidden('The API answers by https only.') : undefined);
  });
}

/** Whether the peer of a connection is one of the proxies; if they are given as a count, every peer is. */
function trustOf(proxies: TrustedProxies): (address: string) => boolean {
  if (typeof proxies === 'number') return () => true;
  const trusted = new BlockList();
  for (const proxy of proxies) {
    const [address = '', bits] = proxy.split('/');
    if (bits === undefined) trusted.addAddress(address, familyOf(address));
    else trusted.addSubnet(address, Number(bits), familyOf(address));
  }
  return (address) => trusted.check(address, familyOf(address));
}

const familyOf = (address: string) => (isIPv6(address) ? 'ipv6' : 'ipv4');
