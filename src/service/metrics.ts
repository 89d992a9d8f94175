/** Prometheus metrics: requests by route, never by user; the process; what is due for a refresh. */

import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Meter } from '../core/meter.js';
import type { StoreFigures } from '../core/store.js';
import { createMeter, registerCircuits } from './journey-metrics.js';

/** One answered request. `route` is the pattern, so that the number of series stays small. */
export interface AnsweredRequest {
  readonly method: string;
  readonly route: string;
  readonly status: number;
  readonly seconds: number;
}

/** The metrics of one app. */
export interface Metrics {
  observe(request: AnsweredRequest): void;
  /** Takes the figures of flows and store. */
  readonly meter: Meter;
  /** Served at `/metrics`. */
  readonly registry: Registry;
}

/** What is read at every scrape. If it throws, that scrape goes without the figure. */
export interface Gauges {
  /** How many connections are due for a refresh. */
  readonly refreshBacklog: () => Promise<number>;
  /** What happened to commits since the process started. */
  readonly figures: () => StoreFigures;
  /** Connections by state at the last count; nothing if another process counts. */
  readonly connections: () => Readonly<Record<string, number>> | undefined;
  /** How many events wait for the receiver of webhooks, if there is one. */
  readonly webhookBacklog?: () => Promise<number>;
  /** Providers that are not asked at present, and why. */
  readonly openCircuits: () => ReadonlyMap<string, string>;
}

/** Each app has its own registry, so that several in one process do not clash. */
export function createMetrics(gauges: Gauges): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const requests = new Histogram({
    name: 'valetkey_http_request_duration_seconds',
    help: 'Duration of answered requests by method, route pattern and status.',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 30],
    registers: [registry],
  });
  registerStoreGauges(registry, gauges);
  if (gauges.webhookBacklog) registerWebhookBacklog(registry, gauges.webhookBacklog);
  registerConnections(registry, gauges.connections);
  registerCommitCounters(registry, gauges);
  registerCircuits(registry, gauges.openCircuits);
  return {
    observe: ({ method, route, status, seconds }) => requests.observe({ method, route, status }, seconds),
    meter: createMeter(registry),
    registry,
  };
}

function registerStoreGauges(registry: Registry, gauges: Gauges): void {
  new Gauge({
    name: 'valetkey_store_up',
    help: 'Whether the store answered at this scrape (1) or not (0).',
    registers: [registry],
    async collect() {
      const answered = await gauges.refreshBacklog().then(
        () => true,
        () => false,
      );
      this.set(answered ? 1 : 0);
    },
  });
  new Gauge({
    name: 'valetkey_refresh_backlog',
    help: 'Connections that are due for a refresh; NaN while the store does not answer.',
    registers: [registry],
    async collect() {
      this.set(await gauges.refreshBacklog().catch(() => Number.NaN));
    },
  });
}

function registerConnections(registry: Registry, counts: Gauges['connections']): void {
  new Gauge({
    name: 'valetkey_connections',
    help: 'Connections by state as last counted, minutes ago; only of the process that counts for all.',
    labelNames: ['state'],
    registers: [registry],
    collect() {
      this.reset();
      for (const [state, count] of Object.entries(counts() ?? {})) this.set({ state }, count);
    },
  });
}

function registerWebhookBacklog(registry: Registry, count: () => Promise<number>): void {
  new Gauge({
    name: 'valetkey_webhook_backlog',
    help: 'Events that wait for the receiver of webhooks, at most 1000 a tenant; NaN while the store does not answer.',
    registers: [registry],
    async collect() {
      this.set(await count().catch(() => Number.NaN));
    },
  });
}

function registerCommitCounters(registry: Registry, { figures }: Gauges): void {
  new Counter({
    name: 'valetkey_commits_unacknowledged_total',
    help: 'Commits that fewer replicas than REDIS_WAIT_REPLICAS have confirmed in time.',
    registers: [registry],
    collect() {
      this.reset();
      this.inc(figures().commitsUnacknowledged);
    },
  });
  new Counter({
    name: 'valetkey_commits_restored_total',
    help: 'Commits that a failover of Redis had lost and that were put back.',
    registers: [registry],
    collect() {
      this.reset();
      this.inc(figures().commitsRestored);
    },
  });
}
