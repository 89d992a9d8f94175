/** Metrics that count from the first moment, but whose library is loaded shortly after the start, so as not to delay it. */

import type { Registry } from 'prom-client';
import type { Meter } from '../core/meter.js';
import type { AnsweredRequest, Gauges, Metrics } from './metrics.js';

/** How long after the start it is loaded, ms, unless a scrape needs it before. */
const loadAfterMs = 250;

/** The metrics of one app, whether the library is loaded or not. */
export interface LateMetrics {
  observe(request: AnsweredRequest): void;
  /** Takes the figures of flows and store. */
  readonly meter: Meter;
  /** Served at `/metrics`; includes everything since the start. */
  registry(): Promise<Registry>;
  /** Loads the library when the start is over. */
  loadSoon(): void;
  /** Cancels {@link LateMetrics.loadSoon}, or waits until the library is loaded. */
  close(): Promise<void>;
}

/**
 * Metrics that record calls until the library is loaded, and replay them then.
 *
 * @param gauges is read at every scrape
 */
export function openLateMetrics(gauges: Gauges): LateMetrics {
  const untold: ((metrics: Metrics) => void)[] = [];
  let loaded: Metrics | undefined;
  let loading: Promise<Metrics> | undefined;
  let later: NodeJS.Timeout | undefined;
  const tell = (what: (metrics: Metrics) => void) => {
    if (loaded) what(loaded);
    else untold.push(what);
  };
  const load = () => {
    // 90 files take 25 ms to load, a twelfth of the start.
    loading ??= import('./metrics.js').then(({ createMetrics }) => {
      const metrics = createMetrics(gauges);
      loaded = metrics;
      for (const what of untold.splice(0)) what(metrics);
      return metrics;
    });
    return loading;
  };
  return {
    observe: (request) => tell((metrics) => metrics.observe(request)),
    meter: {
      refreshed: (refresh) => tell(({ meter }) => meter.refreshed(refresh)),
      storeAsked: (ask) => tell(({ meter }) => meter.storeAsked(ask)),
      sealed: (seal) => tell(({ meter }) => meter.sealed(seal)),
      webhookTried: (attempt) => tell(({ meter }) => meter.webhookTried(attempt)),
      connectionChanged: (change) => tell(({ meter }) => meter.connectionChanged(change)),
    },
    registry: async () => (await load()).registry,
    loadSoon: () => {
      later ??= setTimeout(load, loadAfterMs).unref();
    },
    close: async () => {
      clearTimeout(later);
      await loading;
    },
  };
}
