/** A user's token for a provider: fetched, or refreshed after the provider has rejected it. */

import { type FastifyPluginAsyncZod, validatorCompiler } from 'fastify-type-provider-zod';
import { Forbidden } from '../src/core/errors.js';
import type { OAuthManager } from '../src/oauth-manager.js';
import { journeysOf } from './audit.js';
import { type Caller, callerOf, type Role } from './caller.js';
import { accountQuery, refreshBody, tokenQuery, userProviderParams } from './schemas.js';
import { tokenAnswer } from './token-answer.js';
import { tellingTo } from './told-connect.js';
import { purposeHeaders, tokenUserOf } from './usage.js';
import { usualFirst } from './usual-input.js';
import { formatToken, tokenProblemAnswers } from './wire.js';

const roles: readonly Role[] = ['bot', 'admin', 'user'];

/** `GET /users/{user}/tokens/{provider}` and `POST …/refresh`. */
export const tokens: FastifyPluginAsyncZod<{ manager: OAuthManager }> = async (app, { manager }) => {
  app.setValidatorCompiler(usualFirst(validatorCompiler));
  // `formatToken` returns exactly these fields; checking them again would take 5 of the 40 µs of an answer.
  app.setSerializerCompiler(() => (answer) => JSON.stringify(answer));
  app.route({
    method: 'GET',
    url: '/users/:user/tokens/:provider',
    // No HEAD, as the request may refresh a token, and HEAD would drop the answer.
    exposeHeadRoute: false,
    config: { roles, audit: 'token.issue' },
    schema: {
      operationId: 'getToken',
      summary: 'A valid access token of that user, refreshed if needed; or a problem with a link to connect',
      tags: ['tokens'],
      params: userProviderParams,
      querystring: tokenQuery,
      headers: purposeHeaders,
      response: { 200: tokenAnswer, ...tokenProblemAnswers },
    },
    handler: async (request) => {
      const { user, provider } = request.params;
      const { account, min_ttl, scopes } = request.query;
      const caller = callerOf(request);
      checkOwn(manager, caller, provider);
      const ask = () =>
        journeysOf(manager, request).requireToken(user, provider, {
          tenant: caller.tenant,
          account,
          scopes,
          minTtlSeconds: min_ttl,
          usedBy: tokenUserOf(request),
        });
      return formatToken(await tellingTo(caller, ask));
    },
  });

  app.route({
    method: 'POST',
    url: '/users/:user/tokens/:provider/refresh',
    config: { roles, audit: 'token.issue' },
    schema: {
      operationId: 'refreshToken',
      summary: 'Refreshes once, if the rejected access token is still the stored one',
      tags: ['tokens'],
      params: userProviderParams,
      querystring: accountQuery,
      body: refreshBody,
      headers: purposeHeaders,
      response: { 200: tokenAnswer, ...tokenProblemAnswers },
    },
    handler: async (request) => {
      const { user, provider } = request.params;
      const caller = callerOf(request);
      checkOwn(manager, caller, provider);
      const ask = () =>
        journeysOf(manager, request).refreshToken(user, provider, {
          tenant: caller.tenant,
          account: request.query.account,
          rejectedTokenSha256: request.body.rejected_token_sha256,
          usedBy: tokenUserOf(request),
        });
      return formatToken(await tellingTo(caller, ask));
    },
  });
};

/** A person's own credential gets that person's own tokens, not those that the whole deployment shares. */
function checkOwn(manager: OAuthManager, caller: Caller, provider: string): void {
  if (caller.role !== 'user') return;
  const listing = manager.listProviders().find(({ id }) => id === provider);
  if (listing !== undefined && listing.source !== 'authorization_code') {
    throw new Forbidden('The tokens of this provider are not those of one person.');
  }
}
