/** oidc-provider with RFC 8693 added: subject tokens are JWTs that it verifies, with the actors that they allow. */

import { type JWTPayload, jwtVerify, SignJWT } from 'jose';
import { onTestFinished } from 'vitest';
import { type GrantContext, startOidcProvider, type TeachableProvider } from './authorization-servers.js';

const exchangeGrant = 'urn:ietf:params:oauth:grant-type:token-exchange';
const accessType = 'urn:ietf:params:oauth:token-type:access_token';
const subjectKey = Buffer.alloc(32, 9);

/** The issuer whose subject tokens the server accepts. */
export const subjectIssuer = 'https://id.example';
/** Our client there. */
export const client = { client_id: 'exchanger', client_secret: 'exchanger-secret-of-32-characters-' };

/** A subject token that the server accepts for an hour, unless the claims say otherwise. */
export function subjectTokenOf(claims: JWTPayload = {}, key: Uint8Array = subjectKey): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  const usual = { iss: subjectIssuer, sub: 'ada', scope: 'read', exp: now + 3600 };
  return new SignJWT({ ...usual, ...claims }).setProtectedHeader({ alg: 'HS256' }).sign(key);
}

/** A server, and the requests for its exchange grant. */
export interface ExchangeServer {
  readonly url: string;
  readonly requests: readonly GrantContext['oidc']['params'][];
  /** The server's introspection of a token. */
  introspect(token: string): Promise<unknown>;
}

/** Starts one; it ends with its test. */
export async function startExchangeServer(): Promise<ExchangeServer> {
  const requests: GrantContext['oidc']['params'][] = [];
  const grants = [exchangeGrant, 'client_credentials'];
  const server = await startOidcProvider({
    redirectUri: 'http://127.0.0.1:9/callback',
    configuration: { clients: [{ ...client, redirect_uris: [], response_types: [], grant_types: grants }] },
    teach: (provider) => teachExchange(provider, requests),
  });
  onTestFinished(() => server.close());
  const introspect = async (token: string) => {
    const authorization = `Basic ${Buffer.from(`${client.client_id}:${client.client_secret}`).toString('base64')}`;
    const body = new URLSearchParams({ token });
    const asked = { method: 'POST', headers: { authorization }, body };
    return (await fetch(`${server.url}/token/introspection`, asked)).json();
  };
  return { url: server.url, requests, introspect };
}

/** Adds the grant. Its tokens are opaque, like all of oidc-provider's. */
function teachExchange(provider: TeachableProvider, requests: GrantContext['oidc']['params'][]): void {
  const names = ['subject_token', 'subject_token_type', 'requested_token_type', 'audience', 'resource', 'scope'];
  const handle = async (context: GrantContext) => {
    const { client: asking, params } = context.oidc;
    requests.push({ ...params });
    const error = await refusalOf(params);
    if (error !== undefined) {
      context.status = 400;
      context.body = { error };
      return;
    }
    const token = new provider.ClientCredentials({ client: asking, scope: params.scope });
    const access_token = await token.save();
    const { expiration: expires_in } = token;
    context.body = { access_token, token_type: 'Bearer', expires_in, issued_token_type: accessType };
  };
  provider.registerGrantType(exchangeGrant, handle, names);
}

async function refusalOf(params: GrantContext['oidc']['params']): Promise<string | undefined> {
  if (params.subject_token_type !== accessType) return 'invalid_request';
  const options = { issuer: subjectIssuer, algorithms: ['HS256'] };
  const verified = await jwtVerify(params.subject_token ?? '', subjectKey, options).catch(() => undefined);
  if (verified === undefined) return 'invalid_grant';
  const { scope = '', may_act: mayAct } = verified.payload;
  if (mayAct !== undefined && Object(mayAct).sub !== client.client_id) return 'invalid_grant';
  const granted = String(scope).split(' ');
  return (params.scope ?? '').split(' ').every((one) => granted.includes(one)) ? undefined : 'invalid_scope';
}
