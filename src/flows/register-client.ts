/** Sees to it that we have a client at a discovered authorization server: one registration, however many ask. */

import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { ClientRegistrationRequired, ProviderUnavailable } from '../core/errors.js';
import type { ProviderId } from '../core/identifiers.js';
import {
  type DiscoveredProvider,
  mcpCollections,
  type RegisteredClient,
  registeredClientSchema,
  registrationKeyOf,
} from '../core/mcp-server.js';
import type { Provider } from '../core/provider.js';
import { RegistrationRefused, registerClient } from '../protocol/client-registration.js';
import type { Dependencies } from './dependencies.js';
import {
  type ForeignClient,
  findDiscoveredRecord,
  findForeignClient,
  findRegistration,
  toForeignClient,
} from './discovered-provider.js';
import type { McpRoom } from './mcp-room.js';
import { redirectUriOf } from './redirect-uri.js';

/** Longer than a registration request may take. */
const leaseMs = 15_000;
const lookEveryMs = 50;
/** A secret that ends within this time is not used any more. */
const expiryMarginMs = 60_000;
/** A registration that did not work is not tried again in this time, however many callers want it (M7). */
const backOffMs = 30_000;
/** A server that forgets its clients is given new ones, but not in a row. */
const forgetWindowMs = 3_600_000;
const mostForgotten = 3;

/** Which authorization server, as whom. */
export interface RegistrationOrder {
  readonly id: ProviderId;
  readonly record: DiscoveredProvider;
}

/**
 * Our client there: the operator's, or a metadata document, or one that is registered now if none is yet.
 *
 * @throws {ClientRegistrationRequired} none can be had without the operator
 * @throws {ProviderUnavailable | DiscoveryFailed} registration did not work
 */
export async function requireForeignClient(
  deps: Dependencies,
  room: McpRoom,
  order: RegistrationOrder,
): Promise<ForeignClient> {
  const present = await findUsable(deps, order);
  if (present !== undefined) return present;
  const redirectUri = redirectUriOf(deps, order.id);
  const { registrationEndpoint, issuer } = order.record;
  if (registrationEndpoint === undefined) throw new ClientRegistrationRequired({ issuer, redirectUri });
  const key = registrationKeyOf(issuer, redirectUri);
  const failed = room.failedRegistrations.get(key);
  if (failed !== undefined && deps.now() < failed.until) throw failed.error;
  const [lease, holder] = [`${mcpCollections.client}:${key}`, randomUUID()];
  for (let looks = 0; !(await deps.store.leases.acquire(lease, holder, leaseMs)); looks += 1) {
    if (looks > leaseMs / lookEveryMs) throw busy(issuer);
    await sleep(lookEveryMs);
    const theirs = await findUsable(deps, order);
    if (theirs !== undefined) return theirs;
  }
  try {
    return (await findUsable(deps, order)) ?? (await register(deps, room, { ...order, key, redirectUri }));
  } finally {
    await deps.store.leases.release(lease, holder).catch(() => undefined);
  }
}

async function findUsable(deps: Dependencies, { id, record }: RegistrationOrder): Promise<ForeignClient | undefined> {
  const client = await findForeignClient(deps, id, record);
  const isOver = client?.secretExpiresAt !== undefined && client.secretExpiresAt <= deps.now() + expiryMarginMs;
  return isOver ? undefined : client;
}

/** Registers and keeps what came of it. An expired registration is replaced, a good one never. */
async function register(deps: Dependencies, room: McpRoom, order: KeyedOrder): Promise<ForeignClient> {
  const { id, record, key } = order;
  const registered = withoutPastEnd(await send(deps, room, order), deps.now());
  await deps.store.documents.remove(mcpCollections.client, key);
  const kept = registeredClientSchema.encode(registered);
  const isOurs = await deps.store.documents.create(mcpCollections.client, key, kept);
  room.providers.delete(id);
  deps.log.info({ provider: id }, 'a client was registered at a discovered authorization server');
  return (isOurs ? undefined : await findForeignClient(deps, id, record)) ?? toForeignClient(registered);
}

/** A secret that is over when it is given would be given anew at each need. If it ends after all, the server says so. */
function withoutPastEnd(registered: RegisteredClient, now: number): RegisteredClient {
  const { secretExpiresAt, ...lasting } = registered;
  return secretExpiresAt !== undefined && secretExpiresAt <= now + expiryMarginMs ? lasting : registered;
}

/** A registration order with the name it is kept under. */
interface KeyedOrder extends RegistrationOrder {
  readonly key: string;
  readonly redirectUri: string;
}

/** Sends the request. What did not work is remembered for a while. */
async function send(deps: Dependencies, room: McpRoom, order: KeyedOrder): Promise<RegisteredClient> {
  const { record, key, redirectUri } = order;
  const { registrationEndpoint: endpoint = '', authenticationMethods, issuer } = record;
  const request = {
    endpoint,
    name: clientNameOf(room),
    redirectUri,
    ...(authenticationMethods && { authenticationMethods }),
  };
  try {
    return await registerClient(room.guarded, request);
  } catch (caught) {
    const { oauthError } = caught instanceof RegistrationRefused ? caught : {};
    const error =
      oauthError === undefined ? caught : new ClientRegistrationRequired({ issuer, redirectUri, oauthError });
    room.failedRegistrations.set(key, { error, until: deps.now() + backOffMs });
    throw error;
  }
}

/** What people read at the authorization server. */
export function clientNameOf({ policy }: McpRoom): string {
  return policy.client_name ?? 'Valetkey';
}

/**
 * The authorization server no longer knows our client: the registration is forgotten, so that the next need makes a
 * new one. What was discovered stays. A client of the operator's is left alone.
 *
 * @returns whether there was a registration of ours to forget
 */
export async function forgetRegistration(deps: Dependencies, provider: Provider): Promise<boolean> {
  const record = provider.foreign && (await findDiscoveredRecord(deps, provider.id));
  if (!record || !deps.mcp) return false;
  const registered = await findRegistration(deps, provider.id, record);
  if (registered?.clientId !== provider.clientId) return false;
  const { count } = await deps.store.counters.add(`mcp-forgotten:${provider.id}`, forgetWindowMs);
  if (count > mostForgotten) return false;
  await deps.store.documents.remove(
    mcpCollections.client,
    registrationKeyOf(record.issuer, redirectUriOf(deps, provider.id)),
  );
  deps.mcp.providers.delete(provider.id);
  deps.log.warn({ provider: provider.id }, 'a discovered authorization server has forgotten our client');
  return true;
}

function busy(issuer: string): ProviderUnavailable {
  const { host } = new URL(issuer);
  return new ProviderUnavailable('registration: another process has not finished it.', {
    provider: host,
    reached: 'no',
  });
}
