/** A real MCP server with one tool, and its own authorization server by the SDK's `mcpAuthRouter`. Forgets all at its end. */

import { randomUUID } from 'node:crypto';
import { InvalidGrantError, InvalidTokenError } from '@modelcontextprotocol/sdk/server/auth/errors.js';
import { requireBearerAuth } from '@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js';
import { getOAuthProtectedResourceMetadataUrl, mcpAuthRouter } from '@modelcontextprotocol/sdk/server/auth/router.js';
import { createMcpExpressApp } from '@modelcontextprotocol/sdk/server/express.js';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';

const lifetimeSeconds = 3600;

/**
 * Starts a server on a free port of this machine. Its clients register by themselves, or, with `redirectUriOf`, its operator
 * has made one by hand for the redirect URI that this gives; `client` is then what we were given.
 */
export async function startMcpServer({ name, redirectUriOf }) {
  const app = createMcpExpressApp();
  const listener = await new Promise((resolve) => {
    const opened = app.listen(0, '127.0.0.1', () => resolve(opened));
  });
  const origin = new URL(`http://localhost:${listener.address().port}`);
  const url = new URL('/mcp', origin);
  const byHand = redirectUriOf && {
    client_id: 'agent-by-hand',
    client_secret: 'given-by-the-operator',
    redirect_uris: [redirectUriOf(url.href)],
  };
  const provider = createAuthorizationServer(byHand);
  app.use(mcpAuthRouter({ provider, issuerUrl: origin, resourceServerUrl: url, scopesSupported: ['tools'] }));
  const resourceMetadataUrl = getOAuthProtectedResourceMetadataUrl(url);
  app.post('/mcp', requireBearerAuth({ verifier: provider, resourceMetadataUrl }), async (request, response) => {
    const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: undefined });
    await createTools(name, request.auth).connect(transport);
    await transport.handleRequest(request, response, request.body);
  });
  return {
    url: url.href,
    client: byHand && { issuer: origin.href, client_id: byHand.client_id, client_secret: byHand.client_secret },
    registrations: provider.registrations,
    close: () => {
      listener.closeAllConnections();
      return new Promise((resolve) => listener.close(resolve));
    },
  };
}

function createTools(name, auth) {
  const server = new McpServer({ name, version: '1.0.0' });
  server.registerTool('whoami', { description: 'Says who you are here' }, async () => ({
    content: [{ type: 'text', text: `you are ${auth.extra.person} at ${name}` }],
  }));
  return server;
}

/** Says yes to everybody; who is asking stands in a header, where a real one would have a log-in page. */
function createAuthorizationServer(byHand) {
  const clients = new Map(byHand && [[byHand.client_id, byHand]]);
  const [codes, access, refresh] = [new Map(), new Map(), new Map()];
  let registrations = 0;

  function issue(grant) {
    const tokens = { access_token: `at-${randomUUID()}`, refresh_token: `rt-${randomUUID()}` };
    access.set(tokens.access_token, { ...grant, expiresAt: Math.floor(Date.now() / 1000) + lifetimeSeconds });
    refresh.set(tokens.refresh_token, grant);
    return { ...tokens, token_type: 'Bearer', expires_in: lifetimeSeconds, scope: grant.scopes.join(' ') };
  }

  const register = (client) => {
    registrations += 1;
    const registered = { ...client, client_id: client.client_id ?? `client-${randomUUID()}` };
    clients.set(registered.client_id, registered);
    return registered;
  };

  return {
    registrations: () => registrations,
    clientsStore: {
      getClient: (id) => clients.get(id),
      ...(!byHand && { registerClient: register }),
    },
    async authorize(client, { codeChallenge, redirectUri, scopes = [], state, resource }, response) {
      const code = randomUUID();
      const person = response.req.get('x-person');
      codes.set(code, { codeChallenge, grant: { clientId: client.client_id, scopes, resource, extra: { person } } });
      const back = new URL(redirectUri);
      back.searchParams.set('code', code);
      if (state !== undefined) back.searchParams.set('state', state);
      response.redirect(back.href);
    },
    challengeForAuthorizationCode: async (_client, code) => codes.get(code)?.codeChallenge ?? '',
    async exchangeAuthorizationCode(_client, code) {
      const { grant } = codes.get(code);
      codes.delete(code);
      return issue(grant);
    },
    async exchangeRefreshToken(_client, token) {
      const grant = refresh.get(token);
      if (grant === undefined) throw new InvalidGrantError('used or unknown refresh token');
      refresh.delete(token);
      return issue(grant);
    },
    async verifyAccessToken(token) {
      const grant = access.get(token);
      if (grant === undefined) throw new InvalidTokenError('unknown token');
      return { token, ...grant };
    },
  };
}
