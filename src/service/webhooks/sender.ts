/** One attempt to deliver one webhook. */

import { createHttp } from '../../protocol/http.js';
import { HttpFailure } from '../../protocol/http-failure.js';
import { readRetryAfter } from '../../protocol/retry-after.js';
import { signedHeaders, type WebhookMessage } from './message.js';
import type { WebhookConfig } from './settings.js';

/** How an attempt ended. Only 2xx is a delivery; redirects are not followed. */
export interface Attempt {
  readonly delivered: boolean;
  /** HTTP status, if there was an answer. */
  readonly status?: number;
  /** `timeout`, `connection`, … if there was none. */
  readonly failure?: string;
  readonly durationMs: number;
  /** How long the receiver asked to wait in `Retry-After`, ms. */
  readonly retryAfterMs?: number;
}

/** Sends messages to the one receiver. */
export interface WebhookSender {
  /** Never rejects. */
  send(message: WebhookMessage, signal?: AbortSignal): Promise<Attempt>;
  close(): Promise<void>;
}

/** The specification wants receivers to answer within 15 to 30 s. */
const deadlineMs = 15_000;

/** Opens the sender. The operator chose the receiver's address, so internal addresses are allowed. */
export function createSender({ url, secrets }: WebhookConfig, now: () => number): WebhookSender {
  const http = createHttp({ allowInsecureLoopback: true, deadlineMs, largestAnswerBytes: 64 * 1024, now });
  return {
    close: () => http.close(),
    async send(message, signal) {
      const begun = performance.now();
      const ended = () => Math.round(performance.now() - begun);
      const headers = signedHeaders(message, secrets, now());
      try {
        const request = { method: 'POST', headers, body: message.body, ...(signal && { signal }) };
        const answer = await http.fetch(url, request);
        const retryAfterMs = readRetryAfter(answer.headers, undefined, now());
        const asked = retryAfterMs === undefined ? {} : { retryAfterMs };
        return { delivered: answer.ok, status: answer.status, durationMs: ended(), ...asked };
      } catch (error) {
        const { kind, status } = error instanceof HttpFailure ? error : { kind: 'connection', status: undefined };
        // It has been taken, whatever then became of an answer that nobody reads: one that is too long, garbled or cut off.
        if (isTaken(status)) return { delivered: true, status, durationMs: ended() };
        return { delivered: false, failure: kind, durationMs: ended(), ...(status !== undefined && { status }) };
      }
    },
  };
}

function isTaken(status: number | undefined): status is number {
  return status !== undefined && status >= 200 && status < 300;
}
