/** The description of the HTTP API: `/openapi.json`, and `/docs` as a page. */

import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify';
import type { OpenapiOptions } from './api-document.js';

/** Adds `/openapi.json` and `/docs`, and collects every route that is added to `app` from now on. */
export function describeApi(app: FastifyInstance, options: OpenapiOptions): void {
  const routes: RouteOptions[] = [];
  let document: Promise<FastifyInstance> | undefined;
  // Loaded at the first request: the document and its page are 110 files, a tenth of the start time.
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

/** Lets the page's app answer; our own 404 is for what it does not have. */
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
