/** From values of the program to bodies on the wire: camelCase and ms become snake_case and seconds. */

import type { StoredAuditEntry } from '../src/core/audit.js';
import type { ProviderIdentity } from '../src/core/connection.js';
import type { ConnectionEvent, StoredEvent } from '../src/core/events.js';
import { defaultAccount } from '../src/core/identifiers.js';
import type { AccessToken, ConnectionSummary, ConnectView, ProvenConnect, StartedConnect } from '../src/core/views.js';
import { notConnectedProblem } from './named-schemas.js';
import { problemSchema } from './schemas.js';

/** Epoch ms to epoch seconds, rounded down, so that no token seems to live longer than it does. */
export function toSeconds(epochMs: number): number {
  return Math.floor(epochMs / 1000);
}

const secondsOrNull = (epochMs: number | undefined) => (epochMs === undefined ? null : toSeconds(epochMs));

function formatAccount(identity: ProviderIdentity | undefined) {
  return identity === undefined ? null : { id: identity.id, name: identity.name, email: identity.email };
}

/** The body with an access token. */
export function formatToken(token: AccessToken) {
  return {
    access_token: token.accessToken.reveal(),
    token_type: token.tokenType,
    expires_at: secondsOrNull(token.expiresAt),
    scopes: [...token.scope],
    provider: token.provider,
    account: formatAccount(token.identity),
    connection_id: token.connectionId,
    parameters: token.parameters,
    sites: token.sites && [...token.sites],
  };
}

/** A connect that was just created. */
export function formatStartedConnect(started: StartedConnect) {
  return {
    connect_id: started.connectId,
    connect_url: started.connectUrl,
    expires_at: toSeconds(started.expiresAt),
    proof: started.proof,
    ...(started.device && {
      user_code: started.device.userCode,
      verification_uri: started.device.verificationUri,
      verification_uri_complete: started.device.verificationUriComplete,
      interval: started.device.intervalMs / 1000,
    }),
  };
}

/** The state of a connect. */
export function formatConnect(view: ConnectView) {
  return {
    connect_id: view.connectId,
    provider: view.provider,
    status: view.status,
    error: view.error,
    account: view.identity === undefined ? undefined : formatAccount(view.identity),
    metadata: view.metadata,
  };
}

/** The answer to a successful proof. */
export function formatProven(proven: ProvenConnect) {
  return {
    status: 'connected' as const,
    connect_id: proven.connectId,
    provider: proven.provider,
    account: formatAccount(proven.identity),
    connection_id: proven.connectionId,
  };
}

/** One connection of a list, without secrets. */
export function formatConnection(summary: ConnectionSummary) {
  return {
    connection_id: summary.connectionId,
    provider: summary.provider,
    account: formatAccount(summary.identity),
    account_label: summary.account === defaultAccount ? undefined : summary.account,
    scopes: [...summary.scope],
    status: summary.status,
    expires_at: secondsOrNull(summary.expiresAt),
    has_refresh_token: summary.hasRefreshToken,
    connected_at: toSeconds(summary.connectedAt),
    last_used_at: secondsOrNull(summary.lastUsedAt),
  };
}

/** One entry of the audit trail. Its time keeps the milliseconds, for the order of entries. */
export function formatAuditEntry({ id, entry }: StoredAuditEntry) {
  return { id, ...entry, at: entry.at / 1000 };
}

/** The fields of an event, in the stream and in webhooks. */
export function formatEventFacts(event: ConnectionEvent) {
  return {
    type: event.type,
    at: toSeconds(event.at),
    user: event.userId,
    provider: event.provider,
    account_label: event.account,
    connection_id: 'connectionId' in event ? event.connectionId : undefined,
    connect_id: 'connectId' in event ? event.connectId : undefined,
    change: 'change' in event ? event.change : undefined,
    error: 'error' in event ? event.error : undefined,
    metadata: 'metadata' in event ? event.metadata : undefined,
  };
}

/** One server-sent event: its id in the log, its type and its fields. */
export function formatEvent({ id, event }: StoredEvent): string {
  return `id: ${id}\nevent: ${event.type}\ndata: ${JSON.stringify(formatEventFacts(event))}\n\n`;
}

const problem = {
  description: 'A problem (RFC 9457); branch on `code`.',
  content: { 'application/problem+json': { schema: problemSchema } },
};

/** The errors that every route may answer, for the OpenAPI document. */
export const problemAnswers = { '4xx': problem, '5xx': problem };

/** The same, for the routes that answer with a token. */
export const tokenProblemAnswers = {
  409: {
    description: 'The person has to open `connect_url` first; `code` says why.',
    content: { 'application/problem+json': { schema: notConnectedProblem } },
  },
  ...problemAnswers,
};
