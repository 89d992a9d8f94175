/** What the client returns, and how it is read from the wire: the library's views, with names as plain strings. */

import { Secret } from '../core/secret.js';
import type {
  AccessToken,
  ConnectionSummary,
  ConnectView,
  DeviceInstructions,
  ProvenConnect,
  RevocationOutcome,
  StartedConnect,
} from '../core/views.js';
import {
  type Fields,
  fieldsOf,
  isFields,
  list,
  number,
  optionalText,
  optionalTextMap,
  optionalTime,
  text,
  texts,
  time,
} from './answer.js';
import { UnexpectedAnswer } from './errors.js';

/** The same view with unbranded names, as over HTTP the service has checked them. */
type Plain<V> = Omit<V, 'provider' | 'account'> & {
  readonly provider: string;
} & ('account' extends keyof V ? { readonly account: string } : unknown);

/** A token; `accessToken.reveal()` gives it, printing it does not. Times in epoch ms, to the second. */
export type ClientToken = Omit<Plain<AccessToken>, 'delegation'>;
/** The state of a connect. */
export type ClientConnect = Plain<ConnectView>;
/** The result of a successful proof. */
export type ClientProvenConnect = Plain<ProvenConnect>;
/** One connection as listed, without what only the account page shows. */
export type ClientConnection = Omit<Plain<ConnectionSummary>, 'providerName' | 'pausedAt' | 'endsToo'>;

/** The result of a disconnect; `alsoEnded`: ids of others that the provider has ended with it. */
export interface ClientDisconnected {
  readonly revoked: RevocationOutcome;
  readonly alsoEnded?: readonly string[];
}

/** Reads the body that holds a token. @throws {UnexpectedAnswer} as all readers of this file do */
export function readToken(body: unknown): ClientToken {
  const fields = fieldsOf(body);
  return {
    accessToken: new Secret(text(fields, 'access_token')),
    tokenType: text(fields, 'token_type'),
    ...maybe('expiresAt', optionalTime(fields, 'expires_at')),
    scope: texts(fields, 'scopes'),
    provider: text(fields, 'provider'),
    ...readIdentity(fields),
    connectionId: text(fields, 'connection_id'),
    ...maybe('parameters', optionalTextMap(fields, 'parameters')),
    ...maybe('sites', fields.sites === undefined ? undefined : list(fields, 'sites').map(readSite)),
  };
}

function readSite(entry: unknown): NonNullable<AccessToken['sites']>[number] {
  const fields = fieldsOf(entry);
  const [name, url] = [optionalText(fields, 'name'), optionalText(fields, 'url')];
  return { id: text(fields, 'id'), ...maybe('name', name), ...maybe('url', url) };
}

/** Reads the 201 of a new connect; with method `device` it says what to enter and where. */
export function readStartedConnect(body: unknown): StartedConnect {
  const fields = fieldsOf(body);
  return {
    connectId: text(fields, 'connect_id'),
    connectUrl: text(fields, 'connect_url'),
    expiresAt: time(fields, 'expires_at'),
    proof: oneOf(fields, 'proof', ['chat_code', 'app_verifier', 'chat_login', 'none']),
    ...maybe('device', readDevice(fields)),
  };
}

/** What the person does on another device; `undefined` if it is done in a browser. */
function readDevice(fields: Fields): DeviceInstructions | undefined {
  if (fields.user_code === undefined) return undefined;
  return {
    userCode: text(fields, 'user_code'),
    verificationUri: text(fields, 'verification_uri'),
    ...maybe('verificationUriComplete', optionalText(fields, 'verification_uri_complete')),
    intervalMs: number(fields, 'interval') * 1000,
  };
}

/** Reads the state of a connect; a status that this client does not know is an error. */
export function readConnect(body: unknown): ClientConnect {
  const fields = fieldsOf(body);
  return {
    connectId: text(fields, 'connect_id'),
    provider: text(fields, 'provider'),
    status: oneOf(fields, 'status', ['pending', 'awaiting_proof', 'connected', 'failed', 'expired']),
    ...maybe('error', optionalText(fields, 'error')),
    ...maybe('metadata', optionalTextMap(fields, 'metadata')),
    ...readIdentity(fields),
  };
}

/** Reads the answer to a correct proof. */
export function readProvenConnect(body: unknown): ClientProvenConnect {
  const fields = fieldsOf(body);
  return {
    connectId: text(fields, 'connect_id'),
    provider: text(fields, 'provider'),
    ...readIdentity(fields),
    connectionId: text(fields, 'connection_id'),
  };
}

/** Reads the list of a person's connections, in the order of the service. */
export function readConnections(body: unknown): readonly ClientConnection[] {
  return list(fieldsOf(body), 'connections').map((entry) => readConnection(fieldsOf(entry)));
}

/** The outcome of revoking at the provider; the service has forgotten the tokens in every case. */
export function readDisconnected(body: unknown): ClientDisconnected {
  const fields = fieldsOf(body);
  const revoked = oneOf(fields, 'revoked', ['yes', 'no', 'unsupported']);
  return fields.also_ended === undefined ? { revoked } : { revoked, alsoEnded: texts(fields, 'also_ended') };
}

/** Reads the one-time link to the account page; `expiresAt` in epoch ms. */
export function readAccountLink(body: unknown): { url: string; expiresAt: number } {
  const fields = fieldsOf(body);
  return { url: text(fields, 'url'), expiresAt: time(fields, 'expires_at') };
}

function readConnection(fields: Fields): ClientConnection {
  if (typeof fields.has_refresh_token !== 'boolean') throw new UnexpectedAnswer('has_refresh_token is missing');
  return {
    connectionId: text(fields, 'connection_id'),
    provider: text(fields, 'provider'),
    account: optionalText(fields, 'account_label') ?? 'default',
    ...readIdentity(fields),
    scope: texts(fields, 'scopes'),
    status: oneOf(fields, 'status', ['active', 'paused', 'expired', 'reauthorization_required']),
    ...maybe('expiresAt', optionalTime(fields, 'expires_at')),
    hasRefreshToken: fields.has_refresh_token,
    connectedAt: time(fields, 'connected_at'),
    ...maybe('lastUsedAt', optionalTime(fields, 'last_used_at')),
  };
}

/** The account at the provider; null when the provider says nothing about it. */
function readIdentity({ account }: Fields): Pick<AccessToken, 'identity'> {
  if (!isFields(account)) return {};
  const [name, email] = [optionalText(account, 'name'), optionalText(account, 'email')];
  return { identity: { id: text(account, 'id'), ...maybe('name', name), ...maybe('email', email) } };
}

function maybe<K extends string, T>(name: K, value: T | undefined): { readonly [key in K]?: T } {
  const filled: { [key in K]?: T } = {};
  if (value !== undefined) filled[name] = value;
  return filled;
}

function oneOf<T extends string>(fields: Fields, name: string, words: readonly T[]): T {
  const value = text(fields, name);
  const word = words.find((candidate) => candidate === value);
  if (word === undefined) throw new UnexpectedAnswer(`${name} is a word that this client does not know`);
  return word;
}
