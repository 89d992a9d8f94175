/** The manager's part for requests that providers send by themselves. */

import { parseProviderId } from './core/parse-input.js';
import type { InboundSignal } from './core/signal.js';
import type { TokenDesk } from './flows/get-token.js';
import { openSignalReader, type TakenSignal, takeSignal } from './flows/take-signal.js';

/** What `OAuthManager.signals` offers. */
export class SignalJourneys {
  readonly #desk: () => TokenDesk;
  #reader: ReturnType<typeof openSignalReader> | undefined;

  /** @param desk throws once the manager is closed */
  constructor(desk: () => TokenDesk) {
    this.#desk = desk;
  }

  /**
   * Takes one request of a provider, byte for byte, and checks the connections that it is about.
   *
   * @throws {UnknownProvider | NotFound} signals of this provider are not taken here
   * @throws {Unauthorized} its signature is missing or wrong
   */
  async take(provider: string, signal: InboundSignal): Promise<TakenSignal> {
    const desk = this.#desk();
    this.#reader ??= openSignalReader(desk.deps);
    return takeSignal(desk, this.#reader, { provider: parseProviderId(provider), signal });
  }
}
