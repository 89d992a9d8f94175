/** Spans of the journeys: a token asked for, a refresh, a request to a provider. */

import type { ProviderId } from '../core/identifiers.js';
import type { Provider } from '../core/provider.js';
import type { SpanLabels } from '../core/tracer.js';
import type { Http } from '../protocol/http.js';
import { providerLabel } from './announce.js';
import type { Dependencies } from './dependencies.js';

/** What is traced, and at which provider. */
export interface TracedJourney {
  readonly name: 'get_token' | 'refresh';
  readonly provider: ProviderId;
  readonly labels?: SpanLabels;
}

/** How a journey ended. */
interface Outcome {
  readonly kind: string;
  readonly reason?: string;
}

/** Runs a journey inside a span; `valetkey.outcome` says how it ended. */
export function traced<T extends Outcome>(
  deps: Dependencies,
  { name, provider, labels }: TracedJourney,
  work: () => Promise<T>,
): Promise<T> {
  if (deps.tracer === undefined) return work();
  const start = { name, labels: { 'valetkey.provider': providerLabel(deps, provider), ...labels } };
  return deps.tracer.span(start, async (note) => {
    const outcome = await work();
    note({ 'valetkey.outcome': outcome.reason ?? outcome.kind });
    return outcome;
  });
}

/**
 * The HTTP client for a provider, with a span for each request. No `traceparent` is sent: it would tell the provider which
 * of its users one request of ours concerns, and no provider has a use for it. The span does not hold the URL either, as
 * that of some providers names a customer.
 */
export function traceHttp(deps: Dependencies, provider: Provider, http: Http): Http {
  const { tracer } = deps;
  if (tracer === undefined) return http;
  const inSpan = <Answer extends { readonly status: number }>(method: string, send: () => Promise<Answer>) => {
    const labels = { 'valetkey.provider': providerLabel(deps, provider.id), 'http.request.method': method };
    return tracer.span({ name: `provider ${method}`, kind: 'client', labels }, async (note) => {
      const answer = await send();
      note({ 'http.response.status_code': answer.status });
      return answer;
    });
  };
  return {
    ...http,
    fetch: (url, init) => inSpan(init.method ?? 'GET', () => http.fetch(url, init)),
    post: (url, request) => inSpan('POST', () => http.post(url, request)),
  };
}
