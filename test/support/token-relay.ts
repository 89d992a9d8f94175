/** A relay before the token endpoint of a real authorization server: forwards requests and records them. */

import { onTestFinished } from 'vitest';
import { type AuthorizationServer, type OidcProviderOptions, startOidcProvider } from './authorization-servers.js';
import {
  type ScriptedAnswer,
  type ScriptedRequest,
  type ScriptedServer,
  startScriptedServer,
} from './scripted-server.js';

/** oidc-provider with a relay before its token endpoint. */
export interface RelayedProvider extends AuthorizationServer {
  readonly relay: ScriptedServer;
  /** Bodies of the token responses, as they were sent. */
  readonly answers: readonly string[];
  /** Token requests of one grant type. */
  requests(grantType: 'authorization_code' | 'refresh_token'): readonly ScriptedRequest[];
  /** Status that the provider's own userinfo endpoint gives to an access token. */
  userinfoStatus(accessToken: string): Promise<number>;
}

export interface RelayOptions extends OidcProviderOptions {
  /** Called for each answer of the provider, which is delayed until this resolves. */
  readonly hold?: () => Promise<unknown>;
}

/** Starts both; they end with the test. */
export async function startRelayedProvider(options: RelayOptions): Promise<RelayedProvider> {
  const strict = await startOidcProvider(options);
  const relay = await startScriptedServer();
  const answers: string[] = [];
  relay.answer('/token', async (request) => {
    const answer = await forwardTo(`${strict.url}/token`, request);
    answers.push(String(answer.text));
    await options.hold?.();
    return answer;
  });
  onTestFinished(async () => {
    await relay.close();
    await strict.close();
  });
  return {
    ...strict,
    entry: { ...strict.entry, token_endpoint: `${relay.url}/token` },
    relay,
    answers,
    requests: (grantType) => relay.requestsTo('/token').filter(({ form }) => form.get('grant_type') === grantType),
    userinfoStatus: async (accessToken) => {
      const headers = { authorization: `Bearer ${accessToken}` };
      return (await fetch(`${strict.url}/me`, { headers })).status;
    },
  };
}

/** Forwards a token request unchanged, and returns the answer. */
export async function forwardTo(url: string, { body, headers }: ScriptedRequest): Promise<ScriptedAnswer> {
  const form = new Headers({ 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' });
  if (headers.authorization !== undefined) form.set('authorization', headers.authorization);
  const response = await fetch(url, { method: 'POST', headers: form, body });
  return {
    status: response.status,
    headers: { 'content-type': response.headers.get('content-type') ?? '' },
    text: await response.text(),
  };
}
