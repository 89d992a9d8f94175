/** Tokens obtained in exchange for others (source `token_exchange`). */

import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { OAuthManager } from '../src/oauth-manager.js';
import { journeysOf, noteForAudit } from './audit.js';
import { callerOf } from './caller.js';
import { providerParams, scopeList } from './schemas.js';
import { tokenAnswer } from './token-answer.js';
import { formatToken, problemAnswers } from './wire.js';

const exchangeBody = z.strictObject({
  subject_token: z.string().min(1).max(16_384).describe('The token on whose behalf another one is wanted.'),
  scopes: scopeList.optional().describe('Some of the configured scopes; without it, all of them.'),
  resource: z.string().min(1).max(2048).optional().describe('Only the one that is configured.'),
});

/** `POST /exchange/{provider}`. Not for role `user`: a person's own credential must not let them act as another. */
export const exchange: FastifyPluginAsyncZod<{ manager: OAuthManager }> = async (app, { manager }) => {
  app.route({
    method: 'POST',
    url: '/exchange/:provider',
    config: { roles: ['bot', 'admin'], audit: 'token.issue' },
    schema: {
      operationId: 'exchangeToken',
      summary: 'A token of that provider in exchange for the one in the body',
      tags: ['tokens'],
      params: providerParams,
      body: exchangeBody,
      response: { 200: tokenAnswer, ...problemAnswers },
    },
    handler: async (request) => {
      const { subject_token, scopes, resource } = request.body;
      const { tenant } = callerOf(request);
      const { provider } = request.params;
      const wish = { subjectToken: subject_token, scopes, resource, tenant };
      const token = await journeysOf(manager, request).exchangeToken(provider, wish);
      noteForAudit(request, token);
      return formatToken(token);
    },
  });
};
