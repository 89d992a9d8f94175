/** Fields, marks, notes and leases of owners: a string and three hashes with one hash tag, one script per call. */

import type { OwnerKey } from '../../core/identifiers.js';
import type { OwnerFields } from '../engine.js';
import type { ReadField } from './gathered-reads.js';
import type { RedisKeys } from './keys.js';
import { command, type RedisLink } from './link.js';
import type { MasterWatch } from './master-watch.js';
import { claimFieldsScript, formatClaim, formatWrite, type OwnerWrites, writeFieldsScript } from './owner-writes.js';
import type { Commit, OpenClaim, RecentCommits } from './recent-commits.js';
import { parseBuffer, parseList, parseNumber, parsePairs, parseText } from './replies.js';
import { loadScript } from './scripts.js';
import { formatField, formatVersion, parseFields } from './stored-fields.js';

const readOwnerScript = loadScript('read-owner');
const eraseOwnerScript = loadScript('erase-owner', 'fields');
const exchangeScript = loadScript('exchange-field', 'fields');
const markScript = loadScript('mark-field', 'fields');
const renewScript = loadScript('renew-claim');
const releaseScript = loadScript('release-claim');
const restoreScript = loadScript('restore-field', 'fields');

/** What reads fields, and what makes commits last. */
export interface OwnerAccess {
  readonly readField: ReadField;
  readonly writes: OwnerWrites;
  readonly journal: RecentCommits;
  readonly masters: MasterWatch;
}

/** Binds the part to a link and a prefix. */
export function createOwnerFields(link: RedisLink, keys: RedisKeys, access: OwnerAccess): OwnerFields {
  const { readField, writes, journal, masters } = access;
  const fieldsOf = (owner: OwnerKey) => keys.fieldsOf(owner);
  const notesOf = (owner: OwnerKey) => keys.ofOwner(owner)[2];
  return {
    readField: (owner, field, known) => readField(fieldsOf(owner), field, known),
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
    eraseOwner: async (owner) => parseList(await link.write(eraseOwnerScript(keys.ofOwner(owner)))).map(parseText),
    mark: async (owner, field, value) => {
      await link.write(markScript(keys.ofOwner(owner), field, value));
    },
    claimField: async (owner, claim) => {
      // A refresh that begins on a record that a failover has set back would spend a refresh token twice.
      await masters.settled();
      const outcome = await writes.claim({ owner, ...claim });
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

/**
 * Puts back what a write had brought, if it is lost; answers whether it was.
 *
 * Several changes of one write go together: where each of them still finds what it was meant to replace, the write was
 * lost as a whole. A single one wins over what is older; see the script.
 */
export async function restoreCommit(link: RedisLink, keys: RedisKeys, { owner, changes }: Commit): Promise<boolean> {
  const [change, ...others] = changes;
  if (change === undefined) return false;
  if (others.length > 0) {
    // Without a version to find again nothing tells a lost write from one that was undone on purpose.
    if (!changes.some(({ expect }) => typeof expect === 'number')) return false;
    const [written] = parseList(await link.write(writeFieldsScript(keys.ofOwner(owner), ...formatWrite({ changes }))));
    return parseNumber(written) === 1;
  }
  const { field, expect, next, keepsNote = false } = change;
  const version = next?.version ?? (typeof expect === 'number' ? expect : undefined);
  if (version === undefined) return false;
  const value = next ? formatField(next) : '';
  const args = [field, formatVersion(version), value, keepsNote ? 1 : 0];
  return parseNumber(await link.write(restoreScript(keys.ofOwner(owner), ...args))) === 1;
}

/** Makes a claim again that is lost: the field must have the version still, and the lease be nobody else's. */
export async function restoreClaim(link: RedisLink, keys: RedisKeys, { owner, claim }: OpenClaim): Promise<void> {
  await link.write(claimFieldsScript(keys.ofOwner(owner), ...formatClaim(claim)));
}
