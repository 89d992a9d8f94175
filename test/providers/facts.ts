/** What each provider's documentation says of its wire, written down apart from the templates, to hold them against. */

/** Samples of one provider's wire. */
export interface ProviderFacts {
  /** Values for placeholders that each connection brings. */
  readonly parameters?: Readonly<Record<string, string>>;
  readonly authorize: string;
  /** The `scope` of the default request; absent = none is sent. */
  readonly scope?: string;
  /** Parameters of the authorization request beyond RFC 6749 and PKCE. */
  readonly extra?: Readonly<Record<string, string>>;
  readonly pkce: boolean;
  readonly token: string;
  readonly client: 'post' | 'basic' | 'secret_as_user' | 'signed';
  readonly json?: true;
  /** Fields of the token request beyond the grant's own. */
  readonly tokenExtra?: Readonly<Record<string, string>>;
  /** Where refreshes go, if elsewhere. */
  readonly refresh?: string;
  /** Fields of a typical token response; `access_token` is added where it is not there. */
  readonly answer: Readonly<Record<string, unknown>>;
  /** Seconds the access token lives by that answer; absent = it does not expire. */
  readonly lives?: number;
  /** Bodies (and statuses) that say that the grant is over. Absent = only `invalid_grant`, which all are tried with. */
  readonly dead?: readonly { readonly status: number; readonly body: Readonly<Record<string, unknown>> }[];
  /** Bodies that blame our configuration. */
  readonly ours?: readonly { readonly status: number; readonly body: Readonly<Record<string, unknown>> }[];
  /** The userinfo request and a typical answer; absent = the identity stands in the token response, or nowhere. */
  readonly userinfo?: { readonly request: string; readonly answer: unknown };
  /** What is read of it. */
  readonly identity?: { readonly id: string; readonly name?: string; readonly email?: string };
  /** The revocation request as `METHOD url`, which token, and the fields beside it; absent = there is none. */
  readonly revoke?: {
    readonly request: string;
    readonly token: 'access' | 'refresh' | 'both';
    readonly in: 'form' | 'json' | 'query' | 'bearer';
    readonly client: 'post' | 'basic' | 'none' | 'client_id' | 'signed';
    readonly parameter?: string;
  };
}

/** `header.claims.signature` of an ID token. */
export const idToken = (claims: object) => `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2ln`;

const openId = { sub: 'u1', name: 'Ada', email: 'ada@example.com' };
const ada = { id: 'u1', name: 'Ada', email: 'ada@example.com' };
const oauth2 = { token_type: 'bearer', expires_in: 3600, refresh_token: 'rt' };

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

/** By provider id. */
export const facts: Readonly<Record<string, ProviderFacts>> = {
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
      id_token: idToken({ tid: 't1', oid: 'o1', sub: 's1', name: 'Ada', preferred_username: 'ada@example.com' }),
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
  airtable: {
    authorize: 'https://airtable.com/oauth2/v1/authorize',
    scope: 'user.email:read',
    pkce: true,
    token: 'https://airtable.com/oauth2/v1/token',
    client: 'basic',
    answer: { ...oauth2, scope: 'user.email:read', refresh_expires_in: 5184000 },
    lives: 3600,
    userinfo: {
      request: 'GET https://api.airtable.com/v0/meta/whoami',
      answer: { id: 'usr1', email: 'a@example.com' },
    },
    identity: { id: 'usr1', email: 'a@example.com' },
  },
  apple: {
    authorize: 'https://appleid.apple.com/auth/authorize',
    extra: { response_mode: 'query' },
    pkce: true,
    token: 'https://appleid.apple.com/auth/token',
    client: 'signed',
    answer: { ...oauth2, id_token: idToken({ sub: '001.a', email: 'relay@example.com' }) },
    lives: 3600,
    identity: { id: '001.a', email: 'relay@example.com' },
    revoke: { request: 'POST https://appleid.apple.com/auth/revoke', token: 'refresh', in: 'form', client: 'signed' },
  },
  asana: {
    authorize: 'https://app.asana.com/-/oauth_authorize',
    scope: 'default',
    pkce: true,
    token: 'https://app.asana.com/-/oauth_token',
    client: 'post',
    answer: { ...oauth2, data: { id: 1, name: 'Ada' } },
    lives: 3600,
    userinfo: {
      request: 'GET https://app.asana.com/api/1.0/users/me',
      answer: { data: { gid: 'u1', name: 'Ada', email: 'ada@example.com' } },
    },
    identity: ada,
    revoke: { request: 'POST https://app.asana.com/-/oauth_revoke', token: 'refresh', in: 'form', client: 'post' },
  },
  atlassian: {
    authorize: 'https://auth.atlassian.com/authorize',
    scope: 'read:me offline_access',
    extra: { audience: 'api.atlassian.com', prompt: 'consent' },
    pkce: true,
    token: 'https://auth.atlassian.com/oauth/token',
    client: 'post',
    answer: { ...oauth2, scope: 'read:me' },
    lives: 3600,
    dead: [
      { status: 403, body: { error: 'invalid_grant', error_description: 'Unknown or invalid refresh token.' } },
      { status: 403, body: { error: 'unauthorized_client', error_description: 'refresh_token is invalid' } },
    ],
    ours: [{ status: 401, body: { error: 'unauthorized_client', error_description: 'client is disabled' } }],
    userinfo: {
      request: 'GET https://api.atlassian.com/me',
      answer: { account_id: 'u1', name: 'Ada', email: 'ada@example.com' },
    },
    identity: ada,
  },
  bitbucket: {
    authorize: 'https://bitbucket.org/site/oauth2/authorize',
    pkce: false,
    token: 'https://bitbucket.org/site/oauth2/access_token',
    client: 'basic',
    answer: { ...oauth2, expires_in: 7200, scopes: 'account email' },
    lives: 7200,
    userinfo: { request: 'GET https://api.bitbucket.org/2.0/user', answer: { uuid: '{u1}', display_name: 'Ada' } },
    identity: { id: '{u1}', name: 'Ada' },
  },
  box: {
    authorize: 'https://account.box.com/api/oauth2/authorize',
    pkce: false,
    token: 'https://api.box.com/oauth2/token',
    client: 'post',
    answer: { ...oauth2, expires_in: 4123, restricted_to: [] },
    lives: 4123,
    userinfo: {
      request: 'GET https://api.box.com/2.0/users/me',
      answer: { id: 'u1', name: 'Ada', login: 'ada@example.com' },
    },
    identity: ada,
    revoke: { request: 'POST https://api.box.com/oauth2/revoke', token: 'refresh', in: 'form', client: 'post' },
  },
  calendly: {
    authorize: 'https://auth.calendly.com/oauth/authorize',
    scope: 'users:read',
    pkce: true,
    token: 'https://auth.calendly.com/oauth/token',
    client: 'post',
    answer: { ...oauth2, expires_in: 7200, owner: 'https://api.calendly.com/users/A' },
    lives: 7200,
    userinfo: {
      request: 'GET https://api.calendly.com/users/me',
      answer: { resource: { uri: 'https://api.calendly.com/users/A', name: 'Ada', email: 'ada@example.com' } },
    },
    identity: { ...ada, id: 'https://api.calendly.com/users/A' },
    revoke: { request: 'POST https://auth.calendly.com/oauth/revoke', token: 'both', in: 'form', client: 'post' },
  },
  canva: {
    authorize: 'https://www.canva.com/api/oauth/authorize',
    scope: 'profile:read',
    pkce: true,
    token: 'https://api.canva.com/rest/v1/oauth/token',
    client: 'basic',
    answer: { ...oauth2, expires_in: 14400, scope: 'profile:read' },
    lives: 14400,
    dead: [{ status: 400, body: { code: 'invalid_refresh_token', message: 'no' } }],
    userinfo: {
      request: 'GET https://api.canva.com/rest/v1/users/me',
      answer: { team_user: { user_id: 'u1', team_id: 't1' } },
    },
    identity: { id: 'u1' },
    revoke: {
      request: 'POST https://api.canva.com/rest/v1/oauth/revoke',
      token: 'refresh',
      in: 'form',
      client: 'basic',
    },
  },
  clickup: {
    authorize: 'https://app.clickup.com/api',
    pkce: false,
    token: 'https://api.clickup.com/api/v2/oauth/token',
    client: 'post',
    answer: {},
    userinfo: {
      request: 'GET https://api.clickup.com/api/v2/user',
      answer: { user: { id: 7, username: 'Ada', email: 'ada@example.com' } },
    },
    identity: { ...ada, id: '7' },
  },
  docusign: {
    authorize: 'https://account.docusign.com/oauth/auth',
    scope: 'signature extended',
    pkce: true,
    token: 'https://account.docusign.com/oauth/token',
    client: 'basic',
    answer: { ...oauth2, token_type: 'Bearer', expires_in: 28800 },
    lives: 28800,
    userinfo: { request: 'GET https://account.docusign.com/oauth/userinfo', answer: { ...openId, accounts: [] } },
    identity: ada,
  },
  dropbox: {
    authorize: 'https://www.dropbox.com/oauth2/authorize',
    scope: 'account_info.read',
    extra: { token_access_type: 'offline' },
    pkce: true,
    token: 'https://api.dropboxapi.com/oauth2/token',
    client: 'post',
    answer: { ...oauth2, expires_in: 14400, scope: 'account_info.read', account_id: 'u1', uid: '1' },
    lives: 14400,
    userinfo: {
      request: 'POST https://api.dropboxapi.com/2/users/get_current_account',
      answer: { account_id: 'u1', name: { display_name: 'Ada' }, email: 'ada@example.com' },
    },
    identity: ada,
    revoke: {
      request: 'POST https://api.dropboxapi.com/2/auth/token/revoke',
      token: 'access',
      in: 'bearer',
      client: 'none',
    },
  },
  figma: {
    authorize: 'https://www.figma.com/oauth',
    scope: 'current_user:read',
    pkce: true,
    token: 'https://api.figma.com/v1/oauth/token',
    refresh: 'https://api.figma.com/v1/oauth/refresh',
    client: 'basic',
    answer: { token_type: 'bearer', expires_in: 7776000, refresh_token: 'rt', user_id_string: 'u1' },
    lives: 7776000,
    userinfo: {
      request: 'GET https://api.figma.com/v1/me',
      answer: { id: 'u1', handle: 'Ada', email: 'ada@example.com' },
    },
    identity: ada,
  },
  gitlab: {
    authorize: 'https://gitlab.com/oauth/authorize',
    scope: 'openid profile email read_user',
    pkce: true,
    token: 'https://gitlab.com/oauth/token',
    client: 'post',
    answer: { ...oauth2, expires_in: 7200, created_at: 1607635748, scope: 'openid profile email read_user' },
    lives: 7200,
    userinfo: { request: 'GET https://gitlab.com/oauth/userinfo', answer: openId },
    identity: ada,
    revoke: { request: 'POST https://gitlab.com/oauth/revoke', token: 'both', in: 'form', client: 'post' },
  },
  hubspot: {
    authorize: 'https://app.hubspot.com/oauth/authorize',
    scope: 'oauth',
    pkce: false,
    token: 'https://api.hubapi.com/oauth/2026-03/token',
    client: 'post',
    answer: { ...oauth2, expires_in: 1800, hub_id: 62515, scopes: ['oauth'] },
    lives: 1800,
    dead: [{ status: 400, body: { status: 'BAD_REFRESH_TOKEN', message: 'missing or unknown refresh token' } }],
    identity: { id: '62515' },
    revoke: {
      request: 'POST https://api.hubapi.com/oauth/2026-03/token/revoke',
      token: 'refresh',
      in: 'form',
      client: 'post',
    },
  },
  intercom: {
    authorize: 'https://app.intercom.com/oauth',
    pkce: false,
    token: 'https://api.intercom.io/auth/eagle/token',
    client: 'post',
    answer: { token: 'x', token_type: 'Bearer' },
    userinfo: {
      request: 'GET https://api.intercom.io/me',
      answer: { id: '7', name: 'Ada', email: 'ada@example.com', app: { id_code: 'w1' } },
    },
    identity: { ...ada, id: 'w1:7' },
  },
  linear: {
    authorize: 'https://linear.app/oauth/authorize',
    scope: 'read',
    pkce: true,
    token: 'https://api.linear.app/oauth/token',
    client: 'post',
    answer: { token_type: 'Bearer', expires_in: 86399, refresh_token: 'rt', scope: ['read'] },
    lives: 86399,
    userinfo: {
      request: 'POST https://api.linear.app/graphql',
      answer: { data: { viewer: { id: 'u1', name: 'Ada', email: 'ada@example.com' } } },
    },
    identity: ada,
    revoke: { request: 'POST https://api.linear.app/oauth/revoke', token: 'access', in: 'bearer', client: 'none' },
  },
  linkedin: {
    authorize: 'https://www.linkedin.com/oauth/v2/authorization',
    scope: 'openid profile email',
    pkce: false,
    token: 'https://www.linkedin.com/oauth/v2/accessToken',
    client: 'post',
    answer: { expires_in: 5184000, scope: 'openid,profile,email', id_token: 'x.y.z' },
    lives: 5184000,
    userinfo: { request: 'GET https://api.linkedin.com/v2/userinfo', answer: openId },
    identity: ada,
    revoke: { request: 'POST https://www.linkedin.com/oauth/v2/revoke', token: 'access', in: 'form', client: 'post' },
  },
  miro: {
    authorize: 'https://miro.com/oauth/authorize',
    scope: 'boards:read',
    pkce: false,
    token: 'https://api.miro.com/v1/oauth/token',
    client: 'post',
    answer: { ...oauth2, scope: 'boards:read', team_id: '3', user_id: '7' },
    lives: 3600,
    userinfo: {
      request: 'GET https://api.miro.com/v1/oauth-token',
      answer: { user: { id: '7', name: 'Ada' }, team: { id: '3' } },
    },
    identity: { id: '7:3', name: 'Ada' },
    revoke: {
      request: 'POST https://api.miro.com/v1/oauth/revoke',
      token: 'access',
      in: 'query',
      client: 'none',
      parameter: 'access_token',
    },
  },
  monday: {
    authorize: 'https://auth.monday.com/oauth2/authorize',
    scope: 'me:read',
    pkce: true,
    token: 'https://auth.monday.com/oauth_ms/oauth/token',
    client: 'post',
    json: true,
    answer: {
      access_token: idToken({ iat: 1_700_000_000, exp: 1_700_003_600 }),
      token_type: 'Bearer',
      refresh_token: 'rt',
      scope: 'me:read',
    },
    lives: 3600,
    userinfo: {
      request: 'POST https://api.monday.com/v2',
      answer: { data: { me: { id: '7', name: 'Ada', email: 'ada@example.com', account: { id: '3' } } } },
    },
    identity: { ...ada, id: '3:7' },
    revoke: {
      request: 'POST https://auth.monday.com/oauth_ms/oauth/revoke',
      token: 'refresh',
      in: 'json',
      client: 'post',
    },
  },
  notion: {
    authorize: 'https://api.notion.com/v1/oauth/authorize',
    extra: { owner: 'user' },
    pkce: false,
    token: 'https://api.notion.com/v1/oauth/token',
    client: 'basic',
    json: true,
    answer: {
      token_type: 'bearer',
      refresh_token: null,
      bot_id: 'b1',
      workspace_id: 'w1',
      owner: { type: 'user', user: { id: 'u1', name: 'Ada', person: { email: 'ada@example.com' } } },
    },
    identity: { ...ada, id: 'w1:u1' },
    revoke: { request: 'POST https://api.notion.com/v1/oauth/revoke', token: 'access', in: 'json', client: 'basic' },
  },
  quickbooks: {
    authorize: 'https://appcenter.intuit.com/connect/oauth2',
    scope: 'com.intuit.quickbooks.accounting openid profile email',
    pkce: false,
    token: 'https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer',
    client: 'basic',
    answer: { ...oauth2, x_refresh_token_expires_in: 8726400, id_token: 'x.y.z' },
    lives: 3600,
    userinfo: {
      request: 'GET https://accounts.platform.intuit.com/v1/openid_connect/userinfo',
      answer: { sub: 'u1', givenName: 'Ada', familyName: 'L', email: 'ada@example.com' },
    },
    identity: { ...ada, name: 'Ada L' },
    revoke: {
      request: 'POST https://developer.api.intuit.com/v2/oauth2/tokens/revoke',
      token: 'refresh',
      in: 'json',
      client: 'basic',
    },
  },
  reddit: {
    authorize: 'https://www.reddit.com/api/v1/authorize',
    scope: 'identity',
    extra: { duration: 'permanent' },
    pkce: false,
    token: 'https://www.reddit.com/api/v1/access_token',
    client: 'basic',
    answer: { ...oauth2, scope: 'identity' },
    lives: 3600,
    userinfo: { request: 'GET https://oauth.reddit.com/api/v1/me', answer: { id: 'u1', name: 'Ada' } },
    identity: { id: 'u1', name: 'Ada' },
    revoke: {
      request: 'POST https://www.reddit.com/api/v1/revoke_token',
      token: 'refresh',
      in: 'form',
      client: 'basic',
    },
  },
  salesforce: {
    authorize: 'https://login.salesforce.com/services/oauth2/authorize',
    scope: 'openid profile email api refresh_token',
    pkce: true,
    token: 'https://login.salesforce.com/services/oauth2/token',
    client: 'post',
    answer: {
      token_type: 'Bearer',
      refresh_token: 'rt',
      scope: 'api openid profile email refresh_token',
      instance_url: 'https://a.my.salesforce.com',
      issued_at: '1700000000000',
      id_token: 'x.y.z',
    },
    lives: 3600,
    dead: [{ status: 400, body: { error: 'invalid_grant', error_description: 'expired access/refresh token' } }],
    userinfo: {
      request: 'GET https://login.salesforce.com/services/oauth2/userinfo',
      answer: { organization_id: 'o1', user_id: 'u1', name: 'Ada', email: 'ada@example.com' },
    },
    identity: { ...ada, id: 'o1:u1' },
    revoke: {
      request: 'POST https://login.salesforce.com/services/oauth2/revoke',
      token: 'refresh',
      in: 'form',
      client: 'none',
    },
  },
  shopify: {
    parameters: { shop: 'my-shop' },
    authorize: 'https://my-shop.myshopify.com/admin/oauth/authorize',
    scope: 'read_products',
    pkce: false,
    token: 'https://my-shop.myshopify.com/admin/oauth/access_token',
    client: 'post',
    tokenExtra: { expiring: '1' },
    answer: { expires_in: 3600, refresh_token: 'rt', refresh_token_expires_in: 7776000, scope: 'write_products' },
    lives: 3600,
  },
  spotify: {
    authorize: 'https://accounts.spotify.com/authorize',
    scope: 'user-read-email user-read-private',
    pkce: true,
    token: 'https://accounts.spotify.com/api/token',
    client: 'basic',
    answer: { ...oauth2, scope: 'user-read-email user-read-private' },
    lives: 3600,
    userinfo: {
      request: 'GET https://api.spotify.com/v1/me',
      answer: { id: 'u1', display_name: 'Ada', email: 'ada@example.com' },
    },
    identity: ada,
  },
  'stripe-apps': {
    authorize: 'https://marketplace.stripe.com/oauth/v2/authorize',
    pkce: false,
    token: 'https://api.stripe.com/v1/oauth/token',
    client: 'secret_as_user',
    answer: { token_type: 'bearer', refresh_token: 'rt', stripe_user_id: 'acct_1' },
    lives: 3600,
    identity: { id: 'acct_1' },
  },
  'stripe-connect': {
    authorize: 'https://connect.stripe.com/oauth/authorize',
    scope: 'read_write',
    pkce: false,
    token: 'https://connect.stripe.com/oauth/token',
    client: 'post',
    answer: { token_type: 'bearer', scope: 'read_write', livemode: false, stripe_user_id: 'acct_1' },
    identity: { id: 'acct_1' },
  },
  todoist: {
    authorize: 'https://todoist.com/oauth/authorize',
    scope: 'data:read_write',
    pkce: false,
    token: 'https://todoist.com/oauth/access_token',
    client: 'post',
    answer: { token_type: 'Bearer' },
    userinfo: {
      request: 'GET https://api.todoist.com/api/v1/user',
      answer: { id: 'u1', full_name: 'Ada', email: 'ada@example.com' },
    },
    identity: ada,
    revoke: { request: 'POST https://api.todoist.com/api/v1/revoke', token: 'access', in: 'form', client: 'basic' },
  },
  twitch: {
    authorize: 'https://id.twitch.tv/oauth2/authorize',
    scope: 'openid user:read:email',
    pkce: false,
    token: 'https://id.twitch.tv/oauth2/token',
    client: 'post',
    answer: { ...oauth2, expires_in: 14400, scope: ['openid', 'user:read:email'], id_token: 'x.y.z' },
    lives: 14400,
    dead: [{ status: 400, body: { status: 400, error: 'Bad Request', message: 'Invalid refresh token' } }],
    ours: [{ status: 403, body: { status: 403, message: 'invalid client secret' } }],
    userinfo: { request: 'GET https://id.twitch.tv/oauth2/userinfo', answer: { sub: 'u1', preferred_username: 'Ada' } },
    identity: { id: 'u1', name: 'Ada' },
    revoke: { request: 'POST https://id.twitch.tv/oauth2/revoke', token: 'access', in: 'form', client: 'client_id' },
  },
  x: {
    authorize: 'https://x.com/i/oauth2/authorize',
    scope: 'users.read tweet.read offline.access',
    pkce: true,
    token: 'https://api.x.com/2/oauth2/token',
    client: 'basic',
    answer: { ...oauth2, expires_in: 7200, scope: 'users.read tweet.read offline.access' },
    lives: 7200,
    dead: [
      { status: 400, body: { error: 'invalid_request', error_description: 'Value passed for the token was invalid.' } },
    ],
    userinfo: {
      request: 'GET https://api.x.com/2/users/me',
      answer: { data: { id: 'u1', name: 'Ada', username: 'ada', confirmed_email: 'ada@example.com' } },
    },
    identity: ada,
    revoke: { request: 'POST https://api.x.com/2/oauth2/revoke', token: 'both', in: 'form', client: 'basic' },
  },
  xero: {
    authorize: 'https://login.xero.com/identity/connect/authorize',
    scope: 'openid profile email offline_access',
    pkce: true,
    token: 'https://identity.xero.com/connect/token',
    client: 'basic',
    answer: {
      ...oauth2,
      expires_in: 1800,
      scope: 'openid profile email offline_access',
      id_token: idToken({
        xero_userid: 'x1',
        sub: 's1',
        given_name: 'Ada',
        family_name: 'L',
        email: 'ada@example.com',
      }),
    },
    lives: 1800,
    identity: { id: 'x1', name: 'Ada L', email: 'ada@example.com' },
    revoke: {
      request: 'POST https://identity.xero.com/connect/revocation',
      token: 'refresh',
      in: 'form',
      client: 'basic',
    },
  },
  zendesk: {
    parameters: { subdomain: 'acme' },
    authorize: 'https://acme.zendesk.com/oauth/authorizations/new',
    scope: 'read write',
    pkce: true,
    token: 'https://acme.zendesk.com/oauth/tokens',
    client: 'post',
    json: true,
    answer: { token_type: 'bearer', scope: 'read write' },
    userinfo: {
      request: 'GET https://acme.zendesk.com/api/v2/users/me.json',
      answer: { user: { id: 7, name: 'Ada', email: 'ada@example.com' } },
    },
    identity: { ...ada, id: '7' },
    revoke: {
      request: 'DELETE https://acme.zendesk.com/api/v2/oauth/tokens/current.json',
      token: 'access',
      in: 'bearer',
      client: 'none',
    },
  },
  zoom: {
    authorize: 'https://zoom.us/oauth/authorize',
    pkce: true,
    token: 'https://zoom.us/oauth/token',
    client: 'basic',
    answer: { ...oauth2, scope: 'user:read:user', api_url: 'https://api.zoom.us' },
    lives: 3600,
    dead: [{ status: 400, body: { reason: 'Invalid Token!', error: 'invalid_grant', errorCode: 4741 } }],
    userinfo: {
      request: 'GET https://api.zoom.us/v2/users/me',
      answer: { id: 'u1', first_name: 'Ada', last_name: 'L', email: 'ada@example.com' },
    },
    identity: { ...ada, name: 'Ada L' },
    revoke: { request: 'POST https://zoom.us/oauth/revoke', token: 'refresh', in: 'form', client: 'basic' },
  },
};
