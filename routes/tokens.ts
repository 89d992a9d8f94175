/** A user's token for a provider: fetched, or refreshed after the provider rejected the one at hand. */

import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import type { OAuthManager } from '../src/oauth-manager.js';
import { callerOf, type Role } from './caller.js';
import { accountQuery, refreshBody, tokenAnswer, tokenQuery, userProviderParams } from './schemas.js';
import { formatToken, problemAnswers } from './wire.js';

const roles: readonly Role[] = ['bot', 'admin', 'user'];

/** `GET /users/{user}/tokens/{provider}` and `POST …/refresh`. */
export const tokens: FastifyPluginAsyncZod<{ manager: OAuthManager }> = async (app, { manager }) => {
  app.route({
    method: 'GET',
    url: '/users/:user/tokens/:provider',
    // A token may be refreshed by this request: nothing for a method that throws the answer away.
    exposeHeadRoute: false,
    config: { roles },
    schema: {
      operationId: 'getToken',
      summary: 'A valid access token of that user, refreshed if needed; or a problem with a link to connect',
      tags: ['tokens'],
      params: userProviderParams,
      querystring: tokenQuery,
      response: { 200: tokenAnswer, ...problemAnswers },
    },
    handler: async (request) => {
      const { user, provider } = request.params;
      const { account, min_ttl, scopes } = request.query;
      const token = await manager.requireToken(user, provider, {
        tenant: callerOf(request).tenant,
        account,
        scopes,
        minTtlSeconds: min_ttl,
      });
      return formatToken(token);
    },
  });

  app.route({
    method: 'POST',
    url: '/users/:user/tokens/:provider/refresh',
    config: { roles },
    schema: {
      operationId: 'refreshToken',
      summary: 'Refreshes once, if the rejected access token is still the stored one',
      tags: ['tokens'],
      params: userProviderParams,
      querystring: accountQuery,
      body: refreshBody,
      response: { 200: tokenAnswer, ...problemAnswers },
    },
    handler: async (request) => {
      const { user, provider } = request.params;
      const token = await manager.refreshToken(user, provider, {
        tenant: callerOf(request).tenant,
        account: request.query.account,
        rejectedTokenSha256: request.body.rejected_token_sha256,
      });
      return formatToken(token);
    },
  });
};
