/** Answers every error as a problem (RFC 9457): one table from error code to status and body. */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import {
  type AnyOAuthManagerError,
  ClientRegistrationRequired,
  CodeRefused,
  DiscoveryFailed,
  InvalidRequest,
  OAuthManagerError,
  OAuthNotConnected,
  ProviderError,
  ProviderUnavailable,
  Unauthorized,
} from '../src/core/errors.js';
import { findInvalidField } from './invalid-field.js';
import { retryAfterOf } from './retry-after.js';

/** What an error means on the wire. */
interface Meaning {
  readonly status: number;
  /** By which callers decide what to do. */
  readonly code: string;
  readonly title: string;
  /** Replaces the error's own message where that could reveal internals. */
  readonly detail?: string;
  /** Seconds; used if the error itself names no time. */
  readonly retryAfter?: number;
}

const connectAgain = { status: 409, title: 'The user has to connect' };
const providerFault = { status: 502, code: 'provider_error', title: 'The provider answered wrongly' };
const notNow = { status: 503, title: 'Not possible just now' };
const broken = {
  status: 500,
  code: 'internal_error',
  title: 'Internal error',
  detail: 'Something went wrong here; the log has it under the request id.',
};

/** Every code that we throw on purpose. */
export const meanings: Readonly<Record<AnyOAuthManagerError['code'], Meaning>> = {
  invalid_request: { status: 400, code: 'invalid_request', title: 'Invalid request' },
  unauthorized: { status: 401, code: 'unauthorized', title: 'Unauthorized' },
  forbidden: { status: 403, code: 'forbidden', title: 'Forbidden' },
  code_refused: { status: 403, code: 'code_refused', title: 'Code refused' },
  unknown_provider: { status: 404, code: 'unknown_provider', title: 'Unknown provider' },
  unknown_connect: { status: 404, code: 'unknown_connect', title: 'Unknown connect' },
  not_found: { status: 404, code: 'not_found', title: 'Not found' },
  not_connected: { ...connectAgain, code: 'not_connected' },
  awaiting_proof: { ...connectAgain, code: 'awaiting_proof' },
  expired: { ...connectAgain, code: 'expired' },
  reauthorization_required: { ...connectAgain, code: 'reauthorization_required' },
  insufficient_scope: { ...connectAgain, code: 'insufficient_scope' },
  account_mismatch: { ...connectAgain, code: 'account_mismatch' },
  gone: { status: 410, code: 'gone', title: 'Gone' },
  rate_limited: { status: 429, code: 'rate_limited', title: 'Too many requests' },
  provider_error: { ...providerFault, detail: 'The provider gave an answer that cannot be used.' },
  provider_misconfigured: { ...providerFault, detail: 'The provider refuses this service for how it is configured.' },
  discovery_failed: { ...providerFault, detail: 'The MCP server or its authorization server cannot be used as it is.' },
  client_registration_required: {
    ...providerFault,
    detail: 'CLIENT_REGISTRATION_REQUIRED: the operator has to register a client with redirect_uri at issuer.',
  },
  grant_refused: { ...providerFault, detail: 'The provider refused the grant.' },
  provider_unavailable: {
    ...notNow,
    code: 'provider_unavailable',
    detail: 'The provider gave no usable answer in time; nothing was lost.',
    retryAfter: 5,
  },
  store_unavailable: {
    ...notNow,
    code: 'store_unavailable',
    detail: 'The store did not answer; nothing was lost.',
    retryAfter: 2,
  },
  key_unavailable: {
    ...notNow,
    code: 'key_unavailable',
    detail: 'A key that is needed is not available; nothing was lost.',
    retryAfter: 30,
  },
  stored_token_unreadable: {
    ...notNow,
    code: 'stored_token_unreadable',
    detail: 'The stored record cannot be read. It was left as it is for the operator.',
    retryAfter: 60,
  },
  manager_lifecycle: { ...notNow, code: 'store_unavailable', detail: 'The service is stopping.', retryAfter: 2 },
  configuration_invalid: broken,
};

const unreadable = { status: 400, code: 'invalid_request', title: 'Invalid request' };

/** Refusals of the HTTP layer, by status. The framework's own messages repeat input, so none is used. */
const httpMeanings: Readonly<Record<number, Meaning>> = {
  400: { ...unreadable, detail: 'The request cannot be read.' },
  401: { ...meanings.unauthorized, detail: 'A valid credential is required.' },
  403: { ...meanings.forbidden, detail: 'This is not allowed.' },
  404: { ...meanings.not_found, detail: 'There is nothing here.' },
  405: {
    status: 405,
    code: 'method_not_allowed',
    title: 'Method not allowed',
    detail: 'The header Allow names the methods that this address knows.',
  },
  408: { status: 408, code: 'request_timeout', title: 'Request timeout', detail: 'The request came too slowly.' },
  413: { status: 413, code: 'content_too_large', title: 'Content too large', detail: 'The body is too large.' },
  414: { ...unreadable, detail: 'A part of the path is too long.' },
  415: {
    status: 415,
    code: 'unsupported_media_type',
    title: 'Unsupported media type',
    detail: 'A body must be application/json.',
  },
  429: { ...meanings.rate_limited, detail: 'Too many requests.', retryAfter: 60 },
  431: { status: 431, code: 'headers_too_large', title: 'Headers too large', detail: 'The headers are too large.' },
  503: { ...notNow, code: 'overloaded', detail: 'The service is busy.', retryAfter: 5 },
};

/** A problem body. `type` is a name, not an address: `code` and the manual have all that there is to know. */
interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly request_id: string;
  readonly [extra: string]: unknown;
}

/** The method is not one of those in the header `Allow`. */
export class MethodNotAllowed extends Error {
  readonly statusCode = 405;
}

const problems = new WeakMap<FastifyRequest, { readonly code: string; readonly error: unknown }>();

/** The problem that a request was answered with, and the error it came from; for the audit trail. */
export function problemOf(request: FastifyRequest): { readonly code: string; readonly error: unknown } | undefined {
  return problems.get(request);
}

/** Answers all errors in `app` as problems, unknown addresses included. For the root of the program. */
export function useProblems(app: FastifyInstance): void {
  app.setErrorHandler(answerError);
  app.setNotFoundHandler((request, reply) => answerError({ statusCode: 404 }, request, reply));
}

/** Answers with the problem that an error means. Also fit for Fastify's `frameworkErrors`. */
export function answerError(thrown: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const error = findInvalidField(thrown, request) ?? thrown;
  const meaning = findMeaning(error);
  logProblem(error, meaning, request);
  problems.set(request, { code: meaning.code, error });
  if (error instanceof Unauthorized) reply.header('www-authenticate', challengeOf(error));
  const retryAfter = retryAfterOf(error) ?? meaning.retryAfter;
  if (retryAfter !== undefined && !reply.hasHeader('retry-after')) reply.header('retry-after', String(retryAfter));
  reply
    .code(meaning.status)
    .header('cache-control', 'no-store')
    .header('pragma', 'no-cache')
    .header('content-type', 'application/problem+json')
    // As bytes: Fastify would add a charset to a string, which this media type does not have (RFC 9457 section 6.1).
    .send(Buffer.from(formatProblem(meaning, request.id, error)));
}

/** The problem body of a refusal by the HTTP layer, where there is no request yet. */
export function formatHttpProblem(status: number, requestId: string): string {
  return formatProblem(httpMeanings[status] ?? broken, requestId, undefined);
}

function formatProblem(meaning: Meaning, requestId: string, error: unknown): string {
  const problem: Problem = {
    type: `urn:valetkey:problem:${meaning.code}`,
    title: meaning.title,
    status: meaning.status,
    code: meaning.code,
    detail: meaning.detail ?? (error instanceof OAuthManagerError ? error.message : meaning.title),
    request_id: requestId,
    ...extrasOf(error),
  };
  return JSON.stringify(problem);
}

function findMeaning(error: unknown): Meaning {
  if (error instanceof OAuthManagerError) return findByCode(error.code) ?? broken;
  const status = typeof error === 'object' && error !== null ? Reflect.get(error, 'statusCode') : undefined;
  return (typeof status === 'number' ? httpMeanings[status] : undefined) ?? broken;
}

function findByCode(code: string): Meaning | undefined {
  const table: Readonly<Record<string, Meaning>> = meanings;
  return Object.hasOwn(table, code) ? table[code] : undefined;
}

/** What a caller needs to go on, besides the code. */
function extrasOf(error: unknown): Record<string, unknown> {
  if (error instanceof OAuthNotConnected) {
    return {
      provider: error.provider,
      connect_url: error.connectUrl,
      connect_id: error.connectId,
      who_must_act: 'user',
      missing_scopes: error.missingScopes,
      paused: error.paused,
    };
  }
  if (error instanceof InvalidRequest) return { field: error.field };
  if (error instanceof CodeRefused) return { attempts_left: error.attemptsLeft };
  if (error instanceof ProviderError) return { provider: error.provider, who_must_act: error.whoMustAct };
  if (error instanceof DiscoveryFailed) {
    return { who_must_act: error.whoMustAct, step: error.step, origin: error.origin };
  }
  if (error instanceof ClientRegistrationRequired) {
    const { step, issuer, redirectUri, oauthError } = error;
    return { who_must_act: error.whoMustAct, step, issuer, redirect_uri: redirectUri, oauth_error: oauthError };
  }
  if (error instanceof ProviderUnavailable) return { provider: error.provider };
  return {};
}

function challengeOf(error: Unauthorized): string {
  // RFC 6750 3.1: a request without any credential gets no error code.
  return error.presented ? 'Bearer error="invalid_token"' : 'Bearer';
}

/** One line about a request that was refused for its credential, or not answered for no fault of its own; else none. */
export function logProblem(error: unknown, meaning: Pick<Meaning, 'code' | 'status'>, request: FastifyRequest): void {
  const fields = { code: error instanceof OAuthManagerError ? error.code : meaning.code, status: meaning.status };
  if (error instanceof Unauthorized) request.log.info({ ...fields, reason: error.reason }, 'caller refused');
  else if (error instanceof OAuthManagerError && meaning.status >= 500) {
    request.log.warn({ ...fields, problem: error.message }, 'request not answered');
  } else if (meaning.status >= 500) request.log.error({ ...fields, ...describeUnexpected(error) }, 'request failed');
}

/** The message of an unexpected error may contain anything, also secrets: only its kind and place are logged. */
function describeUnexpected(error: unknown): object {
  if (!(error instanceof Error)) return { kind: typeof error };
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  return { kind: error.name, at: frames.slice(0, 8).map((line) => line.trim()) };
}
