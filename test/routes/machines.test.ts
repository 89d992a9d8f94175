/** What machines ask without a credential: alive, ready, metrics, and the description of the API. */

import { Registry } from 'prom-client';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { StoreUnavailable } from '../../src/core/errors.js';
import { type ApiUnderTest, buildApi } from './api-app.js';

const metrics = new Registry();
let api: ApiUnderTest;
beforeAll(async () => {
  api = await buildApi({
    plugin: { metrics: async () => metrics, version: '9.9.9', baseUrl: 'https://valetkey.example' },
  });
});
afterAll(() => api.close());
afterEach(() => vi.restoreAllMocks());

describe('for machines', () => {
  it('is alive and ready without a credential', async () => {
    for (const [url, status] of [
      ['/healthz', 'ok'],
      ['/readyz', 'ready'],
    ]) {
      const response = await api.app.inject({ url: String(url) });
      expect([response.statusCode, response.json()]).toEqual([200, { status }]);
    }
  });

  it('is alive and not ready while the store is down, and says no more', async () => {
    vi.spyOn(api.manager, 'checkStore').mockRejectedValue(new StoreUnavailable('ECONNREFUSED 10.0.0.7:6379'));
    expect((await api.app.inject({ url: '/healthz' })).statusCode).toBe(200);
    const response = await api.app.inject({ url: '/readyz' });
    expect([response.statusCode, response.json().code]).toEqual([503, 'store_unavailable']);
    expect(response.headers).toMatchObject({ 'retry-after': '2', 'content-type': 'application/problem+json' });
    expect(response.body).not.toContain('10.0.0.7');
  });

  it('serves the metrics that it was given', async () => {
    const response = await api.app.inject({ url: '/metrics' });
    expect([response.statusCode, response.headers['content-type']]).toEqual([200, metrics.contentType]);
  });

  it('describes every address as OpenAPI 3.1', async () => {
    const document = (await api.app.inject({ url: '/openapi.json' })).json();
    expect(document.openapi).toMatch(/^3\.1\./);
    expect(document.info).toMatchObject({ title: 'Valetkey', version: '9.9.9' });
    expect(document.servers).toEqual([{ url: 'https://valetkey.example' }]);
    expect(Object.keys(document.paths).sort()).toEqual([
      '/v1/api-keys',
      '/v1/api-keys/{id}',
      '/v1/audit',
      '/v1/connects/{connect_id}',
      '/v1/connects/{connect_id}/verify',
      '/v1/events',
      '/v1/exchange/{provider}',
      '/v1/providers',
      '/v1/revocations',
      '/v1/users/{user}',
      '/v1/users/{user}/account-link',
      '/v1/users/{user}/connect/{provider}',
      '/v1/users/{user}/connections',
      '/v1/users/{user}/connections/{provider}',
      '/v1/users/{user}/connections/{provider}/usage',
      '/v1/users/{user}/mcp/token',
      '/v1/users/{user}/proof',
      '/v1/users/{user}/tokens/{provider}',
      '/v1/users/{user}/tokens/{provider}/refresh',
    ]);
    const { responses, parameters } = document.paths['/v1/users/{user}/tokens/{provider}'].get;
    expect(Object.keys(responses)).toEqual(['200', '409', '4XX', '5XX']);
    expect(Object.keys(responses['4XX'].content)).toEqual(['application/problem+json']);
    expect(parameters.map(({ name }: { name: string }) => name).sort()).toEqual([
      'account',
      'min_ttl',
      'provider',
      'scopes',
      'user',
      'x-purpose',
    ]);
    expect(JSON.stringify(document)).not.toContain(`"refresh_token"`);
  });

  it('shows a reader at /docs that needs nothing foreign, also over http on loopback', async () => {
    const response = await api.app.inject({ url: '/docs' });
    expect([response.statusCode, response.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    const policy = response.headers['content-security-policy'];
    expect(policy).toContain("script-src 'self'");
    expect(policy).not.toMatch(/https:|swagger\.io|upgrade-insecure-requests/);
    expect(response.body).not.toMatch(/(src|href)="https?:/);
  });
});
