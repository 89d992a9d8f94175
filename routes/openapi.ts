/** Where the HTTP API describes itself: `/openapi.json`, and `/docs` to read it. */

import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify';
import type { OpenapiOptions } from './api-document.js';

/** Adds `/openapi.json` and `/docs`, and writes down every route that is added to `app` from now on. */
export function describeApi(app: FastifyInstance, options: OpenapiOptions): void {
  const routes: RouteOptions[] = [];
  let document: Promise<FastifyInstance> | undefined;
  // For the first reader: the document and its page take 110 files, a tenth of the start.
  const readDocument = () => {
    document ??= import('./api-document.js').then(({ documentApi }) => documentApi(routes, options));
    return document;
  };
  app.addHook('onClose', async () => (await document)?.close());
  app.addHook('onRoute', (route) => {
    if (route.method !== 'HEAD' && route.schema?.hide !== true) routes.push(route);
  });
  app.get('/openapi.json', { schema: { hide: true } }, async () => (await readDocument()).swagger());
  const answer = async (request: FastifyRequest, reply: FastifyReply) => passOn(await readDocument(), request, reply);
  for (const url of ['/docs', '/docs/*']) app.get(url, { schema: { hide: true } }, answer);
}

/** Lets the app of the page answer; what it does not have is ours to refuse. */
async function passOn(page: FastifyInstance, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  const { url, headers } = request;
  const { statusCode, headers: answered, rawPayload } = await page.inject({ url, headers });
  if (statusCode === 404) return reply.callNotFound();
  const { connection: _ours, date: _now, 'transfer-encoding': _how, ...kept } = answered;
  return reply
    .code(statusCode)
    .headers(kept)
    .send(rawPayload.length === 0 ? undefined : rawPayload);
}
