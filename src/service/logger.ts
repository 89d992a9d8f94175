/** Log lines hold only fields of an allow-list; redaction is the second line of defence. */

import { type DestinationStream, type Logger, pino } from 'pino';
import { OAuthManagerError } from '../core/errors.js';
import type { Log } from '../core/log.js';
import { LogLines } from './log-lines.js';

export type { Logger } from 'pino';

/**
 * Names of fields that would hold a secret if one were ever logged by mistake. `code` is not among them: in our lines it is
 * the code of a problem.
 */
const secretNames = [
  'access_token',
  'refresh_token',
  'id_token',
  'client_secret',
  'code_verifier',
  'subject_token',
  'assertion',
  'authorization',
  'cookie',
  'password',
  'accessToken',
  'refreshToken',
  'clientSecret',
  'connectUrl',
  'connect_url',
];

/**
 * The service's logger: one JSON object a line on stdout, or to `destination`.
 *
 * Requests, responses and errors given to it are reduced to what {@link describeError} and its siblings list.
 */
export function createLogger(level: string, destination?: DestinationStream): Logger {
  const options = {
    level,
    base: null,
    redact: { paths: secretNames.flatMap((name) => [name, `*.${name}`]), censor: '[redacted]' },
    serializers: {
      req: describeRequest,
      request: describeRequest,
      res: describeResponse,
      err: describeError,
      error: describeError,
    },
  };
  const tellLost = (lost: number) => log.warn({ lost }, 'lines of the log were lost');
  const log: Logger = pino(options, destination ?? new LogLines(1, tellLost));
  return log;
}

/**
 * A logger for lines whose fields are all fixed by the program, such as the one for each answer. It writes to the same
 * place, and does not search for names of secrets, which takes 10 of the 16 µs of a line.
 */
export function withoutRedaction(log: Logger): Logger {
  const destination: DestinationStream = Reflect.get(log, pino.symbols.streamSym);
  return pino({ level: log.level, base: null }, destination);
}

/** The log for flows and store: fields first, as pino takes them. */
export function logFunctions(log: Logger): Log {
  return {
    debug: (fields, message) => log.debug(fields, message),
    info: (fields, message) => log.info(fields, message),
    warn: (fields, message) => log.warn(fields, message),
    error: (fields, message) => log.error(fields, message),
  };
}

/** The route pattern instead of the URL: its query holds codes and states, its path user ids. */
export function describeRequest(request: unknown): object {
  const { method, id, routeOptions } = Object(request);
  return { method: text(method), route: text(Object(routeOptions).url) ?? 'none', request_id: text(id) };
}

function describeResponse(reply: unknown): object {
  const { statusCode } = Object(reply);
  return { status: typeof statusCode === 'number' ? statusCode : undefined };
}

/**
 * The kind of an error and where it came from. Only our own messages are known to hold no secret; others may quote the value
 * that they failed on, and so may `cause` and further fields.
 */
export function describeError(error: unknown): object {
  if (!(error instanceof Error)) return { type: typeof error };
  return {
    type: error.name,
    ...('code' in error && typeof error.code === 'string' ? { code: error.code } : {}),
    ...(error instanceof OAuthManagerError ? { message: error.message } : {}),
    at: error.stack
      ?.split('\n')
      .filter((line) => /^\s+at /.test(line))
      .slice(0, 8)
      .map((line) => line.trim()),
  };
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
