/** Turns a problem document (RFC 9457) back into the error that the library throws in process. */

import {
  CodeRefused,
  Forbidden,
  Gone,
  InvalidRequest,
  KeyUnavailable,
  type NotConnectedReason,
  NotFound,
  OAuthManagerError,
  OAuthNotConnected,
  ProviderError,
  ProviderUnavailable,
  RateLimited,
  StoredTokenUnreadable,
  StoreUnavailable,
  Unauthorized,
  UnknownConnect,
  UnknownProvider,
} from '../core/errors.js';
import type { ProviderId } from '../core/identifiers.js';
import { type Fields, isFields, number, optionalText, text, texts } from './answer.js';
import { ServiceUnreachable, UnexpectedAnswer } from './errors.js';

/** A problem as received. */
interface Problem {
  readonly fields: Fields;
  readonly detail: string;
  readonly retryAfterMs: number | undefined;
}

const notConnectedReasons: ReadonlySet<string> = new Set([
  'not_connected',
  'awaiting_proof',
  'expired',
  'reauthorization_required',
  'insufficient_scope',
  'account_mismatch',
] satisfies NotConnectedReason[]);

const readers: Readonly<Record<string, (problem: Problem) => OAuthManagerError>> = {
  invalid_request: ({ fields, detail }) => {
    const field = optionalText(fields, 'field') ?? 'request';
    return new InvalidRequest(field, detail.replace(`${field}: `, ''));
  },
  unauthorized: () => new Unauthorized('refused_by_service', true),
  forbidden: ({ detail }) => new Forbidden(detail),
  code_refused: ({ fields }) => new CodeRefused(number(fields, 'attempts_left')),
  unknown_provider: () => new UnknownProvider(),
  unknown_connect: () => new UnknownConnect(),
  not_found: ({ detail }) => new NotFound(detail),
  gone: ({ detail }) => new Gone(detail),
  rate_limited: ({ retryAfterMs = 1000 }) => new RateLimited(retryAfterMs),
  provider_error: ({ fields, detail }) =>
    new ProviderError(detail, {
      provider: optionalText(fields, 'provider') ?? '',
      misconfigured: fields.who_must_act === 'operator',
    }),
  provider_unavailable: ({ fields, detail, retryAfterMs }) =>
    new ProviderUnavailable(detail, {
      provider: optionalText(fields, 'provider') ?? '',
      reached: 'unknown',
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    }),
  store_unavailable: ({ detail }) => new StoreUnavailable(detail),
  key_unavailable: () => new KeyUnavailable('of the service'),
  stored_token_unreadable: ({ detail }) => new StoredTokenUnreadable(detail),
};

/**
 * Reads an answer that is no success.
 *
 * @param body the parsed body; `undefined` when it was not JSON
 */
export function errorOf(response: Response, body: unknown): OAuthManagerError {
  const retryAfterMs = retryAfterOf(response.headers.get('retry-after'));
  if (!isFields(body) || typeof body.code !== 'string') return withoutProblem(response.status, retryAfterMs);
  if (notConnectedReasons.has(body.code)) return notConnected(body);
  const detail = optionalText(body, 'detail') ?? '';
  const read = Object.hasOwn(readers, body.code) ? readers[body.code] : undefined;
  return read?.({ fields: body, detail, retryAfterMs }) ?? withoutProblem(response.status, retryAfterMs, body.code);
}

/** Whether waiting may help: the request was not at fault. */
export function isPassing(error: unknown): boolean {
  if (!(error instanceof OAuthManagerError)) return false;
  return error.whoMustAct === 'nobody' ? !(error instanceof ProviderError) : error instanceof RateLimited;
}

/** How long the answer asked to wait, ms. */
export function pauseAskedBy(error: unknown): number | undefined {
  const knows =
    error instanceof RateLimited || error instanceof ProviderUnavailable || error instanceof ServiceUnreachable;
  return knows ? error.retryAfterMs : undefined;
}

function notConnected(problem: Fields): OAuthNotConnected {
  return new OAuthNotConnected({
    provider: parseProviderId(text(problem, 'provider')),
    reason: parseReason(text(problem, 'code')),
    connectUrl: text(problem, 'connect_url'),
    connectId: text(problem, 'connect_id'),
    ...(problem.missing_scopes === undefined ? {} : { missingScopes: texts(problem, 'missing_scopes') }),
    paused: problem.paused === true,
  });
}

/** 5xx and 429 of a proxy may pass; other statuses mean that this is not the API, or not one that we know. */
function withoutProblem(status: number, retryAfterMs: number | undefined, code?: string): OAuthManagerError {
  const known = code !== undefined && /^[a-z_]{1,64}$/.test(code) ? `the code ${code}` : 'no problem document';
  if (status < 500 && status !== 429) return new UnexpectedAnswer(`status ${status} with ${known}`);
  return new ServiceUnreachable(`The service answered ${status}.`, { status, retryAfterMs });
}

/** Seconds, or a date; a date is ignored, since clocks differ. */
function retryAfterOf(header: string | null): number | undefined {
  return header !== null && /^\d{1,6}$/.test(header) ? Number(header) * 1000 : undefined;
}

/** A brand without its schema, as this client has no dependencies. */
function parseProviderId(id: string): ProviderId {
  if (!/^[a-z0-9][a-z0-9_-]{0,63}$/.test(id)) throw new UnexpectedAnswer('provider is no provider id');
  return id as ProviderId;
}

function parseReason(code: string): NotConnectedReason {
  return code as NotConnectedReason;
}
