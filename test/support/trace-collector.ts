/** A trace collector on loopback with its own reader of OTLP over HTTP as JSON (opentelemetry-proto, trace service). */

import { onTestFinished } from 'vitest';
import { z } from 'zod';
import { startScriptedServer } from './scripted-server.js';

const attribute = z.object({ key: z.string(), value: z.record(z.string(), z.unknown()) });
const spanSchema = z.looseObject({
  traceId: z.string().regex(/^[0-9a-f]{32}$/),
  spanId: z.string().regex(/^[0-9a-f]{16}$/),
  parentSpanId: z.string().optional(),
  name: z.string(),
  kind: z.number(),
  attributes: z.array(attribute),
  status: z.looseObject({ code: z.number().optional() }),
});
const requestSchema = z.object({
  resourceSpans: z.array(
    z.looseObject({
      resource: z.looseObject({ attributes: z.array(attribute) }),
      scopeSpans: z.array(z.looseObject({ spans: z.array(spanSchema) })),
    }),
  ),
});

/** A received span; labels by name. */
export interface CollectedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly name: string;
  readonly kind: number;
  readonly labels: Readonly<Record<string, unknown>>;
  readonly failed: boolean;
}

/** A running collector. */
export interface TraceCollector {
  readonly url: string;
  spans(): readonly CollectedSpan[];
  /** The labels of the resource of the first request. */
  resource(): Readonly<Record<string, unknown>>;
  /** Everything received, unchanged, with headers. */
  text(): string;
}

/** Starts one; it answers every request with `status`. */
export async function startTraceCollector(status = 200): Promise<TraceCollector> {
  const server = await startScriptedServer();
  server.answer('/v1/traces', { status, json: {} });
  onTestFinished(() => server.close());
  const received = () => server.requestsTo('/v1/traces').map(({ body }) => requestSchema.parse(JSON.parse(body)));
  return {
    url: server.url,
    spans: () =>
      received()
        .flatMap(({ resourceSpans }) => resourceSpans)
        .flatMap(({ scopeSpans }) => scopeSpans)
        .flatMap(({ spans }) => spans)
        .map(({ attributes, status: ended, parentSpanId, ...span }) => ({
          ...span,
          parentSpanId: parentSpanId || undefined,
          labels: labelsOf(attributes),
          failed: ended.code === 2,
        })),
    resource: () => labelsOf(received()[0]?.resourceSpans[0]?.resource.attributes ?? []),
    text: () => JSON.stringify(server.requests.map(({ headers, body }) => ({ headers, body }))),
  };
}

function labelsOf(attributes: readonly z.infer<typeof attribute>[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
}
