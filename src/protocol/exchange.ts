/** One HTTP request and its answer on an undici dispatcher, with the moment known at which the request was sent. */

import type { Dispatcher } from 'undici';
import type { RawHeaders } from './answer-headers.js';
import { HttpFailure } from './http-failure.js';

/** An answer as it came. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: RawHeaders;
  readonly body: Buffer;
}

type Controller = Dispatcher.DispatchController;

/**
 * Handler of one exchange. undici calls `onRequestStart` when a connection stands and the request is about to be
 * written: what fails before that certainly did not reach the server.
 */
export class Exchange implements Dispatcher.DispatchHandler {
  /** Rejects with `HttpFailure`, and with nothing else. */
  readonly answer: Promise<RawAnswer>;
  readonly #largestBytes: number;
  readonly #endsAt: number;
  readonly #chunks: Buffer[] = [];
  #resolve: (answer: RawAnswer) => void = () => {};
  #reject: (failure: HttpFailure) => void = () => {};
  #controller: Controller | undefined;
  #failure: HttpFailure | undefined;
  #status: number | undefined;
  #headers: RawHeaders = {};
  #received = 0;

  /** @param endsAt ms of `performance.now` after which the request is not written any more */
  constructor(largestBytes: number, endsAt: number) {
    this.#largestBytes = largestBytes;
    this.#endsAt = endsAt;
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // A deadline may fire before anybody awaits the answer.
    this.answer.catch(() => {});
  }

  /** Ends the exchange; a request that was not written yet will not be. */
  fail(kind: HttpFailure['kind']): void {
    if (this.#failure) return;
    this.#failure = new HttpFailure(kind, this.#controller ? 'unknown' : 'no', this.#status);
    this.#reject(this.#failure);
    this.#controller?.abort(this.#failure);
  }

  onRequestStart(controller: Controller): void {
    // After the process stood still, a connection may be reported before the deadline's timer fires.
    if (performance.now() >= this.#endsAt) this.fail('timeout');
    if (this.#failure) {
      controller.abort(this.#failure);
      return;
    }
    this.#controller = controller;
  }

  onResponseStart(_controller: Controller, status: number, headers: RawHeaders): void {
    this.#status = status;
    this.#headers = headers;
  }

  onResponseData(_controller: Controller, chunk: Buffer): void {
    this.#received += chunk.length;
    if (this.#received > this.#largestBytes) this.fail('too_large');
    else this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    if (this.#failure || this.#status === undefined) return;
    this.#resolve({ status: this.#status, headers: this.#headers, body: Buffer.concat(this.#chunks) });
  }

  onResponseError(): void {
    this.fail('connection');
  }
}
