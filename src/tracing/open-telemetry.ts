/** Passes spans to OpenTelemetry, through the `@opentelemetry/api` of the service or of a host. */

import type { SpanLabels, SpanStart, Tracer } from '../core/tracer.js';

/** The part of a span that is used. */
export interface ApiSpan {
  setAttributes(labels: Record<string, string | number | boolean>): unknown;
  setStatus(status: { code: number }): unknown;
  end(): void;
}

/** The part of `@opentelemetry/api` 1 that is used: described here, so that a host without it can compile. */
export interface OpenTelemetryApi {
  readonly trace: {
    getActiveSpan(): object | undefined;
    getTracer(name: string): {
      startActiveSpan<R>(
        name: string,
        options: { kind?: number; attributes?: Record<string, string | number | boolean> },
        work: (span: ApiSpan) => R,
      ): R;
    };
  };
}

/** Values of the API's `SpanKind` and `SpanStatusCode`, which are fixed (OpenTelemetry specification, trace API). */
const kinds = { internal: 0, client: 2 } as const;
const statusError = 2;

/** The name under which all spans are made. */
export const instrumentation = 'valetkey';

/** Makes a tracer of the API: `tracer: openTelemetryTracer(await import('@opentelemetry/api'))`. */
export function openTelemetryTracer({ trace }: OpenTelemetryApi): Tracer {
  const tracer = trace.getTracer(instrumentation);
  return {
    span<T>({ name, kind, labels, inner }: SpanStart, work: (note: (labels: SpanLabels) => void) => Promise<T>) {
      if (inner && trace.getActiveSpan() === undefined) return work(() => undefined);
      const options = { kind: kinds[kind ?? 'internal'], attributes: { ...labels } };
      return tracer.startActiveSpan(name, options, (span) => ending(span, work));
    },
  };
}

async function ending<T>(span: ApiSpan, work: (note: (labels: SpanLabels) => void) => Promise<T>): Promise<T> {
  try {
    return await work((labels) => span.setAttributes({ ...labels }));
  } catch (error) {
    markFailed(span, codeOf(error));
    throw error;
  } finally {
    span.end();
  }
}

/** Marks a span as failed, by the kind of failure alone. */
export function markFailed(span: ApiSpan, kind: string): void {
  span.setAttributes({ 'error.type': kind });
  span.setStatus({ code: statusError });
}

/** Codes are words of ours or of Node's; the rest of an error may contain anything. */
function codeOf(error: unknown): string {
  const code: unknown = error instanceof Error && ('code' in error ? error.code : 'kind' in error && error.kind);
  return typeof code === 'string' && /^\w{1,40}$/.test(code) ? code : 'failed';
}
