/** When a provider wants to be asked again. */

import type { JsonObject } from '../core/provider.js';
import type { AnswerHeaders } from './answer-headers.js';

/** What an unreadable `Retry-After` is taken for. */
const defaultRetryMs = 30_000;
/** Nobody is sent away for longer. */
const longestRetryMs = 3_600_000;

/**
 * Reads `Retry-After` (RFC 9110 10.2.3) in seconds or as a date, or `retry_after` of the body (Discord).
 *
 * @returns ms from `now` (epoch ms), at most an hour; a default for garbage; `undefined` when nothing was said
 */
export function readRetryAfter(headers: AnswerHeaders, body: JsonObject | undefined, now: number): number | undefined {
  const told = headers.get('retry-after')?.trim();
  if (told !== undefined) return within(parseRetryAfter(told, now));
  return typeof body?.retry_after === 'number' ? within(body.retry_after * 1000) : undefined;
}

function parseRetryAfter(text: string, now: number): number {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000;
  // Only what looks like an HTTP date: Date.parse makes a date of almost anything.
  if (!/^[A-Z][a-z]+,? .*\d{2}:\d{2}:\d{2}/.test(text)) return Number.NaN;
  // The oldest form (RFC 9110 5.6.7), `Sun Nov  6 08:49:37 1994`, names no zone, and would be read as the local time here.
  return Date.parse(text.includes(',') ? text : `${text} GMT`) - now;
}

function within(ms: number): number {
  if (Number.isNaN(ms)) return defaultRetryMs;
  return Math.ceil(Math.min(Math.max(ms, 0), longestRetryMs));
}
