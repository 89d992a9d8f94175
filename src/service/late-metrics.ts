/** Figures that are kept from the first moment on and loaded shortly after: a service that starts waits for none. */

import type { Registry } from 'prom-client';
import type { Meter } from '../core/meter.js';
import type { AnsweredRequest, Gauges, Metrics } from './metrics.js';

/** So long after the start they are loaded, ms, unless a scrape asks before. */
const loadAfterMs = 250;

/** The counters of one app, whether they are loaded or not. */
export interface LateMetrics {
  observe(request: AnsweredRequest): void;
  /** For the rooms, which tell it what happens. */
  readonly meter: Meter;
  /** Served at `/metrics`; holds all that happened since the start. */
  registry(): Promise<Registry>;
  /** Loads them when the start is over. */
  loadSoon(): void;
  /** Loads nothing any more by itself. */
  close(): Promise<void>;
}

/**
 * What happens before they are loaded is written down, and told to them then.
 *
 * @param gauges what is asked for at every scrape
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
    // 90 files: 25 ms, a twelfth of the start.
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
