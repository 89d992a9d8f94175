/** Sends pages, and says in plain words what an error means to the person in the browser. */

import type { FastifyReply, FastifyRequest } from 'fastify';
import { OAuthManagerError } from '../src/core/errors.js';
import { logProblem } from './error-handler.js';
import { contentSecurityPolicy, type PageNeeds } from './page-headers.js';
import type { Page, Render } from './pages/render.js';
import { chooseLanguage, type Language, type MessageName, type Texts, textsOf } from './pages/texts.js';
import { retryAfterOf } from './retry-after.js';

/** The language of one request, and its texts. */
export function readerOf(request: FastifyRequest): { language: Language; texts: Texts } {
  const language = chooseLanguage(request.headers['accept-language']);
  return { language, texts: textsOf(language) };
}

/** A link below a message. */
export interface Way {
  readonly href: string;
  readonly words: string;
}

/** Sends pages in the reader's language. */
export interface PageSender {
  page(request: FastifyRequest, reply: FastifyReply, page: Page & Omit<PageNeeds, 'script'>): FastifyReply;
  /** A page that only says something. */
  message(request: FastifyRequest, reply: FastifyReply, name: MessageName, way?: Way): FastifyReply;
  error(request: FastifyRequest, reply: FastifyReply, error: unknown): FastifyReply;
}

/** Renders pages and sends them. The status is the reply's own; 200 if none was set. */
export function createPageSender(render: Render): PageSender {
  const page: PageSender['page'] = (request, reply, content) => {
    const { language } = readerOf(request);
    return reply
      .headers({
        'content-type': 'text/html; charset=utf-8',
        'content-language': language,
        vary: 'Accept-Language',
        'content-security-policy': contentSecurityPolicy({ ...content, script: content.script !== undefined }),
      })
      .send(render(content, language));
  };
  const message: PageSender['message'] = (request, reply, name, way) => {
    const { title, what, next } = readerOf(request).texts.messages[name];
    return page(request, reply, { template: 'message', title, view: { what, next, way } });
  };
  const error: PageSender['error'] = (request, reply, thrown) => {
    const meaning = meaningOf(thrown);
    if (meaning.status >= 500) logProblem(thrown, { status: meaning.status, code: 'internal_error' }, request);
    const mayComeBack = meaning.status === 503 || meaning.status === 429;
    if (mayComeBack && !reply.hasHeader('retry-after')) reply.header('retry-after', String(retryAfterOf(thrown) ?? 60));
    return message(request, reply.code(meaning.status), meaning.message);
  };
  return { page, message, error };
}

interface Meaning {
  readonly status: number;
  readonly message: MessageName;
}

const meanings = new Map<string, Meaning>([
  ['invalid_request', { status: 400, message: 'invalid' }],
  ['unauthorized', { status: 401, message: 'noSession' }],
  ['forbidden', { status: 403, message: 'forbidden' }],
  ['unknown_provider', { status: 404, message: 'unknownProvider' }],
  ['unknown_connect', { status: 404, message: 'notFound' }],
  ['not_found', { status: 404, message: 'notFound' }],
  ['gone', { status: 410, message: 'gone' }],
  ['rate_limited', { status: 429, message: 'rateLimited' }],
  ['provider_error', { status: 502, message: 'provider' }],
  ['provider_misconfigured', { status: 502, message: 'provider' }],
  ['grant_refused', { status: 502, message: 'provider' }],
  ['provider_unavailable', { status: 503, message: 'unavailable' }],
  ['store_unavailable', { status: 503, message: 'unavailable' }],
  ['key_unavailable', { status: 503, message: 'unavailable' }],
  ['stored_token_unreadable', { status: 503, message: 'unavailable' }],
  ['manager_lifecycle', { status: 503, message: 'unavailable' }],
]);

/** What an error means to the person. Fastify's own errors carry a `statusCode`; below 500 they are about the request. */
function meaningOf(error: unknown): Meaning {
  const internal: Meaning = { status: 500, message: 'internal' };
  if (error instanceof OAuthManagerError) return meanings.get(error.code) ?? internal;
  const status = error instanceof Error && 'statusCode' in error ? error.statusCode : undefined;
  if (typeof status !== 'number' || status < 400 || status >= 500) return internal;
  return { status, message: status === 429 ? 'rateLimited' : 'invalid' };
}
