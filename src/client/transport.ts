/** Requests to the service: one credential, a deadline, no redirects; only requests that change nothing are repeated. */

import { InvalidRequest } from '../core/errors.js';
import { Secret } from '../core/secret.js';
import { ServiceUnreachable, UnexpectedAnswer } from './errors.js';
import { objectOf } from './input.js';
import { errorOf, isPassing, pauseAskedBy } from './problems.js';

/** How the client reaches the service. Durations in ms. */
export interface TransportOptions {
  /** Public or internal URL of the service, with its path prefix if it has one. */
  readonly baseUrl: string;
  /** An API key, or a JWT that the service accepts. */
  readonly apiKey: string;
  /** The global one by default. */
  readonly fetch?: typeof globalThis.fetch | undefined;
  /** How long one request may take; a long-poll gets its waiting time on top. 15 s by default. */
  readonly timeoutMs?: number | undefined;
  /** How often a GET that failed for a passing reason is repeated; 2 by default. Other requests never are. */
  readonly retries?: number | undefined;
}

/** A timer with a longer time fires at once. */
const longestTimerMs = 2 ** 31 - 1;

/** One request. */
export interface Call {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Below `/v1`, encoded, with its query. */
  readonly path: string;
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
  /** How much longer than usual the answer may take, ms. */
  readonly waitMs?: number;
  readonly signal?: AbortSignal;
}

/** A longer pause is left to the caller to decide, ms. */
const longestPauseMs = 5_000;

/** Calls one service with one credential. */
export class Transport {
  readonly #root: string;
  readonly #apiKey: Secret;
  readonly #fetch: typeof globalThis.fetch;
  readonly #timeoutMs: number;
  readonly #retries: number;

  constructor(options: TransportOptions) {
    objectOf('options', options);
    if (!/^https?:$/.test(schemeOf(options.baseUrl)))
      throw new InvalidRequest('baseUrl', 'must be a URL of http or https');
    // From an unset variable it may be `undefined`, whatever the type says.
    if (!/^[\x21-\x7e]+$/.test(options.apiKey ?? ''))
      throw new InvalidRequest('apiKey', 'must be the key, without spaces');
    this.#root = `${options.baseUrl.replace(/\/+$/, '')}/v1`;
    this.#apiKey = new Secret(options.apiKey);
    this.#fetch = options.fetch ?? globalThis.fetch;
    this.#timeoutMs = options.timeoutMs ?? 15_000;
    this.#retries = options.retries ?? 2;
  }

  /**
   * Makes the call and answers the parsed body.
   *
   * A POST or DELETE is sent only once: if its answer is lost, it may have been carried out.
   */
  async call(call: Call): Promise<unknown> {
    const most = call.method === 'GET' ? this.#retries : 0;
    for (let failures = 0; ; failures += 1) {
      try {
        return await this.#once(call);
      } catch (error) {
        call.signal?.throwIfAborted();
        const pauseMs = pauseAskedBy(error) ?? 200 * 2 ** failures * (0.5 + Math.random());
        if (failures >= most || !isPassing(error) || pauseMs > longestPauseMs) throw error;
        await pause(pauseMs, call.signal);
      }
    }
  }

  /** Opens the event stream after an event; `signal` ends it. The deadline is only for opening it. */
  async openEvents(after: string | undefined, signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
    const headers = { accept: 'text/event-stream', ...(after === undefined ? {} : { 'last-event-id': after }) };
    return inTime(this.#timeoutMs, signal, async (either) => {
      const response = await this.#send('/events', { headers, signal: either });
      if (!response.ok) throw errorOf(response, await readBody(response));
      if (response.body === null) throw new UnexpectedAnswer('the event stream has no body');
      return response.body;
    });
  }

  async #once({ method, path, body, headers, waitMs = 0, signal }: Call): Promise<unknown> {
    return inTime(this.#timeoutMs + waitMs, signal, async (either) => {
      const response = await this.#send(path, {
        method,
        signal: either,
        headers: { ...headers, ...(body && { 'content-type': 'application/json' }) },
        ...(body && { body: JSON.stringify(body) }),
      });
      const answer = await readBody(response);
      if (!response.ok) throw errorOf(response, answer);
      if (answer === undefined) throw new UnexpectedAnswer('the body is no JSON');
      return answer;
    });
  }

  /** Errors of `fetch` may contain secrets. */
  async #send(path: string, init: RequestInit): Promise<Response> {
    const headers = new Headers(init.headers);
    headers.set('authorization', `Bearer ${this.#apiKey.reveal()}`);
    try {
      // Not called as a method of this object: some runtimes refuse that.
      const { fetch } = { fetch: this.#fetch };
      // Not "error": Cloudflare Workers do not have that mode, and would refuse every request.
      return refuseRedirect(await fetch(`${this.#root}${path}`, { ...init, headers, redirect: 'manual' }));
    } catch (error) {
      if (error instanceof ServiceUnreachable) throw error;
      throw new ServiceUnreachable('The service cannot be reached, or it did not answer in time.');
    }
  }
}

/**
 * Does `work` with a signal that fires when the time is over, or when the caller's does. Not with `AbortSignal.timeout`:
 * behind an `AbortSignal.any`, the garbage collector of Node 20 may take it, and then it never fires (nodejs/node#57736).
 */
async function inTime<T>(
  ms: number,
  leaving: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const tooSlow = new AbortController();
  const timer = setTimeout(() => tooSlow.abort(), Math.min(ms, longestTimerMs));
  try {
    return await work(leaving === undefined ? tooSlow.signal : AbortSignal.any([leaving, tooSlow.signal]));
  } finally {
    clearTimeout(timer);
  }
}

/** A redirect could carry the credential elsewhere. Browsers show one as an answer without a status. */
function refuseRedirect(response: Response): Response {
  const { status, type, body } = response;
  if (type !== 'opaqueredirect' && (status < 300 || status > 399)) return response;
  body?.cancel().catch(() => undefined);
  throw new ServiceUnreachable(
    'A redirect answered, which is not followed: is baseUrl right?',
    status ? { status } : {},
  );
}

/** With its colon; empty if the text is no absolute URL. `localhost:3000` has the scheme `localhost:`. */
function schemeOf(address: string): string {
  return URL.canParse(address) ? new URL(address).protocol : '';
}

/** The body as JSON; `undefined` when it is not JSON. */
async function readBody(response: Response): Promise<unknown> {
  const body = await response.text().catch(() => {
    throw new ServiceUnreachable('The answer of the service broke off.');
  });
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

/** Waits; a signal that fires ends it and throws its reason. */
export function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal?.addEventListener('abort', stop, { once: true });
  });
}
