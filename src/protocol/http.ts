/** The only way out: https, a deadline for the whole exchange, no redirects, a size limit, no repeated requests. */

import { promisify } from 'node:util';
import { type BrotliOptions, brotliDecompress, gunzip, inflate, type ZlibOptions } from 'node:zlib';
import { isAllowedEndpoint } from '../core/endpoint.js';
import { RecentMap } from '../core/recent-map.js';
import { JoinedHeaders } from './answer-headers.js';
import { Exchange, type RawAnswer } from './exchange.js';
import { HttpFailure } from './http-failure.js';
import { keepBriefly } from './kept-connections.js';
import type { LateDispatcher } from './late-dispatcher.js';

/** One POST. Names of headers in lower case; `signal` ends it before its deadline. */
export interface Post {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly signal?: AbortSignal;
}

/** An answer that is here already, decompressed. */
export interface Answer {
  readonly status: number;
  readonly headers: JoinedHeaders;
  readonly text: string;
}

/** What protocol functions need to reach an authorization server. */
export interface Http {
  /** `fetch` that never follows a redirect, ends by its deadline, and refuses answers that are too large. */
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  /** The same for one POST, without `Headers` and `Response`, which take 15 µs of a refresh. */
  readonly post: (url: string, request: Post) => Promise<Answer>;
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

/** Far more endpoints than a deployment has; of strangers' URLs only the latest are kept. */
const mostTargets = 256;

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
 * @returns `fetch` and `post` that reject with {@link HttpFailure} and nothing else; `prepare` does what the first request
 *   would wait for, as far as no server is needed; `close` ends what is still open
 */
export function createHttp(options: HttpOptions = {}): Http & { prepare(): void; close(): Promise<void> } {
  const dispatcher = options.dispatcher ?? keepBriefly();
  const { deadlineMs = 10_000, largestAnswerBytes: largestBytes = largestAnswerBytes } = options;
  const allowed = { allowInsecureLoopback: options.allowInsecureLoopback ?? false };
  const targets = new RecentMap<string, Target>(mostTargets);
  const settings = { dispatcher, deadlineMs, largestBytes, targets, ...allowed };
  return {
    now: options.now ?? Date.now,
    ...(options.warn && { warn: options.warn }),
    fetch: async (url, init) => toResponse(await send(url, readInit(init), settings)),
    post: (url, { headers, body, signal }) =>
      send(url, { method: 'POST', headers: ownHeaders(headers), body, signal }, settings),
    prepare: () => void dispatcher.open().catch(() => undefined),
    close: () => dispatcher.close(),
  };
}

/** Where a request goes. */
interface Target {
  readonly origin: string;
  readonly path: string;
}

/** Checks a URL. The result is remembered, unless the URL has a query, in which a secret may stand. */
function targetOf(text: string, { allowInsecureLoopback, targets }: Settings): Target {
  const known = targets.get(text);
  if (known !== undefined) return known;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !isAllowedEndpoint(url, allowInsecureLoopback)) throw new HttpFailure('insecure', 'no');
  const target = { origin: url.origin, path: `${url.pathname}${url.search}` };
  if (url.search === '') targets.set(text, target);
  return target;
}

/** One request as the dispatcher takes it. */
interface Request {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body: string | null;
  readonly signal: AbortSignal | null | undefined;
}

/** How all requests of one door are made. */
interface Settings {
  readonly dispatcher: LateDispatcher;
  readonly deadlineMs: number;
  readonly largestBytes: number;
  readonly allowInsecureLoopback: boolean;
  readonly targets: RecentMap<string, Target>;
}

/** One exchange under one deadline. */
async function send(url: string, request: Request, settings: Settings): Promise<Answer> {
  const { origin, path } = targetOf(url, settings);
  const { method, headers, body, signal } = request;
  const dispatcher = await settings.dispatcher.open();
  const exchange = new Exchange(settings.largestBytes, performance.now() + settings.deadlineMs);
  const timer = setTimeout(() => exchange.fail('timeout'), settings.deadlineMs);
  const onAbort = () => exchange.fail('timeout');
  signal?.addEventListener('abort', onAbort, { once: true });
  if (signal?.aborted) onAbort();
  try {
    dispatcher.dispatch({ origin, path, method, headers, body }, exchange);
    return await toAnswer(await exchange.answer, settings.largestBytes);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  }
}

/** A name written behind a spread takes 0.6 µs, a second spread next to nothing. */
function ownHeaders(given: Readonly<Record<string, string>>): Record<string, string> {
  return { 'user-agent': userAgent, ...given, ...uncompressed };
}

const uncompressed = { 'accept-encoding': 'identity' };

function readInit(init: RequestInit): Request {
  const { method = 'GET', signal } = init;
  const body = init.body === null || init.body === undefined ? null : String(init.body);
  return { method, headers: readHeaders(init.headers), body, signal };
}

function readHeaders(given: RequestInit['headers']): Record<string, string> {
  try {
    return ownHeaders(Object.fromEntries(new Headers(given)));
  } catch {
    // The message of the error would show the value, which may be a token.
    throw new HttpFailure('connection', 'no');
  }
}

const utf8 = new TextDecoder();
const bodiless = new Set([204, 205]);

/** What came, decompressed within the size limit. Redirects end here. */
function toAnswer(raw: RawAnswer, largestBytes: number): Answer | Promise<Answer> {
  const { status } = raw;
  if (status >= 300 && status < 400) throw new HttpFailure('redirect', 'unknown', status);
  if (status > 599) throw new HttpFailure('connection', 'unknown');
  const headers = new JoinedHeaders(raw.headers);
  const encoding = headers.get('content-encoding');
  const read = (body: Buffer): Answer => ({ status, headers, text: utf8.decode(body) });
  return encoding === null ? read(raw.body) : decompress(raw, encoding, largestBytes).then(read);
}

/** The first use of `Response` or `Headers` loads Node's own fetch, 33 ms: token requests go by `post` and need neither. */
function toResponse({ status, headers: joined, text }: Answer): Response {
  const headers = new Headers(joined.entries());
  headers.delete('content-encoding');
  headers.delete('content-length');
  // As bytes, so that no content type is made up; some statuses may have no body (Fetch 2.2.3).
  const body = bodiless.has(status) ? null : Buffer.from(text);
  return new Response(body, { status, headers });
}

/** Some servers compress although they were asked not to. */
async function decompress({ status, body }: RawAnswer, encoding: string, largestBytes: number): Promise<Buffer> {
  const name = encoding.trim().toLowerCase();
  if (name === 'identity' || name === '' || body.length === 0) return body;
  const decompressor = decompressors.get(name);
  if (!decompressor) throw new HttpFailure('connection', 'unknown', status);
  try {
    return await decompressor(body, { maxOutputLength: largestBytes });
  } catch (error) {
    const tooLarge = error instanceof RangeError;
    throw new HttpFailure(tooLarge ? 'too_large' : 'connection', 'unknown', status);
  }
}
