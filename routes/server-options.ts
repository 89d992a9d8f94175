/** Options that the routes need of their Fastify instance, so that every refusal is a problem. */

import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyServerOptions } from 'fastify';
import { answerError, formatHttpProblem } from './error-handler.js';

/**
 * Fastify options, to be spread into those of the program.
 *
 * `maxParamLength`: a user id of 256 characters takes up to 3072 when percent-encoded, and the router's default is 100; the
 * limit must stay above that, so that a longer id is refused with the name of its field. `return503OnClosing` is off because
 * Fastify's own answer is not a problem document; late requests on an open connection are served. `schemaController`
 * keeps Fastify from loading ajv, 100 files and 35 ms of the start: all schemas are zod's.
 */
export const serverOptions = {
  bodyLimit: 64 * 1024,
  return503OnClosing: false,
  routerOptions: { maxParamLength: 4096 },
  schemaController: { compilersFactory: { buildValidator: () => noSchemas, buildSerializer: () => noSchemas } },
  frameworkErrors: answerError,
  clientErrorHandler: answerUnreadable,
} satisfies FastifyServerOptions;

/** Only routes below `/v1` have schemas; that plugin has its own compilers. */
function noSchemas(): never {
  throw new TypeError('Only routes below /v1 have schemas.');
}

const statuses: Readonly<Record<string, number>> = { HPE_HEADER_OVERFLOW: 431, ERR_HTTP_REQUEST_TIMEOUT: 408 };

/** Answers bytes that are not an HTTP request. The connection is not used again. */
function answerUnreadable(error: { readonly code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const status = statuses[error.code ?? ''] ?? 400;
  const body = formatHttpProblem(status, randomUUID());
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Bad Request'}`,
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Cache-Control: no-store',
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
