/** The only way out: https, a deadline for the whole exchange, no redirects, a size limit, no repeated requests. */

import { promisify } from 'node:util';
import { type BrotliOptions, brotliDecompress, gunzip, inflate, type ZlibOptions } from 'node:zlib';
import { isAllowedEndpoint } from '../core/endpoint.js';
import { Exchange, type RawAnswer } from './exchange.js';
import { HttpFailure } from './http-failure.js';
import { keepBriefly } from './kept-connections.js';
import type { LateDispatcher } from './late-dispatcher.js';
import { wholeResponse } from './whole-response.js';

/** What protocol functions need to reach an authorization server. */
export interface Http {
  /** `fetch` that never follows a redirect, ends by its deadline, and refuses answers that are too large. */
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  /** Epoch ms. */
  readonly now: () => number;
  /** Where an odd but usable answer is reported; never with a secret. */
  readonly warn?: (fields: object, message: string) => void;
}

/** How requests are made. Durations are ms. */
export interface HttpOptions {
  /** For name lookup, connection, request and body together. Default 10 s: longer than any healthy token endpoint takes. */
  readonly deadlineMs?: number;
  /** Allows `http:` to loopback addresses; for development and tests. */
  readonly allowInsecureLoopback?: boolean;
  readonly now?: () => number;
  /** The connections themselves; one that checks addresses is handed in here for URLs that strangers chose. */
  readonly dispatcher?: LateDispatcher;
  /** The largest answer that is read, after decompression. Default 1 MiB. */
  readonly largestAnswerBytes?: number;
  readonly warn?: Http['warn'];
}

/** What we call ourselves. Some authorization servers refuse requests without it. */
export const userAgent = 'valetkey';

/** The largest answer that is read, after decompression: a token response is a few KiB. */
export const largestAnswerBytes = 1024 * 1024;

type Decompress = (body: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>;

const decompressors: ReadonlyMap<string, Decompress> = new Map([
  ['gzip', promisify<Buffer, ZlibOptions, Buffer>(gunzip)],
  ['x-gzip', promisify<Buffer, ZlibOptions, Buffer>(gunzip)],
  ['deflate', promisify<Buffer, ZlibOptions, Buffer>(inflate)],
  ['br', promisify<Buffer, BrotliOptions, Buffer>(brotliDecompress)],
]);

/**
 * Opens the door to configured endpoints. Connections are kept for the next request as {@link keepBriefly} says.
 *
 * @returns `fetch` that rejects with {@link HttpFailure} and nothing else; `close` ends what is still open
 */
export function createHttp(options: HttpOptions = {}): Http & { close(): Promise<void> } {
  const dispatcher = options.dispatcher ?? keepBriefly();
  const { deadlineMs = 10_000, largestAnswerBytes: largestBytes = largestAnswerBytes } = options;
  const settings = { dispatcher, deadlineMs, largestBytes };
  return {
    now: options.now ?? Date.now,
    ...(options.warn && { warn: options.warn }),
    fetch: async (url, init) => {
      const target = checkUrl(url, options.allowInsecureLoopback ?? false);
      return toResponse(await send(target, init, settings), largestBytes);
    },
    close: () => dispatcher.close(),
  };
}

function checkUrl(text: string, allowInsecureLoopback: boolean): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !isAllowedEndpoint(url, allowInsecureLoopback)) throw new HttpFailure('insecure', 'no');
  return url;
}

/** One exchange under one deadline. */
async function send(
  url: URL,
  init: RequestInit,
  settings: { dispatcher: LateDispatcher; deadlineMs: number; largestBytes: number },
): Promise<RawAnswer> {
  const dispatcher = await settings.dispatcher.open();
  const exchange = new Exchange(settings.largestBytes);
  const timer = setTimeout(() => exchange.fail('timeout'), settings.deadlineMs);
  const onAbort = () => exchange.fail('timeout');
  init.signal?.addEventListener('abort', onAbort, { once: true });
  if (init.signal?.aborted) onAbort();
  try {
    dispatcher.dispatch(
      {
        origin: url.origin,
        path: `${url.pathname}${url.search}`,
        method: init.method ?? 'GET',
        headers: readHeaders(init.headers),
        body: init.body === null || init.body === undefined ? null : String(init.body),
      },
      exchange,
    );
    return await exchange.answer;
  } finally {
    clearTimeout(timer);
    init.signal?.removeEventListener('abort', onAbort);
  }
}

function readHeaders(given: RequestInit['headers']): Record<string, string> {
  try {
    const headers = new Headers(given);
    headers.set('accept-encoding', 'identity');
    if (!headers.has('user-agent')) headers.set('user-agent', userAgent);
    return Object.fromEntries(headers);
  } catch {
    // The message of the error would show the value, which may be a token.
    throw new HttpFailure('connection', 'no');
  }
}

const utf8 = new TextDecoder();

/** A `Response` of what came, decompressed within the size limit. Redirects end here. */
async function toResponse(raw: RawAnswer, largestBytes: number): Promise<Response> {
  if (raw.status >= 300 && raw.status < 400) throw new HttpFailure('redirect', 'unknown', raw.status);
  if (raw.status > 599) throw new HttpFailure('connection', 'unknown');
  const headers = new Headers(raw.headers);
  const body = await decompress(raw.body, headers.get('content-encoding') ?? 'identity', largestBytes);
  headers.delete('content-encoding');
  headers.delete('content-length');
  return wholeResponse(utf8.decode(body), { status: raw.status, headers });
}

/** Some servers compress although they were asked not to. */
async function decompress(body: Buffer, encoding: string, largestBytes: number): Promise<Buffer> {
  const name = encoding.trim().toLowerCase();
  if (name === 'identity' || name === '' || body.length === 0) return body;
  const decompressor = decompressors.get(name);
  if (!decompressor) throw new HttpFailure('connection', 'unknown');
  try {
    return await decompressor(body, { maxOutputLength: largestBytes });
  } catch (error) {
    const tooLarge = error instanceof RangeError;
    throw new HttpFailure(tooLarge ? 'too_large' : 'connection', 'unknown');
  }
}
