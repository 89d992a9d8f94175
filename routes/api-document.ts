/** The OpenAPI 3.1 document of the HTTP API, from the schemas that check requests, and the page that shows it. */

import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import { type FastifyInstance, fastify, type RouteOptions } from 'fastify';
import {
  createJsonSchemaTransform,
  createJsonSchemaTransformObject,
  serializerCompiler,
  validatorCompiler,
} from 'fastify-type-provider-zod';
import { namedSchemas } from './named-schemas.js';

/**
 * The reader loads everything from here. Its own policy also allows fonts and styles of any host, and sends browsers that
 * open it over http on loopback to https (Safari).
 */
const readerPolicy = {
  'default-src': "'self'",
  'base-uri': "'self'",
  'font-src': "'self' data:",
  'frame-ancestors': "'self'",
  'img-src': "'self' data:",
  'object-src': "'none'",
  'script-src': "'self'",
  'script-src-attr': "'none'",
};

/** What the document says about this deployment; both may be absent. */
export interface OpenapiOptions {
  /** Public address of this service, without a slash at the end; the only entry of `servers`. */
  readonly baseUrl?: string;
  /** Version of the program. */
  readonly version?: string;
}

/** The topics of the operations; every operation has one of these as its tag. */
const topics = {
  providers: 'What people can connect.',
  tokens: 'Valid access tokens, or a link to connect.',
  connects: 'The way from a link to a proven connection.',
  connections: 'What a user has connected.',
  events: 'What happens, as it happens.',
  audit: 'Who did what.',
  administration: 'API keys and revoked callers.',
} as const;

const toJsonSchema = createJsonSchemaTransform({ schemaRegistry: namedSchemas });
const withNamedSchemas = createJsonSchemaTransformObject({ schemaRegistry: namedSchemas });

/** From zod to JSON Schema, for one route: named bodies become references, and the summary describes its answers. */
const transformRoute: typeof toJsonSchema = (document) => {
  const { schema, url } = toJsonSchema(document);
  const answers: Record<string, object> = { ...(schema?.response ?? {}) };
  for (const [status, answer] of Object.entries(answers)) {
    if (!status.startsWith('2') || 'content' in answer) continue;
    answers[status] = { description: schema?.summary, content: { 'application/json': { schema: answer } } };
  }
  return { schema: { ...schema, ...(schema?.response ? { response: answers } : {}) }, url };
};

/** Every named schema is there twice, as input and as output; one that nothing refers to is left out. */
const transformWhole: typeof withNamedSchemas = (document) => {
  const whole = withNamedSchemas(document);
  const text = JSON.stringify(whole);
  const components = 'components' in whole ? whole.components : undefined;
  const schemas = Object.entries(components?.schemas ?? {});
  const used = schemas.filter(([name]) => text.includes(`"#/components/schemas/${name}"`));
  return Object.assign(whole, { components: { ...components, schemas: Object.fromEntries(used) } });
};

/**
 * A separate app that does not listen: `swagger()` is the document of these routes, `/docs` the page.
 *
 * @param routes as they were added to the app that answers them
 */
export async function documentApi(routes: readonly RouteOptions[], options: OpenapiOptions): Promise<FastifyInstance> {
  const app: FastifyInstance = fastify({ exposeHeadRoutes: false });
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
      tags: Object.entries(topics).map(([name, description]) => ({ name, description })),
    },
    transform: transformRoute,
    transformObject: transformWhole,
  });
  await app.register(swaggerUi, { routePrefix: '/docs', staticCSP: readerPolicy });
  // The page's own routes have JSON Schema, these have zod.
  await app.register(async (described) => {
    described.setValidatorCompiler(validatorCompiler).setSerializerCompiler(serializerCompiler);
    for (const { method, url, schema } of routes) described.route({ method, url, schema, handler: () => undefined });
  });
  await app.ready();
  return app;
}
