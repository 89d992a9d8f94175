/** What is due, with the connection that each entry points to. */

import { OAuthManagerError } from '../core/errors.js';
import type { ConnectionRef } from '../core/identifiers.js';
import type { DueClaim, DueEntry, DueStore } from '../core/store.js';
import type { StorageEngine } from './engine.js';
import { dueMemberOf, splitDueMember } from './field-names.js';
import { placeOf } from './sealed-connections.js';
import { openConnection } from './sealed-fields.js';
import type { Keyring } from './sealing.js';

/** Binds the methods to an engine and a keyring. */
export function sealedDue(engine: StorageEngine, keyring: Keyring): DueStore {
  return {
    schedule: (ref, dueAt) => engine.schedule(memberOf(ref), dueAt),
    unschedule: (ref) => engine.unschedule(memberOf(ref)),
    async claim(now, limit, leaseMs) {
      const members = await engine.claimDue(now, limit, leaseMs);
      const claims = members.map((member) => ({ member, claimedUntil: now + leaseMs }));
      const entries = await Promise.all(claims.map((claim) => load(engine, keyring, claim)));
      return entries.filter((entry) => entry !== undefined);
    },
    settle: ({ member, claimedUntil: dueAt }, next) =>
      engine.settleDue(member, { dueAt, next: next === 'remove' ? undefined : next }),
    backlog: (now) => engine.countDue(now),
  };
}

function memberOf(ref: ConnectionRef): string {
  const { owner, field } = placeOf(ref);
  return dueMemberOf(owner, field);
}

/** `undefined` for a record that cannot be opened: only that one has to wait, and comes again when its claim ends. */
async function load(engine: StorageEngine, keyring: Keyring, claim: DueClaim): Promise<DueEntry | undefined> {
  const place = splitDueMember(claim.member);
  const found = await engine.readField(place.owner, place.field);
  try {
    return { ...claim, stored: found && openConnection(keyring, place, found) };
  } catch (error) {
    if (error instanceof OAuthManagerError) return undefined;
    throw error;
  }
}
