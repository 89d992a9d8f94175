/** The form in which a provider's wire is written down, apart from its template. */

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
  /** The request for the list of sites, a typical answer, and what is read of it. */
  readonly sites?: { readonly request: string; readonly answer: unknown; readonly read: readonly object[] };
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

/** Claims of OpenID Connect. */
export const openId = { sub: 'u1', name: 'Ada', email: 'ada@example.com' };
/** What is read of them. */
export const ada = { id: 'u1', name: 'Ada', email: 'ada@example.com' };
/** Fields of a token response by the book. */
export const oauth2 = { token_type: 'bearer', expires_in: 3600, refresh_token: 'rt' };
