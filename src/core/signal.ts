/** What a provider sends by itself: that an authorization has ended there. */

/** How a provider's signals are written and signed; each form is one file of `protocol/signals`. */
export type SignalForm = 'github' | 'slack' | 'discord' | 'security_event';

/** How one provider's signals are read. */
export interface SignalSettings {
  readonly form: SignalForm;
  /** Form `security_event`: who signs, and where its keys lie. */
  readonly issuer?: string;
  readonly jwksUri?: string;
}

/** One request as it arrived. */
export interface InboundSignal {
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** Byte for byte: signatures cover it. */
  readonly body: Buffer;
}

/**
 * What a signal says. `refused`: not signed as it should be. `answer`: the provider wants to see this JSON back.
 * `ended`: authorizations of these accounts (ids as in their connections) have ended; none, when it is about something
 * else.
 */
export type SignalMeaning =
  | { readonly kind: 'refused' }
  | { readonly kind: 'answer'; readonly body: object }
  | { readonly kind: 'ended'; readonly accountIds: readonly string[] };
