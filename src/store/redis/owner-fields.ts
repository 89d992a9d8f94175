/** Fields, marks, notes and leases of owners: four hashes with one hash tag, one script per call. */

import type { OwnerKey } from '../../core/identifiers.js';
import type { ClaimOutcome, ClaimRequest, FieldChange, OwnerFields, Versioned } from '../engine.js';
import type { CommitLanes } from './commit-lanes.js';
import type { ReadField } from './gathered-reads.js';
import type { RedisKeys } from './keys.js';
import { command, type RedisLink } from './link.js';
import type { MasterWatch } from './master-watch.js';
import type { Commit, OpenClaim, RecentCommits } from './recent-commits.js';
import { parseBuffer, parseList, parseNumber, parsePairs, parseText, unexpected } from './replies.js';
import { loadScript } from './scripts.js';

const readOwnerScript = loadScript('read-owner');
const writeFieldsScript = loadScript('write-fields');
const eraseOwnerScript = loadScript('erase-owner');
const exchangeScript = loadScript('exchange-field');
const markScript = loadScript('mark-field');
const claimScript = loadScript('claim-field');
const renewScript = loadScript('renew-claim');
const releaseScript = loadScript('release-claim');
const restoreScript = loadScript('restore-field');

/** What reads fields, and what makes commits last. */
export interface OwnerAccess {
  readonly readField: ReadField;
  readonly lanes: CommitLanes;
  readonly journal: RecentCommits;
  readonly masters: MasterWatch;
}

/** Binds the part to a link and a prefix. */
export function createOwnerFields(link: RedisLink, keys: RedisKeys, access: OwnerAccess): OwnerFields {
  const { readField, lanes, journal, masters } = access;
  const fieldsOf = (owner: OwnerKey) => keys.ofOwner(owner)[0];
  const notesOf = (owner: OwnerKey) => keys.ofOwner(owner)[2];
  return {
    readField: async (owner, field) => {
      const stored = await readField(fieldsOf(owner), field);
      return stored && parseVersioned(stored);
    },
    readOwner: async (owner) => {
      const [fields, marks] = parseList(await link.read(readOwnerScript(keys.ofOwner(owner))));
      return {
        fields: new Map(parsePairs(fields).map(([name, bytes]) => [name, parseVersioned(bytes)])),
        marks: new Map(parsePairs(marks).map(([name, value]) => [name, Number(value.toString())])),
      };
    },
    writeFields: async (owner, changes, finishes) => {
      const claim = finishes ? [finishes.field, finishes.holder] : [];
      const args = [changes.length, ...changes.flatMap(formatChange), ...claim];
      const applied = parseNumber(await lanes.run(writeFieldsScript, keys.ofOwner(owner), args)) === 1;
      if (applied) journal.note(owner, changes);
      if (finishes) journal.released(owner, finishes);
      return applied ? 'stored' : 'moved';
    },
    exchangeField: async (owner, field, next) => {
      const value = Buffer.concat([formatVersion(next.version), next.bytes]);
      const args = [field, formatVersion(next.version), value];
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
      const reply = await lanes.run(claimScript, keys.ofOwner(owner), formatClaim(claim));
      const outcome = parseClaim(parseList(reply));
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
    const args = [changes.length, ...changes.flatMap(formatChange)];
    return parseNumber(await link.write(writeFieldsScript(keys.ofOwner(owner), ...args))) === 1;
  }
  const { field, expect, next } = change;
  const version = next?.version ?? (typeof expect === 'number' ? expect : undefined);
  if (version === undefined) return false;
  const value = next ? Buffer.concat([formatVersion(next.version), next.bytes]) : '';
  const restored = await link.write(restoreScript(keys.ofOwner(owner), field, formatVersion(version), value));
  return parseNumber(restored) === 1;
}

/** Makes a claim again that is lost: the field must have the version still, and the lease be nobody else's. */
export async function restoreClaim(link: RedisLink, keys: RedisKeys, { owner, claim }: OpenClaim): Promise<void> {
  await link.write(claimScript(keys.ofOwner(owner), ...formatClaim(claim)));
}

/** Lua numbers are doubles, and version times bytes never meet them: versions travel and compare as 8 bytes. */
function formatVersion(version: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(version));
  return bytes;
}

function parseVersioned(stored: Buffer): Versioned {
  if (stored.length < 8) throw unexpected();
  return { version: Number(stored.readBigUInt64BE()), bytes: stored.subarray(8) };
}

/** Three arguments: the field; `-` absent, `*` any, else the expected version; the new value, or nothing to remove it. */
function formatChange({ field, expect, next }: FieldChange): readonly (string | Buffer)[] {
  const expected = expect === 'any' ? '*' : expect === 'absent' ? '-' : formatVersion(expect);
  return [field, expected, next ? Buffer.concat([formatVersion(next.version), next.bytes]) : ''];
}

function formatClaim(claim: ClaimRequest): readonly (string | number | Buffer)[] {
  const { field, holder, version, leaseMs, note, replaceNote = false } = claim;
  return [field, holder, formatVersion(version), Math.ceil(leaseMs), note, replaceNote ? 1 : 0];
}

function parseClaim([kind, rest]: readonly unknown[]): ClaimOutcome {
  const word = parseText(kind);
  if (word === 'moved') return { kind: 'moved' };
  if (word === 'busy') return { kind: 'busy', remainingMs: parseNumber(rest) };
  const previous = parseBuffer(rest);
  return { kind: 'claimed', ...(previous ? { previousNote: previous } : {}) };
}
