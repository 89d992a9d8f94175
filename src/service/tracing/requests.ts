/** Each request as a span: part of the caller's trace if it comes from a program, or a new trace if from a browser. */

import type { Context, Span } from '@opentelemetry/api';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { markFailed } from '../../tracing/open-telemetry.js';

type Api = typeof import('@opentelemetry/api');

/** Asked every few seconds by machines; nobody wants to see these spans. */
const untraced: ReadonlySet<string> = new Set(['/healthz', '/readyz', '/metrics']);

interface Traced {
  readonly span: Span;
  readonly within: Context;
}

/** Adds the hooks; call it before any route is registered. */
export function traceRequests(app: FastifyInstance, api: Api): void {
  const requests = new WeakMap<FastifyRequest, Traced>();
  app.addHook('onRequest', (request, _reply, done) => {
    const route = request.routeOptions.url;
    if (route === undefined || untraced.has(route)) return done();
    const traced = begin(api, request, route);
    requests.set(request, traced);
    api.context.with(traced.within, done);
  });
  // A body arrives by events of the socket, which know nothing of the request's context.
  app.addHook('preValidation', (request, _reply, done) => {
    const traced = requests.get(request);
    if (traced) api.context.with(traced.within, done);
    else done();
  });
  app.addHook('onResponse', (request, reply, done) => {
    const span = requests.get(request)?.span;
    span?.setAttribute('http.response.status_code', reply.statusCode);
    if (span && reply.statusCode >= 500) markFailed(span, String(reply.statusCode));
    span?.end();
    done();
  });
}

function begin(api: Api, request: FastifyRequest, route: string): Traced {
  const { method, id } = request;
  const parent = callersContext(api, request, route);
  const attributes = { 'http.request.method': method, 'http.route': route, 'valetkey.request_id': id };
  const options = { kind: api.SpanKind.SERVER, attributes };
  const span = api.trace.getTracer('valetkey').startSpan(`${method} ${route}`, options, parent);
  return { span, within: api.trace.setSpan(parent, span) };
}

/** W3C Trace Context of a program that calls the API. That of a browser could be anybody's, and is ignored. */
function callersContext({ propagation, ROOT_CONTEXT }: Api, { headers }: FastifyRequest, route: string): Context {
  if (!route.startsWith('/v1/')) return ROOT_CONTEXT;
  const { traceparent, tracestate } = headers;
  return propagation.extract(ROOT_CONTEXT, { traceparent, tracestate });
}
