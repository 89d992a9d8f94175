/** Starts tracing: spans of this process are sent to the collector in batches, in the background. */

import type { FastifyInstance } from 'fastify';
import type { Log } from '../../core/log.js';
import type { Tracer } from '../../core/tracer.js';
import { openTelemetryTracer } from '../../tracing/open-telemetry.js';
import { traceRequests } from './requests.js';
import { loadSdk } from './sdk.js';
import { parseHeaders, type TracingConfig } from './settings.js';

/** How long sending the last spans may take at the end, ms. */
const flushMs = 2_000;

/** Tracing that has started. */
export interface Tracing {
  readonly tracer: Tracer;
  /** Makes each request to the app a span from now on. */
  traceRequests(app: FastifyInstance): void;
  /** Sends what is left, for up to two seconds. */
  close(): Promise<void>;
}

/**
 * Loads the SDK and starts. Only one per process: OpenTelemetry keeps its context in globals.
 *
 * @throws {ConfigurationError} its packages are not installed
 */
export async function startTracing(config: TracingConfig, log: Log): Promise<Tracing> {
  const { api, exporter, resources, sdk } = await loadSdk(config.variable);
  const own = resources.resourceFromAttributes({ 'service.name': config.serviceName });
  const told = resources.detectResources({ detectors: [resources.envDetector] });
  const sending = new exporter.OTLPTraceExporter({
    url: config.url,
    headers: { ...parseHeaders(config.headers.reveal()) },
  });
  const provider = new sdk.NodeTracerProvider({
    resource: resources.defaultResource().merge(own).merge(told),
    spanProcessors: [new sdk.BatchSpanProcessor(tellingFailures(sending, log))],
  });
  provider.register();
  return {
    tracer: openTelemetryTracer(api),
    traceRequests: (app) => traceRequests(app, api),
    close: async () => {
      await Promise.race([provider.shutdown().catch(() => undefined), afterMs(flushMs)]);
      for (const part of [api.trace, api.context, api.propagation]) part.disable();
    },
  };
}

type Exporter = ConstructorParameters<typeof import('@opentelemetry/sdk-trace-node')['BatchSpanProcessor']>[0];

/** Only the first of several failures in a row is logged: a collector that is down must not fill the log. */
function tellingFailures(exporter: Exporter, log: Log): Exporter {
  let isFailing = false;
  return {
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        const hasFailed = result.code !== 0;
        if (hasFailed && !isFailing) log.warn({}, 'traces cannot be sent to the collector');
        isFailing = hasFailed;
        done(result);
      }),
    shutdown: () => exporter.shutdown(),
    forceFlush: async () => exporter.forceFlush?.(),
  };
}

function afterMs(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
