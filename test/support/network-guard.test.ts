/** What the network guard of all tests refuses, and what it allows. */

import dgram from 'node:dgram';
import { lookup } from 'node:dns';
import { lookup as lookupPromise } from 'node:dns/promises';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import tls from 'node:tls';
import { Agent, request, fetch as undiciFetch } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isLoopback, takeRefusedConnections } from './network-guard.js';

const server = http.createServer((_request, response) => response.end('here'));
let port = 0;

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  port = typeof address === 'object' && address ? address.port : 0;
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

/** The error that the socket, or the request on it, ends with. */
const errorOf = (source: NodeJS.EventEmitter) => new Promise<Error>((resolve) => source.once('error', resolve));

// 192.0.2.1 and example.com are reserved for examples (RFC 5737, RFC 2606).
const ways: Record<string, () => Promise<unknown>> = {
  'net.connect to an address': () => errorOf(net.connect(443, '192.0.2.1')),
  'net.connect to a name': () => errorOf(net.connect({ port: 443, host: 'example.com' })),
  'net.connect to an IPv6 address': () => errorOf(net.connect({ port: 443, host: '2001:db8::1' })),
  'tls.connect': () => errorOf(tls.connect({ port: 443, host: 'example.com' })),
  'http.get': () => errorOf(http.get('http://example.com/')),
  'https.get': () => errorOf(https.get('https://example.com/')),
  fetch: () => fetch('https://example.com/').catch((error) => error.cause),
  'fetch of undici': () => undiciFetch('https://example.com/').catch((error) => error.cause),
  'request of undici': () => request('http://192.0.2.1/').catch((error) => error),
  'undici with a look-up that leads outside': () =>
    request('http://example.com/', {
      dispatcher: new Agent({
        connect: { lookup: (_host, _options, callback) => callback(null, [{ address: '192.0.2.1', family: 4 }]) },
      }),
    }).catch((error) => error),
  'dns.lookup': () => new Promise((resolve) => lookup('example.com', resolve)),
  'dns.promises.lookup': () => lookupPromise('example.com').catch((error) => error),
  dgram: async () => {
    const socket = dgram.createSocket('udp4');
    try {
      socket.send('x', 53, '192.0.2.1');
    } catch (error) {
      return error;
    } finally {
      socket.close();
    }
  },
};

describe('network guard', () => {
  it.each(Object.keys(ways))('refuses %s', async (way) => {
    expect(await ways[way]?.()).toMatchObject({ code: 'ERR_TEST_NETWORK_REFUSED' });
    expect(takeRefusedConnections()).toHaveLength(1);
  });

  it.each(['127.0.0.1', 'localhost'])('lets a request to %s through', async (host) => {
    expect(await (await fetch(`http://${host}:${port}/`)).text()).toBe('here');
  });

  it('lets a name through that its own look-up leads to this machine', async () => {
    const dispatcher = new Agent({
      connect: { lookup: (_host, _options, callback) => callback(null, [{ address: '127.0.0.1', family: 4 }]) },
    });
    const answer = await request(`http://example.com:${port}/`, { dispatcher });
    expect(await answer.body.text()).toBe('here');
    await dispatcher.close();
  });

  it.each(['127.0.0.1', '127.8.9.1', 'LOCALHOST', '::1', '[::1]', '::ffff:127.0.0.1'])('knows %s as here', (host) => {
    expect(isLoopback(host)).toBe(true);
  });

  it.each(['127.0.0.1.example.com', '0.0.0.0', '10.0.0.1', 'localhost.example.com', '::', '127.1.example'])(
    'knows %s as elsewhere',
    (host) => {
      expect(isLoopback(host)).toBe(false);
    },
  );
});
