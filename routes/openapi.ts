/** The HTTP API described by itself: OpenAPI 3.1 from the same schemas that check requests, and a page to read it. */

import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { jsonSchemaTransform } from 'fastify-type-provider-zod';

export interface OpenapiOptions {
  /** Public address of this service, without a slash at the end; as the only entry of `servers`. */
  readonly baseUrl?: string;
  /** Version of the program. */
  readonly version?: string;
}

/**
 * Adds `/openapi.json` and `/docs`, and writes down every route that is added to `app` from now on.
 *
 * No zod compilers here: the reader's own routes come with JSON Schema.
 */
export async function describeApi(app: FastifyInstance, options: OpenapiOptions): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.1',
      info: {
        title: 'Valetkey',
        version: options.version ?? '0',
        description: 'OAuth 2.0 tokens per user for chat bots, agents and tool handlers.',
      },
      servers: options.baseUrl === undefined ? undefined : [{ url: options.baseUrl }],
      components: {
        securitySchemes: {
          bearer: { type: 'http', scheme: 'bearer', description: 'An API key or a JWT.' },
          api_key: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
        },
      },
      security: [{ bearer: [] }, { api_key: [] }],
    },
    transform: jsonSchemaTransform,
  });
  await app.register(swaggerUi, { routePrefix: '/docs', staticCSP: true });
  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger());
}
