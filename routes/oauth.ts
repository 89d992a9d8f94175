/** Connecting in the browser: landing page, start, callback and done page of `/oauth/{provider}`. */

import type { FastifyInstance, FastifyReply, FastifyRequest, preHandlerHookHandler } from 'fastify';
import { z } from 'zod';
import { Gone, InvalidRequest, UnknownProvider } from '../src/core/errors.js';
import { type ProviderId, providerIdSchema } from '../src/core/identifiers.js';
import { Secret } from '../src/core/secret.js';
import type { FinishedView, LinkView } from '../src/core/views.js';
import type { Journeys, OAuthManager } from '../src/oauth-manager.js';
import { journeysOf, type PlacedIn } from './audit.js';
import { type PageSender, readerOf } from './browser-pages.js';
import { findCookie, flowCookieName, formatCookie } from './cookies.js';
import { donePage, type FinishedPage } from './pages/done.js';
import { landingPage } from './pages/landing.js';
import { readPostedResponse, repostPage } from './posted-response.js';
import type { Site } from './site.js';

/** What connecting in the browser does. */
export type ConnectingJourneys = Pick<
  Journeys,
  'startAuthorization' | 'finishAuthorization' | 'startChatLogin' | 'finishChatLogin'
>;

/** What connecting in the browser needs of the manager. */
export type ConnectingManager = Pick<OAuthManager, 'isProviderConfigured' | 'describeLink' | 'describeFinished'> &
  PlacedIn<ConnectingJourneys>;

/** What the browser routes share. */
export interface BrowserContext<Manager> {
  readonly manager: Manager;
  readonly site: Site;
  readonly pages: PageSender;
  /** Name of whoever runs this, if configured. */
  readonly brandName: string | undefined;
  /** Epoch ms. */
  readonly now: () => number;
  /** Refuses forms that other sites send. */
  readonly ownFormsOnly: preHandlerHookHandler;
}

const linkSchema = z.object({ link: z.string().min(1).max(512) });

/** How long the browser that finished may come back to its done page; the code on it expires sooner. */
const donePageMs = 3_600_000;

/** Adds the routes under `/oauth/{provider}`. */
export function addOAuthRoutes(app: FastifyInstance, context: BrowserContext<ConnectingManager>): void {
  app.get('/oauth/:provider', (request, reply) => showLanding(context, request, reply));
  app.post('/oauth/:provider', { preHandler: context.ownFormsOnly }, (request, reply) =>
    startAuthorization(context, request, reply),
  );
  // Without HEAD: this is the one GET that changes something.
  app.get('/oauth/:provider/callback', { exposeHeadRoute: false }, (request, reply) =>
    finishAuthorization(context, request, { reply, response: queryOf(request) }),
  );
  app.post('/oauth/:provider/callback', (request, reply) => takePosted(context, request, reply));
  app.post('/oauth/:provider/login', { preHandler: context.ownFormsOnly }, (request, reply) =>
    startChatLogin(context, request, reply),
  );
  app.get('/oauth/:provider/done', (request, reply) => showDone(context, request, reply));
}

async function showLanding(context: BrowserContext<ConnectingManager>, request: FastifyRequest, reply: FastifyReply) {
  const provider = requireProvider(context.manager, request.params);
  const link = requireLink(request.query);
  const view: LinkView | undefined = await context.manager.describeLink(provider, link);
  if (view === undefined) return showUsedLink(context, request, { reply, provider });
  const { authorizationOrigin } = view;
  const { site, brandName } = context;
  const subject = { view, link, basePath: site.basePath, brandName, now: context.now() };
  const page = landingPage(subject, readerOf(request).language);
  return context.pages.page(request, reply, { ...page, authorizationOrigin });
}

/** Somebody who closed the page with the code opens the link again to see it: only the browser that finished gets there. */
async function showUsedLink(
  { manager, site, pages }: BrowserContext<ConnectingManager>,
  request: FastifyRequest,
  { reply, provider }: { reply: FastifyReply; provider: ProviderId },
) {
  const browserSecret = findCookie(request.headers.cookie, flowCookieName(site, provider));
  const view = browserSecret === undefined ? undefined : await manager.describeFinished(provider, browserSecret);
  const { goBack } = readerOf(request).texts.done;
  const way = { href: `${site.basePath}/oauth/${provider}/done`, words: goBack };
  return pages.message(request, reply.code(410), 'gone', view?.status === 'awaiting_proof' ? way : undefined);
}

async function startAuthorization(
  context: BrowserContext<ConnectingManager>,
  request: FastifyRequest,
  reply: FastifyReply,
) {
  const { manager, site, now } = context;
  const provider = requireProvider(manager, request.params);
  const started = await journeysOf(manager, request).startAuthorization(provider, requireLink(request.body));
  // Always a new value: a cookie that an attacker has set before is worth nothing.
  const cookie = formatCookie(site, {
    name: flowCookieName(site, provider),
    value: started.browserSecret,
    lifetimeMs: started.expiresAt - now(),
  });
  return reply.header('set-cookie', cookie).redirect(started.authorizationUrl, 303);
}

async function finishAuthorization(
  context: BrowserContext<ConnectingManager>,
  request: FastifyRequest,
  { reply, response }: { reply: FastifyReply; response: URLSearchParams },
) {
  const { manager, site, pages } = context;
  const provider = requireProvider(manager, request.params);
  const name = flowCookieName(site, provider);
  const browserSecret = findCookie(request.headers.cookie, name);
  const journeys = journeysOf(manager, request);
  const signedInFor = await journeys.finishChatLogin(provider, response, browserSecret);
  if (signedInFor !== undefined) return reply.redirect(`${site.basePath}/oauth/${signedInFor}/done`, 303);
  const done = `${site.basePath}/oauth/${provider}/done`;
  try {
    await journeys.finishAuthorization(provider, response, browserSecret);
  } catch (error) {
    // A second click at the provider: the first response was accepted, and the done page shows its result.
    if (!(error instanceof Gone) || browserSecret === undefined) throw error;
    return pages.message(request, reply.code(410), 'gone', { href: done, words: readerOf(request).texts.done.show });
  }
  if (browserSecret !== undefined) {
    const value = new Secret(browserSecret);
    reply.header('set-cookie', formatCookie(site, { name, value, lifetimeMs: donePageMs }));
  }
  return reply.redirect(done, 303);
}

/** The query as received, so that a repeated parameter is noticed (RFC 6749 section 3.1). */
function queryOf(request: FastifyRequest): URLSearchParams {
  const url = request.raw.url ?? '';
  const start = url.indexOf('?');
  return new URLSearchParams(start < 0 ? '' : url.slice(start));
}

/** Takes a posted authorization response: at once if the flow cookie came with it, else after our own page reposted it. */
async function takePosted(context: BrowserContext<ConnectingManager>, request: FastifyRequest, reply: FastifyReply) {
  const { manager, site, pages } = context;
  const provider = requireProvider(manager, request.params);
  const posted = readPostedResponse(request.body);
  const hasCookie = findCookie(request.headers.cookie, flowCookieName(site, provider)) !== undefined;
  if (hasCookie || posted.isReposted)
    return finishAuthorization(context, request, { reply, response: posted.parameters });
  const page = repostPage(posted, `${site.basePath}/oauth/${provider}/callback`, readerOf(request));
  // Redirects after the form may lead to the host's own check.
  return pages.page(request, reply, { ...page, authorizationOrigin: site.origin });
}

/** Sends the browser to sign in at the chat platform. The value of its flow cookie goes with it, under another name. */
async function startChatLogin(
  context: BrowserContext<ConnectingManager>,
  request: FastifyRequest,
  reply: FastifyReply,
) {
  const { manager, site, now } = context;
  const provider = requireProvider(manager, request.params);
  const browserSecret = findCookie(request.headers.cookie, flowCookieName(site, provider));
  if (browserSecret === undefined) throw new Gone('This browser has finished nothing.');
  const started = await journeysOf(manager, request).startChatLogin(provider, browserSecret);
  const cookie = formatCookie(site, {
    name: flowCookieName(site, started.provider),
    value: new Secret(browserSecret),
    lifetimeMs: started.provider === provider ? donePageMs : started.expiresAt - now(),
  });
  return reply.header('set-cookie', cookie).redirect(started.authorizationUrl, 303);
}

async function showDone(context: BrowserContext<ConnectingManager>, request: FastifyRequest, reply: FastifyReply) {
  const { manager, site, pages } = context;
  const provider = requireProvider(manager, request.params);
  const browserSecret = findCookie(request.headers.cookie, flowCookieName(site, provider));
  const view: FinishedView | undefined =
    browserSecret === undefined ? undefined : await manager.describeFinished(provider, browserSecret);
  if (view === undefined) return pages.message(request, reply.code(410), 'nothingHere');
  const isAgain = queryOf(request).has('again');
  const finished: FinishedPage = donePage(view, {
    ...readerOf(request),
    basePath: site.basePath,
    now: context.now(),
    isAgain,
  });
  switch (finished.kind) {
    case 'message':
      return pages.message(request, reply.code(finished.status), finished.message);
    case 'redirect':
      return reply.redirect(finished.location, 303);
    case 'page':
      return pages.page(request, reply, {
        ...finished.page,
        authorizationOrigin: view.chatLogin?.authorizationOrigin,
      });
  }
}

/**
 * The provider in a path, configured or not.
 *
 * @throws {UnknownProvider} when it cannot be a provider's name
 */
export function parseProvider(parameters: unknown): ProviderId {
  const parsed = z.object({ provider: providerIdSchema }).safeParse(parameters);
  if (!parsed.success) throw new UnknownProvider();
  return parsed.data.provider;
}

/**
 * The configured provider in a path.
 *
 * @throws {UnknownProvider} when there is none of that name
 */
export function requireProvider(
  manager: Pick<ConnectingManager, 'isProviderConfigured'>,
  parameters: unknown,
): ProviderId {
  const provider = parseProvider(parameters);
  if (!manager.isProviderConfigured(provider)) throw new UnknownProvider();
  return provider;
}

/**
 * The link code in a query or form.
 *
 * @throws {InvalidRequest} when it is missing, empty, repeated or too long to be one
 */
export function requireLink(fields: unknown): string {
  const parsed = linkSchema.safeParse(fields);
  if (!parsed.success) throw new InvalidRequest('link', 'must stand there once');
  return parsed.data.link;
}
