/** Our own authorization server, for faults only: it records every request and answers what the test sets. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { ProviderEntry } from '../../providers/index.js';

/** A received request. */
export interface ScriptedRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  /** The body, byte for byte. */
  readonly body: string;
  /** The body parsed as a form. */
  readonly form: URLSearchParams;
}

/** An answer. At most one of `json`, `form`, `text` is the body; none = empty. */
export interface ScriptedAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  readonly form?: Readonly<Record<string, string>>;
  readonly text?: string | Buffer;
  /** Delays the answer until this settles. */
  readonly after?: Promise<unknown>;
  /** Ends the connection instead: before the answer, or in the middle of the body. */
  readonly cut?: 'at_once' | 'mid_body';
}

/** An answer, or a function from request to answer. */
export type Answerer = ScriptedAnswer | ((request: ScriptedRequest) => ScriptedAnswer | Promise<ScriptedAnswer>);

/** Delays an answer until `letGo` is called. */
export function holdBack(answerer: Answerer): { readonly held: Answerer; readonly letGo: () => void } {
  let letGo = () => {};
  const open = new Promise<void>((resolve) => (letGo = resolve));
  const held: Answerer = async (request) => {
    await open;
    return typeof answerer === 'function' ? answerer(request) : answerer;
  };
  return { held, letGo };
}

/** A running server. */
export interface ScriptedServer {
  /** Origin, without a slash at the end. */
  readonly url: string;
  readonly requests: readonly ScriptedRequest[];
  requestsTo(path: string): readonly ScriptedRequest[];
  /** Sets the answers of one path, in order; the last one stays. */
  answer(path: string, ...answers: Answerer[]): void;
  close(): Promise<void>;
}

/** Starts a server on a free port of 127.0.0.1. Paths without an answer are 404. */
export async function startScriptedServer(): Promise<ScriptedServer> {
  const requests: ScriptedRequest[] = [];
  const queues = new Map<string, Answerer[]>();
  const server = createServer((incoming, outgoing) => {
    void readRequest(incoming).then(async (request) => {
      requests.push(request);
      await writeAnswer(outgoing, await nextAnswer(queues.get(request.path), request));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${portOf(server)}`,
    requests,
    requestsTo: (path) => requests.filter((request) => request.path === path),
    answer: (path, ...answers) => queues.set(path, answers),
    close: () => closeServer(server),
  };
}

/** A provider entry with all endpoints at a scripted server. */
export function entryAt(url: string, overrides: Partial<ProviderEntry> = {}): ProviderEntry {
  return {
    display_name: 'Scripted',
    authorization_endpoint: `${url}/authorize`,
    token_endpoint: `${url}/token`,
    revocation_endpoint: `${url}/revoke`,
    userinfo_endpoint: `${url}/userinfo`,
    client_id: 'scripted-client',
    client_secret: 'scripted-secret',
    token_endpoint_auth_method: 'client_secret_post',
    scopes: ['read'],
    ...overrides,
  };
}

async function readRequest(incoming: IncomingMessage): Promise<ScriptedRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(Buffer.from(chunk));
  const url = new URL(incoming.url ?? '/', 'http://127.0.0.1');
  const body = Buffer.concat(chunks).toString('utf8');
  return {
    method: incoming.method ?? 'GET',
    path: url.pathname,
    query: url.searchParams,
    headers: incoming.headers,
    body,
    form: new URLSearchParams(body),
  };
}

async function nextAnswer(queue: Answerer[] | undefined, request: ScriptedRequest): Promise<ScriptedAnswer> {
  const next = queue && (queue.length > 1 ? queue.shift() : queue[0]);
  return (typeof next === 'function' ? await next(request) : next) ?? { status: 404 };
}

async function writeAnswer(outgoing: ServerResponse, answer: ScriptedAnswer): Promise<void> {
  await answer.after;
  if (answer.cut === 'at_once') {
    outgoing.socket?.destroy();
    return;
  }
  const body = bodyOf(answer);
  outgoing.writeHead(answer.status ?? 200, { ...contentTypeOf(answer), ...answer.headers });
  if (answer.cut !== 'mid_body') {
    outgoing.end(body);
    return;
  }
  outgoing.write(body.subarray(0, Math.ceil(body.length / 2)), () => outgoing.socket?.destroy());
}

function bodyOf(answer: ScriptedAnswer): Buffer {
  if (answer.json !== undefined) return Buffer.from(JSON.stringify(answer.json));
  if (answer.form !== undefined) return Buffer.from(new URLSearchParams(answer.form).toString());
  return Buffer.from(answer.text ?? '');
}

function contentTypeOf(answer: ScriptedAnswer): Record<string, string> {
  if (answer.json !== undefined) return { 'content-type': 'application/json' };
  if (answer.form !== undefined) return { 'content-type': 'application/x-www-form-urlencoded' };
  return {};
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('the server has no port');
  return address.port;
}

async function closeServer(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise<void>((resolve) => server.close(() => resolve()));
}
