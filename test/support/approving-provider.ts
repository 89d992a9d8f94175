/** An authorization server that approves every request at once, as if the person had consented before. */

import { createHash, randomBytes } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';

export interface ApprovingProvider {
  readonly origin: string;
  /** Entry of PROVIDERS_FILE for this server. */
  readonly entry: {
    readonly display_name: string;
    readonly authorization_endpoint: string;
    readonly token_endpoint: string;
    readonly revocation_endpoint: string;
    readonly userinfo_endpoint: string;
    readonly client_id: string;
    readonly client_secret: string;
    readonly token_endpoint_auth_method: 'client_secret_post';
    readonly scopes: string[];
    readonly identity: { readonly id: string; readonly name: string; readonly email: string };
  };
  /** Requests at the token and revocation endpoints. */
  readonly counts: { token: number; revocation: number };
  close(): Promise<void>;
}

/** Starts it on a free port of this machine. Codes work once and only with their PKCE verifier (RFC 7636 section 4.6). */
export async function startApprovingProvider(): Promise<ApprovingProvider> {
  const challenges = new Map<string, string>();
  const counts = { token: 0, revocation: 0 };
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '', 'http://provider.invalid');
    let body = '';
    for await (const chunk of request) body += chunk;
    switch (url.pathname) {
      case '/authorize':
        return authorize(url.searchParams, challenges, response);
      case '/token':
        counts.token += 1;
        return redeem(new URLSearchParams(body), challenges, response);
      case '/revoke':
        counts.revocation += 1;
        return answer(response, 200, {});
      default:
        return answer(response, 200, { sub: '4711', name: 'octo-alice', email: 'alice@example.com' });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('The provider does not listen.');
  const origin = `http://127.0.0.1:${address.port}`;
  return { origin, counts, entry: entryOf(origin), close: () => closeServer(server) };
}

function entryOf(origin: string): ApprovingProvider['entry'] {
  return {
    display_name: 'Example',
    authorization_endpoint: `${origin}/authorize`,
    token_endpoint: `${origin}/token`,
    revocation_endpoint: `${origin}/revoke`,
    userinfo_endpoint: `${origin}/userinfo`,
    client_id: 'client',
    client_secret: 'client-secret-of-the-test',
    token_endpoint_auth_method: 'client_secret_post',
    scopes: ['read'],
    identity: { id: 'sub', name: 'name', email: 'email' },
  };
}

function authorize(parameters: URLSearchParams, challenges: Map<string, string>, response: ServerResponse): void {
  const code = randomBytes(16).toString('base64url');
  challenges.set(code, parameters.get('code_challenge') ?? '');
  const target = new URL(parameters.get('redirect_uri') ?? '');
  target.searchParams.set('code', code);
  target.searchParams.set('state', parameters.get('state') ?? '');
  response.writeHead(302, { location: target.href }).end();
}

function redeem(form: URLSearchParams, challenges: Map<string, string>, response: ServerResponse): void {
  const code = form.get('code') ?? '';
  const expected = challenges.get(code);
  challenges.delete(code);
  const shown = createHash('sha256')
    .update(form.get('code_verifier') ?? '')
    .digest('base64url');
  if (expected !== shown) {
    answer(response, 400, { error: 'invalid_grant' });
    return;
  }
  const token = randomBytes(16).toString('base64url');
  answer(response, 200, { access_token: token, token_type: 'Bearer', expires_in: 3600, refresh_token: `r-${token}` });
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

async function closeServer(server: ReturnType<typeof createServer>): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
