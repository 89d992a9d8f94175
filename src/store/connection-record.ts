/** A connection as a compact array: no property names, times as differences, the usual values as `0`. */

import { z } from 'zod';
import type { Connection, connectionSchema } from '../core/connection.js';
import { defaultAccount, defaultTenant } from '../core/identifiers.js';
import { present } from './stored-json.js';

/** The position in this list stands for the mode in records, so only append. */
export const proofModes = [
  'chat_code',
  'app_verifier',
  'chat_login',
  'none',
  'host',
] as const satisfies ConnectionWire['proof']['mode'][];

const text = z.string();
const usual = z.literal(0);
const optionalText = z.union([text, usual]).nullish();
/** Ms after `connectedAt`: few digits instead of thirteen. */
const offset = z.number();
/** Scope tokens (RFC 6749 section 3.3) hold no space and are joined by one; other lists stay an array. */
const scopeTokens = z.union([text, z.array(text)]);

/**
 * The elements of the array, in order. Those at the end may be missing: they were added later, or mostly have their default.
 */
export const connectionTuple = z
  .tuple([
    text, // connectionId
    optionalText, // tenant; usual: 'default'
    text, // userId
    text, // provider
    optionalText, // account; usual: 'default'
    z.union([z.tuple([text, optionalText, optionalText]).rest(z.unknown()), usual]), // identity: id, name, email
    text, // access token
    optionalText, // token type; usual: 'bearer'
    z.number(), // connectedAt, epoch ms
    offset, // obtainedAt
    offset, // updatedAt
    scopeTokens, // scope
    z.union([scopeTokens, usual]).nullish(), // requestedScope; usual: the same as scope
    z.union([z.tuple([z.number().int(), offset, optionalText]).rest(z.unknown()), usual]).nullish(), // proof: mode, provenAt, connectId
    optionalText, // refresh token
    z.union([z.tuple([offset.nullable(), offset.nullish()]).rest(z.unknown()), usual]).nullish(), // expiresAt, refreshExpiresAt
    z.union([z.record(text, z.unknown()), usual]).nullish(), // state; usual: active
    z.union([z.record(text, text), usual]).nullish(), // parameters
    z.union([z.array(z.tuple([text, optionalText, optionalText]).rest(z.unknown())), usual]).nullish(), // sites: id, name, url
    z.union([z.tuple([offset]).rest(z.unknown()), usual]).nullish(), // pause: since
  ])
  .rest(z.unknown());

type ConnectionTuple = z.output<typeof connectionTuple>;
type ConnectionWire = z.input<typeof connectionSchema>;
/** A connection with its secrets as text, or a grant's connection, which has no proof yet. */
export type UnprovenWire = Omit<ConnectionWire, 'proof'> & Partial<Pick<ConnectionWire, 'proof'>>;

/** The value of an element; `undefined` where the default or nothing is stored. */
export function given<T>(place: T | 0 | null | undefined): T | undefined {
  return place === 0 || place === null ? undefined : place;
}

/** The connection with its secrets as text, unchecked. Pass it to nothing but a seal. */
export function wireOf(connection: Connection): ConnectionWire {
  const { tokenSet } = connection;
  const accessToken = tokenSet.accessToken.reveal();
  return { ...connection, tokenSet: { ...tokenSet, accessToken, refreshToken: tokenSet.refreshToken?.reveal() } };
}

/** Writes the array; defaults at its end are omitted. */
export function packConnection(wire: UnprovenWire): readonly unknown[] {
  const { tokenSet, connectedAt, identity, proof, state } = wire;
  const after = (time: number | undefined) => (time === undefined ? null : time - connectedAt);
  const scope = packScope(tokenSet.scope);
  const requested = packScope(wire.requestedScope);
  const places: ConnectionTuple = [
    wire.connectionId,
    wire.tenant === defaultTenant ? 0 : wire.tenant,
    wire.userId,
    wire.provider,
    wire.account === defaultAccount ? 0 : wire.account,
    identity ? packIdentity(identity) : 0,
    tokenSet.accessToken,
    tokenSet.tokenType === 'bearer' ? 0 : tokenSet.tokenType,
    connectedAt,
    tokenSet.obtainedAt - connectedAt,
    wire.updatedAt - connectedAt,
    scope,
    isSameScope(requested, scope) ? 0 : requested,
    proof ? packProof(proof, connectedAt) : 0,
    tokenSet.refreshToken ?? 0,
    tokenSet.expiresAt === undefined && tokenSet.refreshExpiresAt === undefined
      ? 0
      : tokenSet.refreshExpiresAt === undefined
        ? [after(tokenSet.expiresAt)]
        : [after(tokenSet.expiresAt), after(tokenSet.refreshExpiresAt)],
    state.kind === 'active' ? 0 : state,
    wire.parameters ?? 0,
    wire.sites?.map(({ id, name, url }) => [id, name ?? 0, url ?? 0] as const) ?? 0,
    wire.pausedAt === undefined ? 0 : [wire.pausedAt - connectedAt],
  ];
  return places.slice(0, places.findLastIndex((place) => given(place) !== undefined) + 1);
}

/** The inverse of {@link packConnection}; the schemas of `core` check the result. */
export function unpackConnection(tuple: ConnectionTuple): object {
  const [connectionId, tenant, userId, provider, account, identity, accessToken, tokenType, connectedAt, ...rest] =
    tuple;
  const [obtained, updated, scope, requested, proof, refreshToken, ends, state, parameters, sites, pause] = rest;
  const at = (distance: number | null | undefined) => (distance == null ? undefined : connectedAt + distance);
  return present({
    connectionId,
    tenant: given(tenant) ?? defaultTenant,
    userId,
    provider,
    account: given(account) ?? defaultAccount,
    identity:
      identity === 0 ? undefined : present({ id: identity[0], name: given(identity[1]), email: given(identity[2]) }),
    tokenSet: present({
      accessToken,
      tokenType: given(tokenType) ?? 'bearer',
      refreshToken: given(refreshToken),
      expiresAt: at(given(ends)?.[0]),
      obtainedAt: at(obtained),
      refreshExpiresAt: at(given(ends)?.[1]),
      scope: unpackScope(scope),
    }),
    requestedScope: unpackScope(given(requested) ?? scope),
    parameters: given(parameters),
    sites: given(sites)?.map(([id, name, url]) => present({ id, name: given(name), url: given(url) })),
    state: given(state) ?? { kind: 'active' },
    proof: proof
      ? present({ mode: proofModes[proof[0]], provenAt: at(proof[1]), connectId: given(proof[2]) })
      : undefined,
    connectedAt,
    updatedAt: at(updated),
    pausedAt: at(given(pause)?.[0]),
  });
}

function packIdentity({ id, name, email }: NonNullable<ConnectionWire['identity']>): NonNullable<ConnectionTuple[5]> {
  return email === undefined ? [id, name ?? 0] : [id, name ?? 0, email];
}

function packProof(
  { mode, provenAt, connectId }: ConnectionWire['proof'],
  connectedAt: number,
): NonNullable<ConnectionTuple[13]> {
  const [place, distance] = [proofModes.indexOf(mode), provenAt - connectedAt];
  return connectId === undefined ? [place, distance] : [place, distance, connectId];
}

function packScope(scope: readonly string[]): string | string[] {
  return scope.every((token) => token !== '' && !token.includes(' ')) ? scope.join(' ') : [...scope];
}

function isSameScope(one: string | string[], other: string | string[]): boolean {
  return one === other || JSON.stringify(one) === JSON.stringify(other);
}

function unpackScope(packed: string | readonly string[]): readonly string[] {
  if (typeof packed !== 'string') return packed;
  return packed === '' ? [] : packed.split(' ');
}
