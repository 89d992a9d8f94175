/** A user's connections for a bot: it lists, disconnects and erases them, and creates links to the account page. */

import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import type { OAuthManager } from '../src/oauth-manager.js';
import { journeysOf } from './audit.js';
import { callerOf, reachesProvider } from './caller.js';
import {
  accountLinkAnswer,
  accountQuery,
  connectionsAnswer,
  disconnectedAnswer,
  erasedAnswer,
  userParams,
  userProviderParams,
} from './schemas.js';
import { usage } from './usage.js';
import { formatConnection, problemAnswers, toSeconds } from './wire.js';

const tags = ['connections'];

/** The connections of one user. */
export const connectionsApi: FastifyPluginAsyncZod<{ manager: OAuthManager }> = async (app, { manager }) => {
  app.route({
    method: 'GET',
    url: '/users/:user/connections',
    config: { roles: ['bot', 'viewer', 'admin', 'user'] },
    schema: {
      operationId: 'listConnections',
      summary: 'What that user has connected; never a secret',
      tags,
      params: userParams,
      response: { 200: connectionsAnswer, ...problemAnswers },
    },
    handler: async (request) => {
      const caller = callerOf(request);
      const summaries = await manager.listUserConnections(request.params.user, { tenant: caller.tenant });
      return {
        connections: summaries.filter(({ provider }) => reachesProvider(caller, provider)).map(formatConnection),
      };
    },
  });

  app.route({
    method: 'DELETE',
    url: '/users/:user/connections/:provider',
    config: { roles: ['bot', 'admin', 'user'], audit: 'disconnect' },
    schema: {
      operationId: 'disconnect',
      summary: 'Revokes at the provider and forgets here; the local copy is gone in every case',
      tags,
      params: userProviderParams,
      querystring: accountQuery,
      response: { 200: disconnectedAnswer, ...problemAnswers },
    },
    handler: async (request) => {
      const { user, provider } = request.params;
      const { tenant } = callerOf(request);
      const { revoked, alsoEnded } = await journeysOf(manager, request).deleteToken(user, provider, {
        tenant,
        account: request.query.account,
      });
      return { revoked, also_ended: alsoEnded && [...alsoEnded] };
    },
  });
  await app.register(usage, { manager });
  await app.register(wholeUser, { manager });
};

/** Routes about the connections at every provider. */
const wholeUser: FastifyPluginAsyncZod<{ manager: OAuthManager }> = async (app, { manager }) => {
  app.route({
    method: 'DELETE',
    url: '/users/:user',
    config: { roles: ['bot', 'admin', 'user'], everyProvider: true, audit: 'erase' },
    schema: {
      operationId: 'eraseUser',
      summary: 'Revokes and erases everything of that user',
      tags,
      params: userParams,
      response: { 200: erasedAnswer, ...problemAnswers },
    },
    handler: async (request) => {
      const { tenant } = callerOf(request);
      const { connections, revoked, notRevoked, unsupported } = await journeysOf(manager, request).eraseUser(
        request.params.user,
        {
          tenant,
        },
      );
      return { connections, revoked, not_revoked: notRevoked, unsupported };
    },
  });

  app.route({
    method: 'POST',
    url: '/users/:user/account-link',
    config: { roles: ['bot', 'admin', 'user'], everyProvider: true, audit: 'account_link.create' },
    schema: {
      operationId: 'createAccountLink',
      summary: 'A one-time link to the account page of that person',
      tags,
      params: userParams,
      response: { 201: accountLinkAnswer, ...problemAnswers },
    },
    handler: async (request, reply) => {
      const { tenant } = callerOf(request);
      const { url, expiresAt } = await journeysOf(manager, request).createAccountLink(request.params.user, { tenant });
      return reply.code(201).send({ url, expires_at: toSeconds(expiresAt) });
    },
  });
};
