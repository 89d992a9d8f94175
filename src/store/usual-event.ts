/**
 * Recognises the usual event: a connection of the default account was updated. It decides nothing: the schema checks
 * whatever is not exactly of that form, and takes 2.5 µs where this takes 0.2.
 */

import type { ConnectionEvent } from '../core/events.js';
import { defaultAccount, isPlainUserId, isProviderId } from '../core/identifiers.js';

/** The event with exactly the fields that it has; `undefined` when it is not of that form. */
export function usualEvent(event: ConnectionEvent): ConnectionEvent | undefined {
  if (event.type !== 'connection.updated') return undefined;
  const { type, connectionId, change, at, userId, provider, account } = event;
  if (!isPlainUserId(userId) || !isProviderId(provider) || account !== defaultAccount) return undefined;
  if (typeof connectionId !== 'string' || typeof change !== 'string' || !Number.isSafeInteger(at)) return undefined;
  return { type, connectionId, change, at, userId, provider, account };
}
