/** Figures that are loaded after the start hold what happened before. */

import { expect, it, onTestFinished } from 'vitest';
import { openLateMetrics } from '../../src/service/late-metrics.js';

const figures = { commitsUnacknowledged: 0, commitsRestored: 0 };

function open() {
  const metrics = openLateMetrics({
    refreshBacklog: () => Promise.resolve(0),
    figures: () => figures,
    openCircuits: () => new Map(),
    connections: () => undefined,
  });
  onTestFinished(() => metrics.close());
  return metrics;
}

it('counts what every room told before, while and after the figures were loaded', async () => {
  const metrics = open();
  const { meter } = metrics;
  const tellAll = () => {
    metrics.observe({ method: 'GET', route: '/healthz', status: 200, seconds: 0.001 });
    meter.refreshed({ provider: 'github', outcome: 'ok', seconds: 0.1 });
    meter.storeAsked({ operation: 'readFields', outcome: 'ok', seconds: 0.001 });
    meter.sealed({ operation: 'seal', seconds: 0.001 });
    meter.webhookTried({ outcome: 'delivered', seconds: 0.1 });
    meter.connectionChanged({ type: 'connection.created', provider: 'github' });
  };
  tellAll();
  const scraped = metrics.registry();
  tellAll();
  const registry = await scraped;
  tellAll();
  const lines = (await registry.metrics()).split('\n');
  const counted = lines.filter((line) => /^valetkey_\w+(_seconds_count|_changes_total)\{/.test(line));
  expect(counted).toEqual([
    'valetkey_http_request_duration_seconds_count{method="GET",route="/healthz",status="200"} 3',
    'valetkey_refresh_duration_seconds_count{provider="github",outcome="ok"} 3',
    'valetkey_store_duration_seconds_count{operation="readFields",outcome="ok"} 3',
    'valetkey_seal_duration_seconds_count{operation="seal"} 3',
    'valetkey_webhook_duration_seconds_count{outcome="delivered"} 3',
    'valetkey_connection_changes_total{type="connection.created",provider="github"} 3',
  ]);
});

it('makes one registry, whoever asks first', async () => {
  const metrics = open();
  metrics.loadSoon();
  const [one, other] = await Promise.all([metrics.registry(), metrics.registry()]);
  expect(other).toBe(one);
});
