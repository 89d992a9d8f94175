/** One record of every kind that is kept, with every field that it may have. */

import type { z } from 'zod';
import { auditEntrySchema } from '../../src/core/audit.js';
import * as connect from '../../src/core/connect.js';
import { connectionSchema } from '../../src/core/connection.js';
import { connectionEventSchema } from '../../src/core/events.js';
import { discoveredProviderSchema, mcpServerSchema, registeredClientSchema } from '../../src/core/mcp-server.js';

/** Epoch ms of everything in these records. */
export const at = 1_795_000_000_000;
const owner = { tenant: 'acme', userId: 'slack:T1:U2' };
const place = { ...owner, provider: 'github', account: 'work' };
const identity = { id: '4711', name: 'Ada', email: 'ada@example.com' };
const intent = {
  connectId: 'cn_1',
  ...place,
  scope: ['repo'],
  proof: 'chat_code',
  returnTo: '/done',
  chatIdentity: { platform: 'slack', name: 'Ada', subject: 'U2' },
  metadata: { thread: '7' },
  parameters: { shop: 'acme' },
  createdAt: at,
  expiresAt: at,
};
const intentMayLack = [
  'returnTo',
  'chatIdentity',
  'chatIdentity.subject',
  'metadata',
  'metadata.thread',
  'parameters',
  'parameters.shop',
];
const within = (name: string, paths: readonly string[]) => paths.map((path) => `${name}.${path}`);
const identityMayLack = ['identity', 'identity.name', 'identity.email'];
/** A token set at rest, its secrets as texts. */
export const tokenSet = {
  accessToken: 'at',
  tokenType: 'Bearer',
  refreshToken: 'rt',
  expiresAt: at,
  obtainedAt: at,
  refreshExpiresAt: at,
  scope: ['repo'],
};
const unproven = {
  connectionId: 'co_1',
  ...place,
  identity,
  tokenSet,
  requestedScope: ['repo'],
  parameters: { shop: 'acme' },
  sites: [{ id: 's1', name: 'One', url: 'https://one.example' }],
  state: { kind: 'active' },
  connectedAt: at,
  updatedAt: at,
  pausedAt: at,
};
const connectionMayLack = [
  ...identityMayLack,
  ...['tokenSet.refreshToken', 'tokenSet.expiresAt', 'tokenSet.refreshExpiresAt', 'parameters', 'parameters.shop'],
  ...['sites', 'sites.0.name', 'sites.0.url', 'pausedAt', 'proof.connectId'],
];
/** A connection at rest, as a host has stored it. */
export const connection = { ...unproven, proof: { mode: 'host', provenAt: at, connectId: 'cn_1' } };
const started = { intent, codeVerifier: 'v', redirectUri: 'https://own.example/cb', browserHash: 'h', startedAt: at };
const about = { at, userId: 'slack:T1:U2', provider: 'github', account: 'work' };

/** What it is, its schema, a record with everything, and the fields that may be missing. */
export const shapes: readonly (readonly [string, z.ZodType, Record<string, unknown>, readonly string[]])[] = [
  ['a connection', connectionSchema, connection, connectionMayLack],
  [
    'a connection in doubt',
    connectionSchema,
    { ...connection, state: { kind: 'uncertain', since: at, attempts: 1 } },
    connectionMayLack,
  ],
  [
    'a connection that is over',
    connectionSchema,
    { ...connection, state: { kind: 'needs_reauthorization', since: at, keepUntil: at, error: 'invalid_grant' } },
    connectionMayLack,
  ],
  ...(['app_verifier', 'chat_login', 'none', 'chat_code'] as const).map(
    (mode) =>
      [
        `a connection by ${mode}`,
        connectionSchema,
        { ...connection, proof: { mode, provenAt: at } },
        connectionMayLack,
      ] as const,
  ),
  ['a connect', connect.connectSchema, { ...intent, status: { kind: 'pending' } }, intentMayLack],
  [
    'a connect that waits',
    connect.connectSchema,
    { ...intent, status: { kind: 'awaiting_proof', identity, until: at } },
    [...intentMayLack, ...within('status', identityMayLack)],
  ],
  [
    'a connect that is completed',
    connect.connectSchema,
    { ...intent, status: { kind: 'connected', identity } },
    [...intentMayLack, ...within('status', identityMayLack)],
  ],
  [
    'a connect that failed',
    connect.connectSchema,
    { ...intent, status: { kind: 'failed', error: 'x' } },
    intentMayLack,
  ],
  ['a link', connect.connectLinkSchema, { intent }, within('intent', intentMayLack)],
  [
    'an authorization on its way',
    connect.pendingAuthorizationSchema,
    { ...started, issuer: 'https://as.example' },
    ['issuer', ...within('intent', intentMayLack)],
  ],
  [
    'a sign-in on its way',
    connect.pendingChatLoginSchema,
    { ...started, provider: 'slack' },
    within('intent', intentMayLack),
  ],
  ...(['attempts_used_up', 'expired', 'denied'] as const).map(
    (ended) =>
      [
        `a grant, ${ended}`,
        connect.awaitingGrantSchema,
        { connection: unproven, proof: 'chat_code', codeDigest: 'd', expiresAt: at, ended },
        ['codeDigest', 'ended', ...within('connection', connectionMayLack)],
      ] as const,
  ),
  [
    'a finished flow',
    connect.finishedFlowSchema,
    { intent, identity, returnCode: 'K7M2XQ4P', error: 'x' },
    ['returnCode', 'error', ...identityMayLack, ...within('intent', intentMayLack)],
  ],
  ['an account link', connect.accountLinkSchema, { ...owner, createdAt: at }, []],
  ['a session', connect.browserSessionSchema, { ...owner, csrfToken: 'c', startedAt: at, endsAt: at }, []],
  ['a step-up', connect.scopeStepUpSchema, { connectId: 'cn_1', scope: ['repo'], rounds: 0 }, []],
  ['a chain', connect.refreshChainSchema, { ...place, connectionId: 'co_1' }, ['connectionId']],
  ['an action', connect.pendingActionSchema, { ...place, resume: '1', keptAt: at }, []],
  [
    'a ledger',
    connect.usageLedgerSchema,
    { uses: [{ at, caller: 'k1', name: 'team-a', purpose: 'mail' }] },
    ['uses.0.name', 'uses.0.purpose'],
  ],
  ...(['caller', 'person', 'system', 'operator', 'unknown'] as const).flatMap((kind) =>
    (['ok', 'refused', 'failed'] as const).map(
      (outcome) =>
        [
          `an entry of the trail, ${kind} ${outcome}`,
          auditEntrySchema,
          {
            ...{ at, tenant: 'acme', act: 'token.issue', user: 'slack:T1:U2', outcome },
            ...{ actor: { kind, id: 'k1', credential: 'jwt' } },
            ...{ provider: 'github', account: 'work', connection_id: 'co_1', reason: 'x', request_id: 'r1' },
            ...{ address: '127.0.0.1', object: 'cn_1', token_digest: '0123456789ab' },
          },
          [
            ...['user', 'provider', 'account', 'connection_id', 'reason', 'request_id', 'address', 'object'],
            ...['token_digest', 'actor.credential'],
          ],
        ] as const,
    ),
  ),
  ...(['connection.created', 'connection.deleted'] as const).map(
    (type) => [type, connectionEventSchema, { type, connectionId: 'co_1', ...about }, []] as const,
  ),
  [
    'connection.updated',
    connectionEventSchema,
    { type: 'connection.updated', connectionId: 'co_1', change: 'reconnected', ...about },
    ['change'],
  ],
  [
    'connection.needs_reauthorization',
    connectionEventSchema,
    { type: 'connection.needs_reauthorization', connectionId: 'co_1', error: 'invalid_grant', ...about },
    [],
  ],
  [
    'connect.completed',
    connectionEventSchema,
    { type: 'connect.completed', connectId: 'cn_1', connectionId: 'co_1', metadata: { thread: '7' }, ...about },
    ['metadata', 'metadata.thread'],
  ],
  [
    'connect.failed',
    connectionEventSchema,
    { type: 'connect.failed', connectId: 'cn_1', error: 'x', metadata: { thread: '7' }, ...about },
    ['metadata', 'metadata.thread'],
  ],
  ['connect.progressed', connectionEventSchema, { type: 'connect.progressed', connectId: 'cn_1', ...about }, []],
  ['an MCP server', mcpServerSchema, { provider: 'mcp-1', checkedAt: at, rules: 'r', place: 'p' }, ['rules', 'place']],
  [
    'a discovered provider',
    discoveredProviderSchema,
    {
      ...{
        serverUrl: 'https://mcp.example',
        issuer: 'https://as.example',
        authorizationEndpoint: 'https://as.example/a',
      },
      ...{ tokenEndpoint: 'https://as.example/t', registrationEndpoint: 'https://as.example/r' },
      ...{ revocationEndpoint: 'https://as.example/v', issParameterSupported: true, resource: 'https://mcp.example' },
      ...{
        scopesSupported: ['a'],
        place: 'https://mcp.example/named',
        offlineAccess: false,
        authenticationMethods: ['none'],
        takesMetadataDocuments: true,
      },
    },
    ['authorizationEndpoint', 'registrationEndpoint', 'revocationEndpoint', 'place', 'authenticationMethods'],
  ],
  ...(['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'] as const).map(
    (authentication) =>
      [
        `a registration, ${authentication}`,
        registeredClientSchema,
        { clientId: 'c', clientSecret: 's', secretExpiresAt: at, authentication },
        ['clientSecret', 'secretExpiresAt'],
      ] as const,
  ),
];
