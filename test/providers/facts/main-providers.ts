/** Facts of the wire, from the providers' documentation: main providers. */

import { ada, idToken, openId, type ProviderFacts } from './provider-facts.js';

const github: ProviderFacts = {
  authorize: 'https://github.com/login/oauth/authorize',
  pkce: true,
  token: 'https://github.com/login/oauth/access_token',
  client: 'post',
  answer: { token_type: 'bearer', scope: 'read:user,user:email' },
  dead: [
    {
      status: 200,
      body: { error: 'bad_refresh_token', error_description: 'The refresh token passed is incorrect or expired.' },
    },
  ],
  ours: [{ status: 200, body: { error: 'incorrect_client_credentials' } }],
  userinfo: {
    request: 'GET https://api.github.com/user',
    answer: { id: 583231, login: 'octocat', name: null, email: 'o@github.com' },
  },
  identity: { id: '583231', name: 'octocat', email: 'o@github.com' },
  revoke: {
    request: 'DELETE https://api.github.com/applications/client-1/token',
    token: 'access',
    in: 'json',
    client: 'basic',
    parameter: 'access_token',
  },
};

export const mainProviders: Readonly<Record<string, ProviderFacts>> = {
  github: { ...github, scope: 'read:user user:email' },
  'github-app': {
    ...github,
    answer: {
      token_type: 'bearer',
      scope: '',
      expires_in: 28800,
      refresh_token: 'ghr_1',
      refresh_token_expires_in: 15811200,
    },
    lives: 28800,
  },
  google: {
    authorize: 'https://accounts.google.com/o/oauth2/v2/auth',
    scope: 'openid email profile',
    extra: { access_type: 'offline', prompt: 'consent', include_granted_scopes: 'true' },
    pkce: true,
    token: 'https://oauth2.googleapis.com/token',
    client: 'post',
    answer: {
      token_type: 'Bearer',
      expires_in: 3599,
      scope: 'openid https://www.googleapis.com/auth/userinfo.email https://www.googleapis.com/auth/userinfo.profile',
      id_token: 'x.y.z',
      refresh_token: 'rt',
    },
    lives: 3599,
    dead: [
      { status: 400, body: { error: 'invalid_grant', error_subtype: 'invalid_rapt' } },
      { status: 400, body: { error: 'admin_policy_enforced' } },
    ],
    ours: [
      { status: 401, body: { error: 'deleted_client' } },
      { status: 403, body: { error: 'org_internal' } },
    ],
    userinfo: { request: 'GET https://openidconnect.googleapis.com/v1/userinfo', answer: openId },
    identity: ada,
    revoke: { request: 'POST https://oauth2.googleapis.com/revoke', token: 'refresh', in: 'form', client: 'none' },
  },
  discord: {
    authorize: 'https://discord.com/oauth2/authorize',
    scope: 'identify email',
    pkce: true,
    token: 'https://discord.com/api/oauth2/token',
    client: 'basic',
    answer: { token_type: 'Bearer', expires_in: 604800, refresh_token: 'rt', scope: 'identify email' },
    lives: 604800,
    userinfo: {
      request: 'GET https://discord.com/api/users/@me',
      answer: { id: '80351110224678912', username: 'nelly', global_name: null, email: 'n@example.com' },
    },
    identity: { id: '80351110224678912', name: 'nelly', email: 'n@example.com' },
    revoke: {
      request: 'POST https://discord.com/api/oauth2/token/revoke',
      token: 'refresh',
      in: 'form',
      client: 'basic',
    },
  },
  microsoft: {
    authorize: 'https://login.microsoftonline.com/common/oauth2/v2.0/authorize',
    scope: 'openid profile email offline_access User.Read',
    extra: { response_mode: 'query' },
    pkce: true,
    token: 'https://login.microsoftonline.com/common/oauth2/v2.0/token',
    client: 'post',
    answer: {
      token_type: 'Bearer',
      expires_in: 3599,
      scope: 'openid profile email https://graph.microsoft.com/User.Read',
      refresh_token: 'rt',
      id_token: idToken({
        iss: 'https://login.microsoftonline.com/t1/v2.0',
        tid: 't1',
        oid: 'o1',
        sub: 's1',
        name: 'Ada',
        preferred_username: 'ada@example.com',
      }),
    },
    lives: 3599,
    dead: [
      { status: 400, body: { error: 'invalid_grant', error_codes: [70008] } },
      { status: 400, body: { error: 'interaction_required', error_codes: [50076], suberror: 'basic_action' } },
      { status: 400, body: { error: 'consent_required' } },
    ],
    ours: [
      { status: 401, body: { error: 'invalid_client', error_codes: [7000222] } },
      { status: 400, body: { error: 'unauthorized_client', error_codes: [700016] } },
    ],
    identity: { id: 't1:o1', name: 'Ada', email: 'ada@example.com' },
  },
  slack: {
    authorize: 'https://slack.com/oauth/v2/authorize',
    scope: 'chat:write,users:read',
    pkce: false,
    token: 'https://slack.com/api/oauth.v2.access',
    client: 'basic',
    answer: {
      ok: true,
      token_type: 'bot',
      scope: 'chat:write,users:read',
      team: { id: 'T1', name: 'Engines' },
      authed_user: { id: 'U1' },
    },
    dead: ['invalid_refresh_token', 'token_revoked', 'token_expired', 'account_inactive'].map((error) => ({
      status: 200,
      body: { ok: false, error },
    })),
    ours: [{ status: 200, body: { ok: false, error: 'bad_client_secret' } }],
    identity: { id: 'T1:U1', name: 'Engines' },
    revoke: { request: 'POST https://slack.com/api/auth.revoke', token: 'access', in: 'bearer', client: 'none' },
  },
};
