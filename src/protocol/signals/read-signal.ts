/** Reads what a provider sends by itself, in the form that its record names. */

import type { Provider } from '../../core/provider.js';
import type { InboundSignal, SignalMeaning } from '../../core/signal.js';
import type { Http } from '../http.js';
import { readDiscordSignal } from './discord.js';
import { readGithubSignal } from './github.js';
import type { createEventReader } from './security-event.js';
import { refused } from './signed-body.js';
import { readSlackSignal } from './slack.js';

type EventReader = ReturnType<typeof createEventReader>;

/** Verifies signals and says what they mean. */
export class SignalReader {
  readonly #http: Http;
  /** By address of the keys, so that those are fetched once and not for each signal. */
  readonly #events = new Map<string, Promise<EventReader>>();

  constructor(http: Http) {
    this.#http = http;
  }

  /** Whether signals of this provider can be verified here. */
  canRead({ signals, signalKey }: Provider): boolean {
    return signals !== undefined && (signals.form === 'security_event' || signalKey !== undefined);
  }

  /** @throws {ProviderUnavailable} the keys of a published key set cannot be had just now */
  async read(provider: Provider, signal: InboundSignal): Promise<SignalMeaning> {
    const { signals, signalKey } = provider;
    const key = signalKey?.reveal() ?? '';
    switch (signals?.form) {
      case 'github':
        return readGithubSignal(signal, key);
      case 'slack':
        return readSlackSignal(signal, key, this.#http.now());
      case 'discord':
        return readDiscordSignal(signal, key, this.#http.now());
      case 'security_event':
        return (await this.#eventReader(signals.issuer ?? '', signals.jwksUri ?? ''))(signal, provider.clientId);
      default:
        return refused;
    }
  }

  #eventReader(issuer: string, jwksUri: string): Promise<EventReader> {
    const known = this.#events.get(jwksUri);
    if (known) return known;
    // It takes jose, 25 ms of the start, which only such signals need here.
    const reader = import('./security-event.js').then((module) =>
      module.createEventReader({ issuer, jwksUri }, this.#http),
    );
    this.#events.set(jwksUri, reader);
    return reader;
  }
}
