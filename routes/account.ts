/** The account page: lists, connects and disconnects, for a person who has opened an account link. */

import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { Forbidden, InvalidRequest, Unauthorized } from '../src/core/errors.js';
import { accountLabelSchema } from '../src/core/identifiers.js';
import type { SessionView } from '../src/core/views.js';
import type { Journeys, OAuthManager } from '../src/oauth-manager.js';
import { journeysOf, type PlacedIn, recordPerson } from './audit.js';
import { readerOf } from './browser-pages.js';
import { findCookie, formatCookie, formatForgottenCookie, sessionCookieName } from './cookies.js';
import { type BrowserContext, parseProvider, requireLink, requireProvider } from './oauth.js';
import { connectionsPage, disconnectedPage } from './pages/connections.js';

/** What the person does on the account page. */
export type AccountJourneys = Pick<
  Journeys,
  'redeemAccountLink' | 'startConnect' | 'deleteToken' | 'pauseConnection' | 'resumeConnection'
>;

/** What the account page asks of the manager. */
export type AccountManager = Pick<
  OAuthManager,
  | 'isProviderConfigured'
  | 'listProviders'
  | 'describeAccountLink'
  | 'findSession'
  | 'endSession'
  | 'listUserConnections'
  | 'describeConnections'
  | 'recordAct'
> &
  PlacedIn<AccountJourneys>;

type Context = BrowserContext<AccountManager>;

/** A missing token is no invalid field, but refused like a wrong one: another site's page may have sent the form. */
const formSchema = z.object({ csrf_token: z.string().max(256).default(''), account: accountLabelSchema.optional() });

/** Adds the routes under `/connections`. */
export function addAccountRoutes(app: FastifyInstance, context: Context): void {
  const own = { preHandler: context.ownFormsOnly };
  app.get('/connections', (request, reply) => showConnections(context, request, reply));
  app.get('/connections/enter', (request, reply) => showEntrance(context, request, reply));
  app.post('/connections/enter', own, (request, reply) => enter(context, request, reply));
  app.post('/connections/leave', own, (request, reply) => leave(context, request, reply));
  app.post('/connections/:provider/connect', own, (request, reply) => connect(context, request, reply));
  app.post('/connections/:provider/disconnect', own, (request, reply) => disconnect(context, request, reply));
  for (const act of ['pause', 'resume'] as const) {
    app.post(`/connections/:provider/${act}`, own, async (request, reply) => {
      await setPaused(context, request, act);
      return reply.redirect(`${context.site.basePath}/connections`, 303);
    });
  }
}

async function showEntrance(context: Context, request: FastifyRequest, reply: FastifyReply) {
  const link = requireLink(request.query);
  const { title, go } = readerOf(request).texts.enter;
  if ((await context.manager.describeAccountLink(link)) === undefined) {
    // Somebody with a session who opens the link again wants to get back to the account page.
    const way = { href: `${context.site.basePath}/connections`, words: go };
    const isInside = (await findSession(context, request)).session !== undefined;
    return context.pages.message(request, reply.code(410), 'gone', isInside ? way : undefined);
  }
  return context.pages.page(request, reply, { template: 'enter', title, script: 'send-once.js', view: { link } });
}

/** Uses up the link. The session is always a new one, so a session id that an attacker has set before is worth nothing. */
async function enter(context: Context, request: FastifyRequest, reply: FastifyReply) {
  const { manager, site, now } = context;
  const { sessionSecret, session } = await journeysOf(manager, request).redeemAccountLink(requireLink(request.body));
  await recordPerson(manager, request, { session, act: 'account_link.redeem' });
  const cookie = formatCookie(site, {
    name: sessionCookieName(site),
    value: sessionSecret,
    lifetimeMs: session.endsAt - now(),
  });
  return reply.header('set-cookie', cookie).redirect(`${site.basePath}/connections`, 303);
}

async function showConnections(context: Context, request: FastifyRequest, reply: FastifyReply) {
  const { manager, site, pages } = context;
  const { session } = await requireSession(context, request);
  const connections = await manager.describeConnections(session.userId, { tenant: session.tenant });
  const content = { connections, providers: manager.listProviders(), session, basePath: site.basePath };
  return pages.page(request, reply, connectionsPage(content, readerOf(request).language));
}

/** Starts a connect that needs the same proof as any other: an attacker may have sent an account link to a victim. */
async function connect(context: Context, request: FastifyRequest, reply: FastifyReply) {
  const { manager, site } = context;
  const { session, account } = await requireForm(context, request);
  const provider = requireProvider(manager, request.params);
  const { userId, tenant } = session;
  const present = (await manager.listUserConnections(userId, { tenant })).find(
    (connection) => connection.provider === provider && connection.account === account,
  );
  const { connectUrl, connectId } = await journeysOf(manager, request).startConnect(userId, provider, {
    tenant,
    // A new connect asks for the scopes that were granted before, not for fewer.
    ...(present?.scope.length ? { scopes: [...present.scope] } : {}),
    returnTo: `${site.basePath}/connections`,
    ...(account === undefined ? {} : { account }),
  });
  await recordPerson(manager, request, { session, act: 'connect.create', provider, account, object: connectId });
  return reply.redirect(connectUrl, 303);
}

async function disconnect(context: Context, request: FastifyRequest, reply: FastifyReply) {
  const { manager, site, pages } = context;
  const { session, account } = await requireForm(context, request);
  // A connection at a provider that is no longer configured can still be disconnected.
  const provider = parseProvider(request.params);
  const { userId, tenant } = session;
  const isThere = (await manager.listUserConnections(userId, { tenant })).some(
    (connection) => connection.provider === provider && (account === undefined || connection.account === account),
  );
  const { revoked } = await journeysOf(manager, request).deleteToken(userId, provider, {
    tenant,
    ...(account === undefined ? {} : { account }),
  });
  await recordPerson(manager, request, {
    session,
    act: 'disconnect',
    provider,
    account,
    reason: `revoked: ${revoked}`,
  });
  const name = manager.listProviders().find((listing) => listing.id === provider)?.displayName ?? provider;
  // Reloading the answer sends the form again: a connection that is already gone must not be reported as not revoked.
  const told = { name, revoked: isThere ? revoked : 'before', basePath: site.basePath } as const;
  return pages.page(request, reply, disconnectedPage(told, readerOf(request)));
}

/** Pauses or resumes. Nothing is said if the connection is gone: the browser is sent back to the page, which shows it. */
async function setPaused(context: Context, request: FastifyRequest, act: 'pause' | 'resume'): Promise<void> {
  const { manager } = context;
  const { session, account } = await requireForm(context, request);
  const provider = parseProvider(request.params);
  const journeys = journeysOf(manager, request);
  const wish = { tenant: session.tenant, ...(account === undefined ? {} : { account }) };
  const isThere =
    act === 'pause'
      ? await journeys.pauseConnection(session.userId, provider, wish)
      : await journeys.resumeConnection(session.userId, provider, wish);
  await recordPerson(manager, request, { session, act, provider, account, outcome: isThere ? 'ok' : 'refused' });
}

async function leave(context: Context, request: FastifyRequest, reply: FastifyReply) {
  const { manager, site, pages } = context;
  const { sessionSecret } = await requireForm(context, request);
  await manager.endSession(sessionSecret);
  reply.header('set-cookie', formatForgottenCookie(site, sessionCookieName(site)));
  return pages.message(request, reply, 'left');
}

/** Reads the session from the store at each request, so that one which was ended elsewhere is over here too. */
async function findSession({ manager, site }: Context, request: FastifyRequest) {
  const sessionSecret = findCookie(request.headers.cookie, sessionCookieName(site));
  const session = sessionSecret === undefined ? undefined : await manager.findSession(sessionSecret);
  return { session, sessionSecret };
}

/** @throws {Unauthorized} when there is no session */
async function requireSession(
  context: Context,
  request: FastifyRequest,
): Promise<{ session: SessionView; sessionSecret: string }> {
  const { session, sessionSecret } = await findSession(context, request);
  if (sessionSecret === undefined || session === undefined) {
    throw new Unauthorized('no session', sessionSecret !== undefined);
  }
  return { session, sessionSecret };
}

/** The session and the fields of a form with the session's CSRF token. The user is the session's, never a field. */
async function requireForm(context: Context, request: FastifyRequest) {
  const { session, sessionSecret } = await requireSession(context, request);
  const form = formSchema.safeParse(request.body);
  if (!form.success) throw new InvalidRequest('form', 'must be the form of the account page');
  if (!isSameText(form.data.csrf_token, session.csrfToken.reveal())) {
    throw new Forbidden('The form does not belong to this session.');
  }
  return { session, sessionSecret, account: form.data.account };
}

/** Compares in constant time; by digest, because `timingSafeEqual` needs equal lengths. */
function isSameText(one: string, other: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}
