/** The packages of OpenTelemetry: optional, and loaded only if there is an address to send traces to. */

import { ConfigurationError } from '../../core/errors.js';

/** The packages that an operator installs beside this one to have traces. */
export const tracingPackages = [
  '@opentelemetry/api@1.9.1',
  '@opentelemetry/exporter-trace-otlp-http@0.223.0',
  '@opentelemetry/resources@2.12.0',
  '@opentelemetry/sdk-trace-node@2.12.0',
] as const;

/** The packages, as they export themselves. */
export interface Sdk {
  readonly api: typeof import('@opentelemetry/api');
  readonly exporter: typeof import('@opentelemetry/exporter-trace-otlp-http');
  readonly resources: typeof import('@opentelemetry/resources');
  readonly sdk: typeof import('@opentelemetry/sdk-trace-node');
}

/**
 * Loads them.
 *
 * @param variable the one that switched tracing on
 * @param load only for tests: what loading does
 * @throws {ConfigurationError} one is missing; says how to install them
 */
export async function loadSdk(variable: string, load = importAll): Promise<Sdk> {
  try {
    return await load();
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND')) throw error;
    const problem = `needs packages that are not installed: npm install ${tracingPackages.join(' ')}`;
    throw new ConfigurationError([{ name: variable, problem }]);
  }
}

async function importAll(): Promise<Sdk> {
  const [api, exporter, resources, sdk] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'),
    import('@opentelemetry/sdk-trace-node'),
  ]);
  return { api, exporter, resources, sdk };
}
