/** Traces as a collector gets them: what hangs on what, what is never in them, and nothing at all where nobody asks. */

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { loadConfig } from '../../src/service/config.js';
import { loadSdk, tracingPackages } from '../../src/service/tracing/sdk.js';
import { readText } from '../support/source-tree.js';
import { type CollectedSpan, startTraceCollector } from '../support/trace-collector.js';
import { makeDataDir, readCode, startRunning } from './running.js';

const user = 'canary-user';
const caller = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7' };
const traceparent = `00-${caller.traceId}-${caller.spanId}-01`;

/** Requests to any server in this process, by path, with what they said of a trace. */
function watchIncoming(): readonly { readonly path: string; readonly trace: unknown }[] {
  const seen: { path: string; trace: unknown }[] = [];
  const onRequest = (message: unknown) => {
    if (typeof message !== 'object' || message === null || !('request' in message)) return;
    const { url, headers } = message.request as { url: string; headers: Record<string, unknown> };
    seen.push({ path: url, trace: headers.traceparent ?? headers.tracestate ?? headers.baggage });
  };
  subscribe('http.server.request.start', onRequest);
  onTestFinished(() => void unsubscribe('http.server.request.start', onRequest));
  return seen;
}

/** Connects somebody, fetches their token inside a caller's trace, forces a refresh, and ends the service. */
async function tracedJourney(endpoint: string) {
  const made = makeDataDir();
  onTestFinished(() => made.remove());
  const variables = { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_EXPORTER_OTLP_HEADERS: 'x-team=a%20b' };
  const running = await startRunning(made.path, { variables });
  const key = running.config.apiKeys[0]?.secret.reveal() ?? '';
  const started = await running.call('POST', `/v1/users/${user}/connect/sandbox`);
  const code = readCode(await running.walk(String(started.body.connect_url), 'canary-person'));
  await running.call('POST', `/v1/users/${user}/proof`, { code });
  const headers = { authorization: `Bearer ${key}`, traceparent };
  const url = `/v1/users/${user}/tokens/sandbox`;
  const first = (await running.app.inject({ url, headers })).json();
  const rejected_token_sha256 = createHash('sha256').update(first.access_token).digest('hex');
  const refreshed = await running.app.inject({
    method: 'POST',
    url: `${url}/refresh`,
    headers,
    payload: { rejected_token_sha256 },
  });
  expect(refreshed.statusCode).toBe(200);
  const unknown = await running.app.inject({ url: `/v1/users/${user}/tokens/canary-provider`, headers });
  expect(unknown.statusCode).toBe(404);
  await running.app.inject({ url: '/healthz' });
  await running.app.inject({ url: '/oauth/sandbox?link=canary-link', headers: { traceparent } });
  await running.close();
  const secrets = [key, code, first.access_token, refreshed.json().access_token, first.account.id, 'canary'];
  return { secrets, connectUrl: String(started.body.connect_url), sandbox: running.sandbox };
}

const childrenOf = (spans: readonly CollectedSpan[], parent: CollectedSpan | undefined) =>
  spans.filter(({ parentSpanId }) => parentSpanId === parent?.spanId);

describe('tracing', () => {
  it('shows a request, the token, its refresh, the provider and the store in the trace of the caller, and no secret', async () => {
    const collector = await startTraceCollector();
    const incoming = watchIncoming();
    const { secrets, connectUrl } = await tracedJourney(collector.url);
    const spans = collector.spans();
    expect(collector.resource()).toMatchObject({ 'service.name': 'valetkey' });
    expect(collector.text()).toContain('"x-team":"a b"');

    const request = spans.find(({ name }) => name === 'POST /v1/users/:user/tokens/:provider/refresh');
    expect(request).toMatchObject({ traceId: caller.traceId, parentSpanId: caller.spanId, kind: 2 });
    const token = childrenOf(spans, request).find(({ name }) => name === 'get_token');
    expect(token?.labels).toEqual({ 'valetkey.provider': 'sandbox', 'valetkey.outcome': 'token' });
    const refresh = childrenOf(spans, token).find(({ name }) => name === 'refresh');
    expect(refresh?.labels).toMatchObject({ 'valetkey.provider': 'sandbox', 'valetkey.ahead': false });
    const inside = childrenOf(spans, refresh);
    expect(inside.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['store claimField', 'provider POST', 'store writeFields']),
    );
    const asked = inside.find(({ name }) => name === 'provider POST');
    expect(asked).toMatchObject({ kind: 3, labels: { 'http.response.status_code': 200 } });

    const failed = spans.find(({ name, labels }) => name === 'get_token' && labels['error.type'] !== undefined);
    expect(failed).toMatchObject({ failed: true, labels: { 'error.type': 'unknown_provider' } });
    expect(new Set(spans.flatMap(({ labels }) => Object.keys(labels)))).toEqual(new Set(allLabels));
    for (const secret of [...secrets, ...new URL(connectUrl).searchParams.values()]) {
      expect(collector.text()).not.toContain(secret);
    }

    expect(spans.filter(({ name }) => /healthz|readyz|metrics/.test(name))).toEqual([]);
    const landing = spans.find(({ name, kind }) => name === 'GET /oauth/:provider' && kind === 2);
    expect(landing?.traceId).not.toBe(caller.traceId);
    expect(spans.filter(({ name, parentSpanId }) => name.startsWith('store ') && !parentSpanId)).toEqual([]);
    expect(incoming.some(({ path }) => path.includes('/token'))).toBe(true);
    expect(incoming.filter(({ trace }) => trace !== undefined)).toEqual([]);
  }, 60_000);

  it('does no harm when the collector refuses: callers notice nothing, and the service ends in time', async () => {
    const collector = await startTraceCollector(400);
    await tracedJourney(collector.url);
    expect(collector.spans().length).toBeGreaterThan(0);
  }, 60_000);

  it('is off without an address, or when it is disabled, and then loads nothing of its SDK', async () => {
    const made = makeDataDir();
    onTestFinished(() => made.remove());
    const base = { DATA_DIR: made.path, BASE_URL: 'http://localhost:3999' };
    const there = { ...base, OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318/' };
    expect(loadConfig(base).tracing).toBeUndefined();
    expect(loadConfig(there).tracing?.url).toBe('http://collector:4318/v1/traces');
    expect(loadConfig({ ...there, OTEL_SDK_DISABLED: 'true' }).tracing).toBeUndefined();
    const script = `
      import { createRequire } from 'node:module';
      const { buildApp } = await import('./dist/src/service/app.js');
      const { loadConfig } = await import('./dist/src/service/config.js');
      const service = await buildApp(loadConfig());
      const loaded = Object.keys(createRequire('${process.cwd()}/').cache).filter((path) => /@opentelemetry\\/(sdk|exporter|resources)/.test(path));
      await service.close();
      console.log(JSON.stringify(loaded));`;
    const env = { PATH: process.env.PATH, ...base, LOG_LEVEL: 'silent' };
    const run = (more: object) =>
      promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], { env: { ...env, ...more } });
    expect(JSON.parse((await run({})).stdout)).toEqual([]);
    const on = JSON.parse((await run({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' })).stdout);
    expect(on.length).toBeGreaterThan(10);
  }, 60_000);

  it('names every fault of its variables, and never what they hold', () => {
    const variables = {
      DATA_DIR: 'unused',
      OTEL_EXPORTER_OTLP_ENDPOINT: 'collector-canary:4318',
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://me:canary@collector/v1/traces',
      OTEL_EXPORTER_OTLP_HEADERS: 'canary',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
    };
    const faults = () => loadConfig(variables);
    for (const name of Object.keys(variables).slice(1)) expect(faults).toThrow(name);
    expect(faults).not.toThrow(/canary/);
  });

  it('says how to install what is missing, in the versions that the tests have', async () => {
    const missing = () => Promise.reject(Object.assign(new Error('not found'), { code: 'ERR_MODULE_NOT_FOUND' }));
    const command = `npm install ${tracingPackages.join(' ')}`;
    await expect(loadSdk('OTEL_EXPORTER_OTLP_ENDPOINT', missing)).rejects.toMatchObject({
      faults: [{ name: 'OTEL_EXPORTER_OTLP_ENDPOINT', problem: expect.stringContaining(command) }],
    });
    const { devDependencies } = JSON.parse(readText('package.json'));
    const ours = Object.entries(devDependencies).filter(([name]) => name.startsWith('@opentelemetry/'));
    expect(ours.map(([name, version]) => `${name}@${version}`)).toEqual([...tracingPackages]);
    expect(readText('docs/operate/tracing.md')).toContain(command);
    for (const name of tracingPackages) expect(readText('Dockerfile')).toContain(name);
  });
});

const allLabels = [
  'http.request.method',
  'http.route',
  'http.response.status_code',
  'valetkey.request_id',
  'valetkey.provider',
  'valetkey.outcome',
  'valetkey.ahead',
  'db.system.name',
  'db.operation.name',
  'error.type',
];
