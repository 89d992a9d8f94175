/** The way out for URLs that strangers chose: public addresses only, each checked, and the one checked is connected to. */

import { type LookupAddress, lookup as lookupName } from 'node:dns';
import type { LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';
import { isAllowedEndpoint } from '../core/endpoint.js';
import { createHttp, type Http } from './http.js';
import { HttpFailure } from './http-failure.js';
import { type LateDispatcher, openLate } from './late-dispatcher.js';

/** How names become addresses; all of them, in any order. */
export type Resolve = (hostname: string) => Promise<readonly LookupAddress[]>;

/** How the guard is set. Durations are ms. */
export interface GuardOptions {
  /** Lets `http:` and `https:` reach loopback, by its own names only; for development and tests. */
  readonly allowInsecureLoopback?: boolean;
  /** For one exchange, name lookup included. Default 5 s. */
  readonly deadlineMs?: number;
  readonly resolve?: Resolve;
  readonly now?: () => number;
}

/** `fetch` for one URL; of `init` it takes method, headers, signal, and a body of text or bytes. */
export type StreamingFetch = (url: string | URL, init?: RequestInit) => Promise<Response>;

/** The way out for foreign URLs. */
export interface GuardedHttp extends Http {
  /** As `fetch`, with a body that streams: for the MCP server itself. Never follows a redirect. */
  readonly stream: StreamingFetch;
  close(): Promise<void>;
}

/** The largest foreign answer that is read, after decompression: metadata and token responses are a few KiB. */
const largestForeignAnswerBytes = 64 * 1024;

/**
 * Opens the guarded way out. https only; every address that a name has must be public, and the connection goes to one
 * of those that were checked, so that a name cannot mean something else a moment later.
 *
 * @returns `fetch` that rejects with `HttpFailure`; an address that is refused looks like one that does not answer
 */
export function createGuardedHttp(options: GuardOptions = {}): GuardedHttp {
  const { allowInsecureLoopback = false, deadlineMs = 5_000, resolve = resolveAll, now } = options;
  const dispatcher = createGuardedAgent({ allowInsecureLoopback, deadlineMs, resolve });
  const http = createHttp({
    dispatcher,
    allowInsecureLoopback,
    deadlineMs,
    largestAnswerBytes: largestForeignAnswerBytes,
    ...(now && { now }),
  });
  return { ...http, stream: streamThrough(dispatcher, allowInsecureLoopback) };
}

/** Whether a connection to this address is one to the public internet. Everything that is not known to be is refused. */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const read = ipaddr.process(address);
  return read.range() === 'unicast' && (!(read instanceof ipaddr.IPv6) || read.match(globalUnicast));
}

/** All of IPv6 that was ever given out (RFC 4291 2.4). Outside of it is, for example, `::7f00:1`, which means 127.0.0.1. */
const globalUnicast = ipaddr.IPv6.parseCIDR('2000::/3');

function createGuardedAgent(guard: Required<Omit<GuardOptions, 'now'>>): LateDispatcher {
  const { allowInsecureLoopback, deadlineMs, resolve } = guard;
  const mayConnect = (hostname: string, address: string) =>
    isPublicAddress(address) || (allowInsecureLoopback && isLoopback(hostname, address));
  const lookup: LookupFunction = (hostname, wanted, done) => {
    resolve(hostname).then(
      (addresses) => {
        const [first] = addresses;
        if (first === undefined || !addresses.every(({ address }) => mayConnect(hostname, address))) {
          done(refusal(), '', 0);
        } else if (wanted.all) done(null, [...addresses]);
        else done(null, first.address, first.family);
      },
      () => done(refusal(), '', 0),
    );
  };
  return openLate(({ Agent, buildConnector }) => {
    const connect = buildConnector({ lookup, timeout: deadlineMs });
    return new Agent({
      pipelining: 0,
      // An address in place of a name is never looked up, so it is checked here.
      connect: (target, done) => {
        const { hostname } = target;
        if (ipaddr.isValid(hostname) && !mayConnect(hostname, hostname)) done(refusal(), null);
        else connect(target, done);
      },
    });
  });
}

/** Loopback by its own names: a public name that leads there is somebody's trick. */
function isLoopback(hostname: string, address: string): boolean {
  const isOwnName = hostname === 'localhost' || hostname === address;
  return isOwnName && ipaddr.isValid(address) && ipaddr.process(address).range() === 'loopback';
}

/** One error for every address that is refused and every name that cannot be resolved. */
function refusal(): Error {
  return new HttpFailure('connection', 'no');
}

function resolveAll(hostname: string): Promise<readonly LookupAddress[]> {
  return new Promise((resolve, reject) => {
    lookupName(hostname, { all: true }, (error, addresses) => (error ? reject(error) : resolve(addresses)));
  });
}

/** Bodies are sent from memory, so that a request can be repeated; answers stream, as MCP servers do. */
function streamThrough(dispatcher: LateDispatcher, allowInsecureLoopback: boolean): StreamingFetch {
  return async (target, init = {}) => {
    const url = new URL(target);
    if (!isAllowedEndpoint(url, allowInsecureLoopback)) throw new HttpFailure('insecure', 'no');
    const opened = await dispatcher.open();
    // It is loaded by now.
    const { fetch: undiciFetch } = await import('undici');
    const answer = await undiciFetch(url, {
      method: init.method ?? 'GET',
      headers: [...new Headers(init.headers)],
      body: typeof init.body === 'string' || init.body instanceof Uint8Array ? init.body : null,
      signal: init.signal ?? null,
      redirect: 'manual',
      dispatcher: opened,
    });
    return new Response(answer.body, { status: answer.status, headers: [...answer.headers] });
  };
}
