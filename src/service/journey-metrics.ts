/** Prometheus metrics of flows and store: refreshes, store calls, sealing, connections, open circuits. */

import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Meter } from '../core/meter.js';

/** Registers the metrics and returns the meter that fills them. */
export function createMeter(registry: Registry): Meter {
  const registers = [registry];
  const refreshes = new Histogram({
    name: 'valetkey_refresh_duration_seconds',
    help: 'Duration of refreshes at the provider by provider and outcome.',
    labelNames: ['provider', 'outcome'],
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers,
  });
  const store = new Histogram({
    name: 'valetkey_store_duration_seconds',
    help: 'Duration of calls of the store by operation and outcome.',
    labelNames: ['operation', 'outcome'],
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1.5],
    registers,
  });
  const seals = new Histogram({
    name: 'valetkey_seal_duration_seconds',
    help: 'Duration of sealing and opening one record.',
    labelNames: ['operation'],
    buckets: [0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.001, 0.01],
    registers,
  });
  const webhooks = new Histogram({
    name: 'valetkey_webhook_duration_seconds',
    help: 'Duration of attempts to deliver a webhook by outcome.',
    labelNames: ['outcome'],
    buckets: [0.05, 0.25, 1, 5, 15],
    registers,
  });
  const changes = new Counter({
    name: 'valetkey_connection_changes_total',
    help: 'What happened to connections, by type of event and provider.',
    labelNames: ['type', 'provider'],
    registers,
  });
  return {
    refreshed: ({ seconds, ...labels }) => refreshes.observe(labels, seconds),
    storeAsked: ({ seconds, ...labels }) => store.observe(labels, seconds),
    sealed: ({ operation, seconds }) => seals.observe({ operation }, seconds),
    webhookTried: ({ outcome, seconds }) => webhooks.observe({ outcome }, seconds),
    connectionChanged: (labels) => changes.inc(labels),
  };
}

/** Registers which providers are not asked at present. @param open cause by provider, read at each scrape */
export function registerCircuits(registry: Registry, open: () => ReadonlyMap<string, string>): void {
  new Gauge({
    name: 'valetkey_provider_circuit_open',
    help: '1 for each provider that this process does not ask now, by cause.',
    labelNames: ['provider', 'cause'],
    registers: [registry],
    collect() {
      this.reset();
      for (const [provider, cause] of open()) this.set({ provider, cause }, 1);
    },
  });
}
