/** MCP servers: a user's token by the server's URL, and the documents that tell authorization servers who we are. */

import type { FastifyInstance } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { Forbidden, NotFound } from '../src/core/errors.js';
import { providerIdSchema } from '../src/core/identifiers.js';
import { sharedConnectionId } from '../src/core/mcp-server.js';
import type { AccessToken } from '../src/core/views.js';
import type { Journeys, OAuthManager } from '../src/oauth-manager.js';
import { journeysOf } from './audit.js';
import { callerOf, type Role } from './caller.js';
import { mcpTokenBody, userParams } from './schemas.js';
import { tokenAnswer } from './token-answer.js';
import { tellingTo } from './told-connect.js';
import { formatToken, tokenProblemAnswers } from './wire.js';

const roles: readonly Role[] = ['bot', 'admin', 'user'];

/** `POST /users/{user}/mcp/token`. */
export const mcpTokens: FastifyPluginAsyncZod<{ manager: OAuthManager }> = async (app, { manager }) => {
  app.route({
    method: 'POST',
    url: '/users/:user/mcp/token',
    // The provider behind a server may be known only once there is a token.
    config: { roles, audit: 'token.issue', everyProvider: true },
    schema: {
      operationId: 'getMcpToken',
      summary: 'A valid access token of that user for an MCP server; or a problem with a link to connect',
      tags: ['tokens'],
      params: userParams,
      body: mcpTokenBody,
      response: { 200: tokenAnswer, ...tokenProblemAnswers },
    },
    handler: async (request) => {
      const caller = callerOf(request);
      const wish = { ...request.body, user: request.params.user, tenant: caller.tenant };
      const isPersons = caller.role === 'user';
      const token = await tellingTo(caller, () => findToken(journeysOf(manager, request), { ...wish, isPersons }));
      // A person's own credential must not get a token that the whole deployment shares.
      if (caller.role === 'user' && token.connectionId === sharedConnectionId) {
        throw new Forbidden('The tokens of this server are not those of one person.');
      }
      return formatToken(token);
    },
  });
};

/**
 * After a 401: a token, or a link to get one; after a 403 to a named token: only one with more scope, or a link. If the
 * caller gives no status, the challenge tells it: only a 403 asks for more scope (RFC 6750 section 3.1).
 */
async function findToken(
  { mcp }: Journeys,
  wish: z.infer<typeof mcpTokenBody> & { readonly user: string; readonly tenant: string; readonly isPersons: boolean },
): Promise<AccessToken> {
  const { user, tenant, server_url, account, return_to, www_authenticate, rejected_token_sha256, status } = wish;
  const known = { tenant, account, returnTo: return_to, wwwAuthenticate: www_authenticate, isPersons: wish.isPersons };
  const answer = { ...known, rejectedTokenSha256: rejected_token_sha256 };
  const wider = status === 401 ? undefined : await mcp.stepUp(user, server_url, answer);
  if (wider !== undefined) return wider;
  const isHopeless = status === 403 && rejected_token_sha256 !== undefined;
  if (isHopeless) throw new NotFound('No wider token is to be had for this server.');
  return mcp.requireToken(user, server_url, answer);
}

/** What the documents need of the manager. */
export interface DescribingManager {
  readonly mcp: Pick<OAuthManager['mcp'], 'describeClient'>;
}

/** `GET /oauth/{provider}/client-metadata.json`: public, the same for everybody. */
export function addClientMetadataRoute(app: FastifyInstance, { mcp }: Partial<DescribingManager>): void {
  app.get('/oauth/:provider/client-metadata.json', async (request, reply) => {
    const parsed = z.object({ provider: providerIdSchema }).safeParse(request.params);
    const document = parsed.success ? mcp?.describeClient(parsed.data.provider) : undefined;
    if (document === undefined) return reply.callNotFound();
    return reply.header('cache-control', 'public, max-age=3600').type('application/json').send(document);
  });
}
