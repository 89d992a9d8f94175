/**
 * Setup file of every test: no connection leaves this machine, and a test that tries to make one fails.
 *
 * net, tls, http, fetch and undici all end in `net.Socket.prototype.connect`; names are refused before they are looked up.
 */

import dgram from 'node:dgram';
import dns from 'node:dns';
import { syncBuiltinESMExports } from 'node:module';
import net from 'node:net';
import { afterEach } from 'vitest';

const attempts: string[] = [];

/** The error of refused connections. */
class NetworkRefused extends Error {
  readonly code = 'ERR_TEST_NETWORK_REFUSED';

  constructor(target: string) {
    super(`Tests have no network: the connection to ${target} was refused.`);
  }
}

/** Records the attempt for `afterEach` and returns its error. */
function refuse(target: string): NetworkRefused {
  attempts.push(target);
  return new NetworkRefused(target);
}

/** Whether this host can only be this machine (RFC 1122 3.2.1.3 g, RFC 4291 2.5.3, RFC 6761 6.3). */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  if (bare === 'localhost' || bare === '::1') return true;
  return net.isIPv4(bare.replace(/^::ffff:/, '')) && bare.replace(/^::ffff:/, '').startsWith('127.');
}

/** Returns the attempts to leave this machine since the last call, for tests that make one on purpose. */
export function takeRefusedConnections(): string[] {
  return attempts.splice(0);
}

type ConnectOptions = Partial<net.TcpNetConnectOpts & net.IpcNetConnectOpts>;

/** `connect` is called as (options), (port, host), (path) or, inside node, ([options, callback]). */
function readOptions(args: readonly unknown[]): ConnectOptions {
  const first = Array.isArray(args[0]) ? args[0][0] : args[0];
  if (typeof first === 'object' && first !== null) return first;
  if (typeof first === 'string' && !/^\d+$/.test(first)) return { path: first };
  return { port: Number(first), ...(typeof args[1] === 'string' ? { host: args[1] } : {}) };
}

/** With a caller's own lookup function, its answers must be checked, as they decide where a name leads. */
function guardLookup(lookup: net.LookupFunction): net.LookupFunction {
  return (hostname, options, callback) =>
    lookup(hostname, options, (error, address, family) => {
      const found = Array.isArray(address) ? address.map((entry) => entry.address) : [address];
      const outside = error ? undefined : found.find((each) => !isLoopback(each));
      if (outside === undefined) callback(error, address, family);
      else callback(refuse(`${hostname} (${outside})`), address, family);
    });
}

const connect = net.Socket.prototype.connect;

net.Socket.prototype.connect = function guardedConnect(this: net.Socket, ...args: unknown[]): net.Socket {
  const options = readOptions(args);
  const host = options.host ?? 'localhost';
  const isInside = options.path !== undefined || isLoopback(host);
  if (!isInside && options.lookup && net.isIP(host) === 0) options.lookup = guardLookup(options.lookup);
  else if (!isInside) {
    const error = refuse(`${host}:${options.port}`);
    process.nextTick(() => this.destroy(error));
    return this;
  }
  return Reflect.apply(connect, this, args);
};

const { lookup } = dns;
const lookupPromise = dns.promises.lookup;

dns.lookup = Object.assign(function guardedLookup(host: string, ...rest: unknown[]) {
  if (isLoopback(host) || net.isIP(host)) return Reflect.apply(lookup, dns, [host, ...rest]);
  const callback = rest.at(-1);
  const error = refuse(`${host} (name look-up)`);
  if (typeof callback === 'function') process.nextTick(callback, error);
}, lookup);

dns.promises.lookup = Object.assign(async function guardedLookup(host: string, ...rest: unknown[]) {
  if (isLoopback(host) || net.isIP(host)) return Reflect.apply(lookupPromise, dns.promises, [host, ...rest]);
  throw refuse(`${host} (name look-up)`);
}, lookupPromise);

dgram.Socket.prototype.send = function refusedSend(): never {
  throw refuse('a datagram');
};

syncBuiltinESMExports();

afterEach(() => {
  const tried = takeRefusedConnections();
  if (tried.length > 0) throw new Error(`The test tried to leave this machine: ${tried.join(', ')}`);
});
