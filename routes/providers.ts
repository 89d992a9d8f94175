/** The providers that this service knows, and which of them are configured. */

import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import type { OAuthManager } from '../src/oauth-manager.js';
import { callerOf, reachesProvider } from './caller.js';
import { providersAnswer } from './schemas.js';
import { problemAnswers } from './wire.js';

/** `GET /providers`. */
export const providers: FastifyPluginAsyncZod<{ manager: OAuthManager }> = async (app, { manager }) => {
  app.route({
    method: 'GET',
    url: '/providers',
    config: { roles: ['bot', 'viewer', 'admin', 'user'] },
    schema: {
      operationId: 'listProviders',
      summary: 'All known providers',
      tags: ['providers'],
      response: { 200: providersAnswer, ...problemAnswers },
    },
    handler: async (request) => {
      const caller = callerOf(request);
      const listings = manager.listProviders().filter(({ id }) => reachesProvider(caller, id));
      return {
        providers: listings.map((listing) => ({
          id: listing.id,
          display_name: listing.displayName,
          configured: listing.configured,
          scopes: [...listing.scope],
          source: listing.source,
        })),
      };
    },
  });
};
