/** Reads replies of Redis: one of an unexpected form is an error, never a value. */

import { StoreUnavailable } from '../../core/errors.js';

/** A bulk string, or `undefined` for nil. */
export function parseBuffer(reply: unknown): Buffer | undefined {
  if (reply === null || reply === undefined) return undefined;
  if (Buffer.isBuffer(reply)) return reply;
  throw unexpected();
}

/** A bulk or simple string that must be there. */
export function parseText(reply: unknown): string {
  if (Buffer.isBuffer(reply) || typeof reply === 'string') return reply.toString();
  throw unexpected();
}

/** An integer reply. */
export function parseNumber(reply: unknown): number {
  if (typeof reply === 'number') return reply;
  throw unexpected();
}

/** A list. */
export function parseList(reply: unknown): readonly unknown[] {
  if (Array.isArray(reply)) return reply;
  throw unexpected();
}

/** A flat list of names and values, as HGETALL answers. Names are UTF-8. */
export function parsePairs(reply: unknown): readonly (readonly [name: string, value: Buffer])[] {
  const flat = parseList(reply);
  return Array.from({ length: flat.length / 2 }, (_, index) => {
    const value = parseBuffer(flat[2 * index + 1]);
    if (!value) throw unexpected();
    return [parseText(flat[2 * index]), value] as const;
  });
}

/** The error for a reply that no version of Redis is known to give. */
export function unexpected(): StoreUnavailable {
  return new StoreUnavailable('The store is unavailable: Redis answered in an unexpected form.');
}
