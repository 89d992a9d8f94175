/** What the forms share: one header, a signature over bytes, a time that is near, and a body that is JSON. */

import { createHmac, timingSafeEqual } from 'node:crypto';
import type { z } from 'zod';
import type { InboundSignal, SignalMeaning } from '../../core/signal.js';

/** Not signed as it should be. Why is told to nobody. */
export const refused: SignalMeaning = { kind: 'refused' };

/** About something that ends no authorization. */
export const nothing: SignalMeaning = { kind: 'ended', accountIds: [] };

/** Older signals are replays; providers' own documents name five minutes. */
const nearMs = 300_000;

/** The header, if it was sent once. */
export function header({ headers }: InboundSignal, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : undefined;
}

/** Whether `hex` is HMAC-SHA256 of the text under the key; takes the same time wherever they differ. */
export function isHmac(hex: string | undefined, key: string, text: string | Buffer): boolean {
  if (hex === undefined || !/^[0-9a-f]{64}$/.test(hex)) return false;
  return timingSafeEqual(Buffer.from(hex, 'hex'), createHmac('sha256', key).update(text).digest());
}

/** Whether these epoch seconds are within five minutes of now (epoch ms). */
export function isNear(seconds: string | undefined, now: number): boolean {
  return seconds !== undefined && /^\d{1,12}$/.test(seconds) && Math.abs(Number(seconds) * 1000 - now) <= nearMs;
}

/** The body by a schema; `undefined` when it is no JSON or another JSON. */
export function parseBody<T>({ body }: InboundSignal, schema: z.ZodType<T>): T | undefined {
  try {
    const parsed = schema.safeParse(JSON.parse(body.toString('utf8')));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}
