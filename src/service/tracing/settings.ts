/** Where traces are sent, by the standard variables of OpenTelemetry; without an address nothing is traced. */

import { z } from 'zod';
import { Secret } from '../../core/secret.js';
import { nameSchema, switchSchema } from '../config-schema.js';
import type { EnvironmentReader } from '../environment.js';

/** Settings of the exporter. The SDK reads its other variables (sampler, limits, batches, resource) itself. */
export interface TracingConfig {
  /** The variable that switched tracing on. */
  readonly variable: string;
  readonly url: string;
  readonly headers: Secret;
  readonly serviceName: string;
}

const problem = 'must be an http or https URL without user, query and fragment';

/** http is allowed beyond this machine, too: a collector stands beside the service, and spans hold no secrets. */
const addressSchema = z.string().transform((text, context) => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isPlain = url?.username === '' && url.password === '' && url.search === '' && url.hash === '';
  if (url !== undefined && isPlain && /^https?:$/.test(url.protocol)) return url;
  context.addIssue({ code: 'custom', message: problem });
  return z.NEVER;
});

const protocolSchema = z.enum(
  ['http/protobuf', 'http/json'],
  'must be http/protobuf or http/json: this service speaks OTLP over HTTP, at port 4318 of most collectors',
);

/** `name=value,name=value`, percent-encoded, as in a W3C baggage header. */
const headersSchema = z
  .string()
  .refine((text) => parseHeaders(text) !== undefined, 'must be name=value, comma-separated, percent-encoded')
  .transform((text) => new Secret(text));

/** The headers for the exporter; `undefined` when the text is not a list of headers. */
export function parseHeaders(text: string): Readonly<Record<string, string>> | undefined {
  const parts = text.split(',').filter((part) => part.trim() !== '');
  try {
    const pairs = parts.map((part) => {
      const [, name, value = ''] = /^\s*([\w-]+)\s*=\s*(\S*)\s*$/.exec(part) ?? [];
      return name === undefined ? undefined : ([name, decodeURIComponent(value)] as const);
    });
    return pairs.includes(undefined) ? undefined : Object.fromEntries(pairs.filter((pair) => pair !== undefined));
  } catch {
    return undefined;
  }
}

/** On as soon as there is an address, unless OTEL_SDK_DISABLED. */
export function readTracing(reader: EnvironmentReader): TracingConfig | undefined {
  const base = reader.read('OTEL_EXPORTER_OTLP_ENDPOINT', addressSchema);
  const traces = reader.read('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', addressSchema);
  const headers = reader.readSecret('OTEL_EXPORTER_OTLP_HEADERS', headersSchema) ?? new Secret('');
  const serviceName = reader.read('OTEL_SERVICE_NAME', nameSchema) ?? 'valetkey';
  const disabled = reader.read('OTEL_SDK_DISABLED', switchSchema) ?? false;
  reader.read('OTEL_EXPORTER_OTLP_PROTOCOL', protocolSchema);
  const url = traces?.href ?? (base && `${base.href.replace(/\/+$/, '')}/v1/traces`);
  if (disabled || url === undefined) return undefined;
  const variable = traces ? 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT' : 'OTEL_EXPORTER_OTLP_ENDPOINT';
  return { variable, url, headers, serviceName };
}
