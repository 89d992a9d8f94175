/**
 * Listens, and on SIGTERM or SIGINT closes gracefully within ten seconds: not ready, requests in flight finish, then the
 * rest.
 */

import type { Service } from './app.js';
import type { Config } from './config.js';
import { endingSignals, takeEarlySignal } from './early-signal.js';

/** How long closing may take, ms. Orchestrators commonly kill after 30 s, some container engines after 10 s. */
const closingMs = 10_000;
/** Connections still open after this are cut, so that the store has time to close, ms. */
const requestsMs = 7_000;

/** A service that listens. */
export interface RunningServer {
  /** Where it really listens, whatever the public URL is, e.g. `http://127.0.0.1:3000`. */
  readonly address: string;
  /** Resolves when everything is closed; safe to call twice. */
  close(): Promise<void>;
}

/** Starts to listen. Rejects when the address cannot be used; the service is closed then. */
export async function listen(service: Service, config: Pick<Config, 'host' | 'port'>): Promise<RunningServer> {
  try {
    const address = await service.app.listen({ host: config.host, port: config.port });
    let closing: Promise<void> | undefined;
    return {
      address,
      close: () => {
        closing ??= closeWithin(service);
        return closing;
      },
    };
  } catch (error) {
    await Promise.allSettled([service.close()]);
    throw error;
  }
}

async function closeWithin(service: Service): Promise<void> {
  const cut = setTimeout(() => service.app.server.closeAllConnections(), requestsMs);
  try {
    await service.close();
  } finally {
    clearTimeout(cut);
  }
}

/**
 * Closes at the first SIGTERM or SIGINT and resolves with the exit status: 0, or 1 when closing failed or took too
 * long. A second signal ends the wait at once. A signal that came while the program loaded counts as the first.
 *
 * @param close closes everything that this process started
 * @param deadlineMs how long that may take
 */
export function closeOnSignal(close: () => Promise<void>, deadlineMs = closingMs): Promise<number> {
  return new Promise((resolve) => {
    let asked = false;
    const end = (status: number) => {
      for (const signal of endingSignals) process.off(signal, onSignal);
      resolve(status);
    };
    const onSignal = () => {
      if (asked) return end(1);
      asked = true;
      setTimeout(end, deadlineMs, 1).unref();
      close().then(
        () => end(0),
        () => end(1),
      );
    };
    for (const signal of endingSignals) process.on(signal, onSignal);
    if (takeEarlySignal()) onSignal();
  });
}
