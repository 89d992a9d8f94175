/** A manager with fixed answers, so that every page can be tested without the steps that lead to it. */

import type { AccountJourneys } from '../../routes/account.js';
import type { BrowserRoutesOptions } from '../../routes/browser.js';
import type { ConnectingJourneys } from '../../routes/oauth.js';
import {
  Forbidden,
  ManagerLifecycleError,
  type OAuthManagerError,
  ProviderError,
  ProviderUnavailable,
  RateLimited,
  StoreUnavailable,
} from '../../src/core/errors.js';
import { accountLabelSchema, providerIdSchema, tenantIdSchema, userIdSchema } from '../../src/core/identifiers.js';
import { Secret } from '../../src/core/secret.js';
import type { ConnectionDetails, FinishedView, LinkView, SessionView } from '../../src/core/views.js';

/** The manager and its journeys in one. */
type FixedManager = BrowserRoutesOptions['manager'] & ConnectingJourneys & AccountJourneys;

const github = providerIdSchema.parse('github');
const google = providerIdSchema.parse('google');
const notion = providerIdSchema.parse('notion');
const slack = providerIdSchema.parse('slack');
const at = Date.UTC(2026, 10, 21, 14, 5);

/** The link of the landing page, by code. */
export const links: Readonly<Record<string, LinkView>> = {
  named: {
    provider: github,
    providerName: 'GitHub',
    providerIcon: 'github',
    chatIdentity: { platform: 'slack', name: 'Alice Example' },
    scope: ['read:user', 'repo', 'admin:enterprise'],
    expiresAt: at,
    proof: 'chat_code',
    authorizationOrigin: 'https://github.com',
  },
  hostile: {
    provider: github,
    providerName: 'GitHub',
    providerIcon: '"><script>alert(1)</script>',
    chatIdentity: { platform: '<img src=x>', name: 'A\u202elice"><script>alert(1)</script>' },
    scope: [],
    expiresAt: at,
    proof: 'chat_code',
    authorizationOrigin: 'https://github.com',
  },
  unnamed: {
    provider: notion,
    providerName: 'Notion',
    scope: [],
    expiresAt: at,
    proof: 'none',
    authorizationOrigin: 'https://api.notion.com',
  },
};

const finishedBase: FinishedView = {
  connectId: 'cn_1',
  provider: github,
  providerName: 'GitHub',
  providerIcon: 'github',
  chatIdentity: { platform: 'slack', name: 'Alice Example' },
  identity: { id: '4711', name: 'octo-alice', email: 'alice@example.com' },
  status: 'awaiting_proof',
  proof: 'chat_code',
};

/** What the done page shows, by the value of the flow cookie. */
export const finished: Readonly<Record<string, FinishedView>> = {
  code: { ...finishedBase, returnCode: new Secret('K7M2XQ4P'), deepLink: 'https://t.me/example_bot?start=K7M2XQ4P' },
  typed: { ...finishedBase, returnCode: new Secret('K7M2XQ4P'), proofUntil: at },
  waiting: { ...finishedBase, proof: 'app_verifier' },
  login: {
    ...finishedBase,
    proof: 'chat_login',
    chatLogin: { providerName: 'Discord', authorizationOrigin: 'https://discord.com' },
  },
  connected: { ...finishedBase, status: 'connected', returnTo: '/connections' },
  hostile: {
    ...finishedBase,
    identity: { id: '1', name: '<script>alert(1)</script>'.repeat(7) },
    returnCode: new Secret('K7M2XQ4P'),
    deepLink: 'javascript:alert(1)',
  },
  denied: { ...finishedBase, status: 'failed', error: 'access_denied' },
  changed: { ...finishedBase, status: 'failed', error: 'account_mismatch' },
  taken: { ...finishedBase, status: 'failed', error: 'account_shared' },
  stranger: { ...finishedBase, status: 'failed', error: 'person_mismatch' },
  guessed: { ...finishedBase, status: 'failed', error: 'attempts_used_up' },
  failed: { ...finishedBase, status: 'failed', error: 'provider_error' },
  expired: { ...finishedBase, status: 'expired' },
  verifier: { ...finishedBase, proof: 'app_verifier', verifierUrl: 'https://app.example/verify?connect_id=cn_1' },
};

/** The session behind every cookie but the empty one. */
export const session: SessionView = {
  tenant: tenantIdSchema.parse('default'),
  userId: userIdSchema.parse('slack:T1:U2'),
  csrfToken: new Secret('the-csrf-token'),
  endsAt: at,
};

/** Somebody without any connection. */
const stranger = userIdSchema.parse('slack:T1:U3');

const failures: Readonly<Record<string, OAuthManagerError>> = {
  store: new StoreUnavailable('CANARY'),
  stopping: new ManagerLifecycleError('CANARY'),
  provider: new ProviderUnavailable('CANARY', { provider: 'github', reached: 'unknown' }),
  refusal: new ProviderError('CANARY', { provider: 'github' }),
  limit: new RateLimited(60_000),
  form: new Forbidden('CANARY'),
};

const label = accountLabelSchema.parse('default');
const uses = ['summarise my inbox', undefined, 'find <b>free</b> hours \u202etomorrow'].map((purpose, index) => ({
  at: at - index * 3_600_000,
  caller: '5f1d6a1f7f2b4c10',
  name: index === 1 ? undefined : 'Team calendar bot',
  ...(purpose === undefined ? {} : { purpose }),
}));

/** One connection in each state, and one that was never used. */
export const connected: readonly ConnectionDetails[] = [
  {
    connection: {
      connectionId: 'co_1',
      provider: github,
      account: label,
      identity: { id: '4711', name: 'octo-alice', email: 'alice@example.com' },
      scope: ['read:user', 'repo'],
      status: 'active',
      hasRefreshToken: false,
      connectedAt: at - 86_400_000,
      lastUsedAt: at,
    },
    uses,
  },
  {
    connection: {
      connectionId: 'co_2',
      provider: google,
      account: accountLabelSchema.parse('work'),
      identity: { id: '12', email: 'a.very.long.address.of.somebody@subsidiary.of.a.company.example' },
      scope: [
        'openid',
        'email',
        'https://www.googleapis.com/auth/calendar.readonly',
        'https://www.googleapis.com/auth/x',
      ],
      status: 'reauthorization_required',
      hasRefreshToken: true,
      connectedAt: at - 86_400_000 * 40,
    },
    uses: [],
  },
  {
    connection: {
      connectionId: 'co_3',
      provider: notion,
      account: label,
      identity: { id: '9', name: 'Example workspace' },
      scope: [],
      status: 'paused',
      pausedAt: at - 7_200_000,
      hasRefreshToken: true,
      connectedAt: at - 86_400_000 * 7,
      lastUsedAt: at - 86_400_000,
    },
    uses: [],
  },
  {
    connection: {
      connectionId: 'co_4',
      provider: google,
      account: accountLabelSchema.parse('old'),
      scope: ['email'],
      status: 'expired',
      hasRefreshToken: false,
      connectedAt: at - 86_400_000 * 90,
      lastUsedAt: at - 86_400_000 * 80,
    },
    uses: [],
  },
];

/** Answers fixed values; `failing` makes the callback fail in that way. */
export const fixedManager: FixedManager = {
  at() {
    return this;
  },
  isProviderConfigured: (provider) => ['github', 'google', 'notion'].includes(provider),
  listProviders: () => [
    { id: github, displayName: 'GitHub', icon: 'github', configured: true, scope: [], source: 'authorization_code' },
    { id: google, displayName: 'Google', icon: 'google', configured: true, scope: [], source: 'authorization_code' },
    { id: notion, displayName: 'Notion', configured: true, scope: [], source: 'authorization_code' },
    { id: slack, displayName: 'Slack', configured: true, scope: [], source: 'authorization_code' },
  ],
  describeLink: async (_provider, code) => links[code],
  startAuthorization: async () => ({
    authorizationUrl: 'https://github.com/login/oauth/authorize?state=s',
    browserSecret: new Secret('b'),
    expiresAt: at,
  }),
  finishAuthorization: async (_provider, parameters) => {
    const failure = failures[parameters.get('state') ?? ''];
    if (failure) throw failure;
    if (parameters.get('state') === 'bug') throw new Error('CANARY');
  },
  startChatLogin: async () => ({
    authorizationUrl: 'https://discord.com/oauth2/authorize',
    provider: github,
    expiresAt: at,
  }),
  finishChatLogin: async () => undefined,
  describeFinished: async (_provider, browserSecret) => finished[browserSecret],
  describeAccountLink: async (code) => (code === 'good' ? session : undefined),
  redeemAccountLink: async () => ({ sessionSecret: new Secret('s'), session }),
  findSession: async (secret) => (secret === 'empty' ? { ...session, userId: stranger } : session),
  endSession: async () => {},
  recordAct: async () => {},
  startConnect: async () => ({
    connectId: 'cn_1',
    connectUrl: '/oauth/github?link=named',
    expiresAt: at,
    proof: 'chat_code',
  }),
  deleteToken: async () => ({ revoked: 'no' }),
  pauseConnection: async () => true,
  resumeConnection: async () => true,
  listUserConnections: async () => connected.map(({ connection }) => connection),
  describeConnections: async (userId) => (userId === stranger ? [] : connected),
};
