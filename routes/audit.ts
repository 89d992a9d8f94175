/** Writes what callers of the API do into the audit trail: each route declares its act, hooks write the entry. */

import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type ActOrigin, type AuditAct, type AuditActor, type AuditEntry, tokenDigestOf } from '../src/core/audit.js';
import { Forbidden, Unauthorized } from '../src/core/errors.js';
import {
  accountLabelSchema,
  defaultTenant,
  isPlainUserId,
  isProviderId,
  type TenantId,
  userIdSchema,
} from '../src/core/identifiers.js';
import type { AccessToken, SessionView } from '../src/core/views.js';
import type { OAuthManager } from '../src/oauth-manager.js';
import { findCaller } from './caller.js';
import { problemOf } from './error-handler.js';
import { isLimited } from './rate-limit.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What this route does, in the words of the audit trail. */
    audit?: AuditAct;
  }
}

/** What the trail needs of the manager. */
export type Trail = Pick<OAuthManager, 'recordAct'>;

/** Something whose journeys can be tied to the request that they belong to. */
export interface PlacedIn<Some> {
  at(origin: ActOrigin): Some;
}

/**
 * The journeys of the manager as part of a request: what they write into the trail has the request's id and address. The
 * act of the request itself is written here.
 */
export function journeysOf<Some>(manager: PlacedIn<Some>, request: FastifyRequest): Some {
  return manager.at(originOf(request));
}

const notes = new WeakMap<FastifyRequest, Pick<AuditEntry, 'object' | 'reason'>>();

/** What only the handler of this request knows about its act; it is added to the entry when the act succeeds. */
export function noteForAudit(request: FastifyRequest, { delegation }: Pick<AccessToken, 'delegation'>): void {
  if (delegation === undefined) return;
  const { subject, actors } = delegation;
  notes.set(request, { object: subject, reason: `act: ${actors.join(' < ')}`.slice(0, 200) });
}

/** Acts that hand out a secret: without an entry they do not happen. */
const handsOut: ReadonlySet<AuditAct> = new Set([
  'token.issue',
  'connect.create',
  'account_link.create',
  'api_key.create',
]);

/**
 * Writes one entry for every request to a route of `app` that declares an act, as soon as its outcome is known, and one
 * for every caller who was refused.
 *
 * A secret is not handed out if its entry cannot be written, unless `failOpen`.
 */
export function recordCallers(app: FastifyInstance, options: { trail: Trail; failOpen?: boolean }): void {
  const { trail, failOpen = false } = options;
  app.addHook('preSerialization', async (request, reply, payload) => {
    const act = request.routeOptions.config.audit;
    if (act === undefined || reply.statusCode >= 400) return payload;
    try {
      await trail.recordAct(successOf(act, request, payload));
    } catch (error) {
      request.log.error({ act }, 'an entry of the audit trail could not be written');
      if (handsOut.has(act) && !failOpen) throw error;
    }
    return payload;
  });
  app.addHook('onResponse', (request, reply, done) => {
    const refusal = reply.statusCode < 400 ? undefined : describeRefusal(request, reply.statusCode);
    if (refusal === undefined) done();
    else void record(trail, request, { ...aboutRequest(request), ...refusal }).then(() => done());
  });
}

/** Records what the person of a session did on the account page. Never throws. */
export function recordPerson(
  trail: Trail,
  request: FastifyRequest,
  {
    session,
    ...act
  }: { session: Pick<SessionView, 'tenant' | 'userId'> } & Pick<AuditEntry, 'act'> & Partial<AuditEntry>,
): Promise<void> {
  const { tenant, userId } = session;
  const actor: AuditActor = { kind: 'person', id: userId };
  return record(trail, request, { tenant, actor, user: userId, ...originOf(request), outcome: 'ok', ...act });
}

/** Records that somebody asked too often: once per window, or the trail itself would be flooded. Never throws. */
export function recordLimited(trail: Trail, request: FastifyRequest, bucket: string): Promise<void> {
  const about = { ...whoAsks(request), ...originOf(request) };
  return record(trail, request, { act: 'rate_limit', ...about, outcome: 'refused', reason: bucket });
}

/**
 * Records that a form was refused: sent by another site, without a session or with one that is over, or with a token that
 * is not the session's. Never throws.
 */
export async function recordRefusedForm(trail: Trail, request: FastifyRequest, error: unknown): Promise<void> {
  if (request.method !== 'POST') return;
  const about = { ...whoAsks(request), ...originOf(request), outcome: 'refused' } as const;
  if (error instanceof Unauthorized)
    await record(trail, request, { act: 'authenticate', ...about, reason: error.reason });
  if (error instanceof Forbidden) await record(trail, request, { act: 'authorize', ...about, reason: error.code });
}

async function record(trail: Trail, request: FastifyRequest, entry: Omit<AuditEntry, 'at'>): Promise<void> {
  try {
    await trail.recordAct(entry);
  } catch {
    request.log.error({ act: entry.act }, 'an entry of the audit trail could not be written');
  }
}

function describeRefusal(
  request: FastifyRequest,
  status: number,
): Pick<AuditEntry, 'act' | 'outcome' | 'reason'> | undefined {
  if (isLimited(request)) return undefined;
  const { code, error } = problemOf(request) ?? { code: 'unknown', error: undefined };
  const outcome = status < 500 ? 'refused' : 'failed';
  if (error instanceof Unauthorized) return { act: 'authenticate', outcome, reason: error.reason };
  const act = request.routeOptions.config.audit ?? (error instanceof Forbidden ? 'authorize' : undefined);
  return act && { act, outcome, reason: code };
}

/** Every field by its name: spreading parts with different fields into one object took 4 µs of each answer. */
function successOf(act: AuditAct, request: FastifyRequest, payload: unknown): Omit<AuditEntry, 'at'> {
  const { tenant, actor, user, provider, account, object, request_id, address } = aboutRequest(request);
  const { access_token, connection_id, connect_id, id, provider: used, revoked } = Object(payload);
  const note = notes.get(request);
  return {
    act,
    tenant,
    actor,
    user,
    provider: isProviderId(used) ? used : provider,
    account,
    connection_id: textOf(connection_id),
    outcome: 'ok',
    reason: note?.reason ?? (revoked === undefined ? undefined : `revoked: ${String(revoked)}`),
    request_id,
    address,
    object: note?.object ?? textOf(connect_id) ?? textOf(id) ?? object,
    token_digest: typeof access_token === 'string' ? tokenDigestOf(access_token) : undefined,
  };
}

/** Who asks, from where, about whom and what. A name of a wrong form is left out. */
function aboutRequest(request: FastifyRequest): Omit<AuditEntry, 'at' | 'act' | 'outcome'> {
  const said = partsOf(request);
  const [user, account, provider] = [named(said, 'user'), named(said, 'account'), named(said, 'provider')];
  const object = shortText(named(said, 'connect_id'), 128) ?? shortText(named(said, 'id'), 128);
  const { tenant, actor } = whoAsks(request);
  const { request_id, address } = originOf(request);
  return {
    tenant,
    actor,
    user: isPlainUserId(user) ? user : userIdSchema.safeParse(user).data,
    provider: isProviderId(provider) ? provider : undefined,
    account: account === undefined ? undefined : accountLabelSchema.safeParse(account).data,
    object: object ?? shortText(named(said, 'subject'), 256) ?? shortText(named(said, 'jti'), 256),
    request_id,
    address,
  };
}

type Part = Readonly<Record<string, unknown>>;

/**
 * The parts of a request in which names are looked for: the path first, then the body, then the query. Parts that the
 * route does not read are left out: otherwise a caller could write false names into the trail.
 */
function partsOf({ params, body, query, routeOptions }: FastifyRequest): readonly Part[] {
  const { schema = {} } = routeOptions;
  const read = [schema.params && params, schema.body && body, schema.querystring && query];
  return read.filter(isPart);
}

/** Leaves out empty parts, as the query and the body mostly are. */
function isPart(part: unknown): part is Part {
  for (const _name in Object(part)) return typeof part === 'object';
  return false;
}

function named(parts: readonly Part[], name: string): unknown {
  for (const part of parts) if (Object.hasOwn(part, name)) return part[name];
  return undefined;
}

function shortText(value: unknown, most: number): string | undefined {
  return typeof value === 'string' && value.length <= most ? value : undefined;
}

const textOf = (value: unknown) => (typeof value === 'string' ? value : undefined);

/** A caller without a usable credential has no tenant; its entries are in the trail of `default`. */
function whoAsks(request: FastifyRequest): { tenant: TenantId; actor: AuditActor } {
  const caller = findCaller(request);
  if (caller === undefined) return { tenant: defaultTenant, actor: { kind: 'unknown', id: 'unknown' } };
  const { tenant, id, credential } = caller;
  return { tenant, actor: credential === undefined ? { kind: 'caller', id } : { kind: 'caller', id, credential } };
}

function originOf(request: FastifyRequest): ActOrigin {
  return { request_id: request.id, address: request.ip.slice(0, 64) };
}
