/** Fields, marks, notes and leases of owners, and what was removed lately: under one hash tag, one script per call. */

import type { OwnerKey } from '../../core/identifiers.js';
import type { FoundField, KnownField, OwnerFields } from '../engine.js';
import { dueMemberOf, fieldKind } from '../field-names.js';
import { type Fingerprint, fingerprintOf, hasFingerprint } from '../fingerprint.js';
import type { ReadStored } from './gathered-reads.js';
import type { RedisKeys } from './keys.js';
import { command, type RedisLink } from './link.js';
import type { MasterWatch } from './master-watch.js';
import { claimFieldsScript, formatClaim, type OwnerWrites } from './owner-writes.js';
import type { Commit, OpenClaim, RecentCommits } from './recent-commits.js';
import { parseBuffer, parseList, parseNumber, parsePairs } from './replies.js';
import { loadScript } from './scripts.js';
import { findField, findPlace, formatField, formatVersion, parseFields, readField } from './stored-fields.js';
import type { WriteWatch } from './write-watch.js';

const readOwnerScript = loadScript('read-owner');
const eraseOwnerScript = loadScript('erase-owner', 'fields', 'removed');
const exchangeScript = loadScript('exchange-field', 'fields');
const markScript = loadScript('mark-field', 'fields');
const renewScript = loadScript('renew-claim');
const releaseScript = loadScript('release-claim');
const restoreScript = loadScript('restore-field', 'fields', 'removed');

/** What reads fields, and what makes commits durable. */
export interface OwnerAccess {
  readonly readStored: ReadStored;
  /** As `readStored`, for a read that `writeWatch` is to make good for the next ones. */
  readonly readWatched: ReadStored;
  /** Not on a Cluster, where each node would need a watch of its own. */
  readonly writeWatch: WriteWatch | undefined;
  readonly writes: OwnerWrites;
  readonly journal: RecentCommits;
  readonly masters: MasterWatch;
}

/** Binds the part to a link and a prefix. */
export function createOwnerFields(link: RedisLink, keys: RedisKeys, access: OwnerAccess): OwnerFields {
  const { readStored, readWatched, writeWatch, writes, journal, masters } = access;
  const fieldsOf = (owner: OwnerKey) => keys.fieldsOf(owner);
  const notesOf = (owner: OwnerKey) => keys.ofOwner(owner)[2];
  const readAgain: OwnerFields['readUnlessSame'] = (known, make) => {
    const sight = writeWatch?.sightOf(known.key);
    return readWatched(known.key, (reply) => {
      const stored = parseBuffer(reply);
      if (stored === undefined) return make(undefined);
      // Mostly it is where it was.
      if (!hasFingerprint(stored, known)) return make(findKnown(stored, { ...known, sight }));
      known.sight = sight;
      return make('same');
    });
  };
  return {
    readField: (owner, field) =>
      readStored(fieldsOf(owner), (reply) => {
        const stored = parseBuffer(reply);
        return stored && findField(stored, field);
      }),
    findField: (owner, field) => {
      const key = fieldsOf(owner);
      return readStored(key, (reply) => {
        const stored = parseBuffer(reply);
        return stored && findKnown(stored, { key, field, sight: undefined });
      });
    },
    readUnlessSame: (known, make) => {
      const { sight } = known;
      if (writeWatch === undefined || sight?.isCurrent !== true) return readAgain(known, make);
      return new Promise((resolve, reject) => {
        const confirmed = (isCurrent: boolean) => {
          try {
            resolve(isCurrent ? make('same') : readAgain(known, make));
          } catch (error) {
            reject(error);
          }
        };
        writeWatch.confirm({ item: sight, resolve: confirmed, reject });
      });
    },
    readOwner: async (owner) => {
      const [fields, marks] = parseList(await link.read(readOwnerScript(keys.ofOwner(owner))));
      return {
        fields: parseFields(parseBuffer(fields) ?? Buffer.alloc(0)),
        marks: new Map(parsePairs(marks).map(([name, value]) => [name, Number(value.toString())])),
      };
    },
    writeFields: async (owner, changes, finishes) => {
      const outcome = await writes.write({ owner, changes, finishes });
      if (outcome === 'stored') journal.note(owner, changes);
      if (finishes) journal.released(owner, finishes);
      return outcome;
    },
    exchangeField: async (owner, field, next) => {
      const args = [field, formatVersion(next.version), formatField(next)];
      const exchanged = await link.write(exchangeScript([fieldsOf(owner)], ...args));
      return parseNumber(exchanged) === 1 ? 'stored' : 'moved';
    },
    eraseOwner: async (owner) => {
      const stored = parseBuffer(await link.write(eraseOwnerScript(keys.ofOwnerWrites(owner)))) ?? Buffer.alloc(0);
      const erased = parseFields(stored);
      for (const [field, { version }] of erased) journal.note(owner, [{ field, expect: version }]);
      return erased;
    },
    mark: async (owner, field, value) => {
      await link.write(markScript(keys.ofOwner(owner), field, value));
    },
    claimField: async (owner, claim) => {
      // A failover may have set the record back: a refresh that begins on it would spend a refresh token twice.
      await masters.settled();
      const outcome = await writes.claim({ ...claim, owner });
      if (outcome.kind === 'claimed') journal.claimed(owner, claim);
      return outcome;
    },
    renewClaim: async (owner, { field, holder }, leaseMs) =>
      parseNumber(await link.write(renewScript(keys.ofOwner(owner), field, holder, Math.ceil(leaseMs)))) === 1,
    releaseClaim: async (owner, { field, holder }, endNote) => {
      journal.released(owner, { field, holder });
      await link.write(releaseScript(keys.ofOwner(owner), field, holder, endNote ? 1 : 0));
    },
    readNote: async (owner, field) => parseBuffer(await link.read(command('HGET', notesOf(owner), field))),
  };
}

function findKnown(stored: Buffer, { key, field, sight }: Omit<KnownField, keyof Fingerprint>): FoundField | undefined {
  const place = findPlace(stored, field);
  if (place === undefined) return undefined;
  return {
    ...readField(stored, place),
    known: { key, field, sight, ...fingerprintOf(stored, place.start, place.end) },
  };
}

/** How many are put back at a time: everybody waits for it, and ten thousand one by one would take long. */
const restoredTogether = 100;

/** Puts back what a failover has lost, newest first, as those are the most likely; calls `note` for each. */
export async function restoreAll(
  journal: RecentCommits,
  on: { readonly link: RedisLink; readonly keys: RedisKeys; readonly note: () => void },
): Promise<void> {
  const commits = [...journal.list()].reverse();
  const restore = async (commit: Commit) => {
    if (await restoreCommit(on.link, on.keys, commit)) on.note();
  };
  for (let first = 0; first < commits.length; first += restoredTogether) {
    await Promise.all(commits.slice(first, first + restoredTogether).map(restore));
  }
  await Promise.all(journal.listClaims().map((claim) => restoreClaim(on.link, on.keys, claim)));
}

/**
 * Puts back what a write has stored, if that is lost; answers whether it was. The newer version wins.
 *
 * A connection comes back with its place in the due index, which was written beside it. An awaiting grant does not come back
 * where its field is gone: it would be missing in the list of those that expire, and the person can begin again.
 */
async function restoreCommit(link: RedisLink, keys: RedisKeys, { owner, change }: Commit): Promise<boolean> {
  const { field, expect, next, keepsNote = false } = change;
  const version = next?.version ?? (typeof expect === 'number' ? expect : undefined);
  // A removal "whatever it was" names no version, so it cannot be told whether it was lost.
  if (version === undefined) return false;
  const isConnection = fieldKind(field) === 'connection';
  const args = [field, formatVersion(version), next ? formatField(next) : '', keepsNote ? 1 : 0, isConnection ? 1 : 0];
  if (parseNumber(await link.write(restoreScript(keys.ofOwnerWrites(owner), ...args))) === 0) return false;
  const member = Buffer.from(dueMemberOf(owner, field), 'latin1');
  // Due at once: the worker then finds out when it really is.
  if (next && isConnection) await link.write(command('ZADD', keys.due(member), 'NX', 0, member));
  return true;
}

/** Makes a lost claim again, if the field still has the version and nobody else holds the lease. */
async function restoreClaim(link: RedisLink, keys: RedisKeys, { owner, claim }: OpenClaim): Promise<void> {
  await link.write(claimFieldsScript(keys.ofOwner(owner), ...formatClaim(claim)));
}
