/** Who used the token of a connection, when, and for what: given in a header, read as a list. */

import type { FastifyRequest } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { TokenUse } from '../src/core/views.js';
import type { OAuthManager } from '../src/oauth-manager.js';
import { callerOf } from './caller.js';
import { accountQuery, userProviderParams } from './schemas.js';
import { problemAnswers, toSeconds } from './wire.js';

/** The header by which a caller says what it needs a token for. Loose: all other headers stay as they are. */
export const purposeHeaders = z.looseObject({
  'x-purpose': z
    .string()
    .max(200)
    .regex(/^[\x20-\x7e]*$/, 'must be printable ASCII')
    .optional()
    .describe('What the token is for, at most 200 characters; shown to the person.'),
});

const usageAnswer = z.object({
  usage: z.array(
    z.object({
      at: z.int().nonnegative().describe('Epoch seconds.'),
      caller: z.string().describe('Id of the API key, or subject of the JWT.'),
      name: z.string().nullable().describe('Responsible for that API key, if it is kept in the store.'),
      purpose: z.string().nullable(),
    }),
  ),
});

/** Who asks for a token, in the form of the list of uses. */
export function tokenUserOf(request: FastifyRequest): Omit<TokenUse, 'at'> {
  const purpose = request.headers['x-purpose'];
  const { id: caller, name } = callerOf(request);
  const said = typeof purpose === 'string' && purpose.trim() !== '';
  return { caller, name, purpose: said ? purpose.trim() : undefined };
}

/** `GET /users/{user}/connections/{provider}/usage`. */
export const usage: FastifyPluginAsyncZod<{ manager: OAuthManager }> = async (app, { manager }) => {
  app.route({
    method: 'GET',
    url: '/users/:user/connections/:provider/usage',
    config: { roles: ['bot', 'viewer', 'admin', 'user'] },
    schema: {
      operationId: 'listTokenUses',
      summary:
        'Who fetched the token of that connection, newest first; the last 50, one entry a minute for each caller',
      tags: ['connections'],
      params: userProviderParams,
      querystring: accountQuery,
      response: { 200: usageAnswer, ...problemAnswers },
    },
    handler: async (request) => {
      const { user, provider } = request.params;
      const { tenant } = callerOf(request);
      const uses = await manager.listTokenUses(user, provider, { tenant, account: request.query.account });
      return {
        usage: uses.map(({ at, caller, name = null, purpose = null }) => ({
          at: toSeconds(at),
          caller,
          name,
          purpose,
        })),
      };
    },
  });
};
