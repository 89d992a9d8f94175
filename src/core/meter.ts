/** What is counted and timed: told by the rooms as it happens, kept by whoever serves figures. */

/** Takes note and never throws. No label names a user, and each has few values. Times are seconds. */
export interface Meter {
  /** A refresh token was sent. `outcome`: `ok`, `answer_lost`, or an error's code; `provider`: configured, or `discovered`. */
  refreshed(refresh: { readonly provider: string; readonly outcome: string; readonly seconds: number }): void;
  /** The store was asked. `operation` is a method of the storage engine. */
  storeAsked(ask: {
    readonly operation: string;
    readonly outcome: 'ok' | 'unavailable' | 'failed';
    readonly seconds: number;
  }): void;
  /** A record was sealed or opened. */
  sealed(seal: { readonly operation: 'seal' | 'open'; readonly seconds: number }): void;
  /** An event was posted to the receiver; `given_up`: for the last time. */
  webhookTried(attempt: { readonly outcome: 'delivered' | 'failed' | 'given_up'; readonly seconds: number }): void;
  /** Something happened to a connection; `type` as in its event. */
  connectionChanged(change: { readonly type: string; readonly provider: string }): void;
}
