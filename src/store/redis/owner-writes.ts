/** Writes and claims of owners' fields, several in one script. */

import type { OwnerKey } from '../../core/identifiers.js';
import type { ClaimOutcome, ClaimRequest, FieldChange, FieldClaim } from '../engine.js';
import type { Gather } from '../gathering.js';
import type { CommitLanes } from './commit-lanes.js';
import type { Argument } from './flat-command.js';
import type { RedisKeys } from './keys.js';
import { parseBuffer, parseList, parseNumber, parseText, unexpected } from './replies.js';
import { loadScript } from './scripts.js';
import { formatField, formatVersion } from './stored-fields.js';

const writeFieldsScript = loadScript('write-fields', 'fields', 'removed');
/** Takes {@link formatClaim}s. */
export const claimFieldsScript = loadScript('claim-fields', 'fields');

/** Changes of one owner that happen together or not at all. */
export interface OwnerWrite {
  readonly owner: OwnerKey;
  readonly changes: readonly FieldChange[];
  readonly finishes?: FieldClaim | undefined;
}

/** A claim and its owner. */
export interface OwnerClaim extends ClaimRequest {
  readonly owner: OwnerKey;
}

/** Both go through the commit lanes, so that an intent waits for replicas as a commit does. */
export interface OwnerWrites {
  write(write: OwnerWrite): Promise<'stored' | 'moved'>;
  claim(claim: OwnerClaim): Promise<ClaimOutcome>;
}

/** Binds the methods to the lanes. `gather`: see `gathering.ts`. */
export function createOwnerWrites(lanes: CommitLanes, keys: RedisKeys, gather: Gather): OwnerWrites {
  const writeAll = async (writes: readonly OwnerWrite[]) => {
    const writeKeys = writes.flatMap(({ owner }) => keys.ofOwnerWrites(owner));
    const replies = parseList(await lanes.run(writeFieldsScript, writeKeys, writes.flatMap(formatWrite)));
    return replies.map((reply) => (parseNumber(reply) === 1 ? 'stored' : 'moved'));
  };
  const [add, remove] = [gather(writeAll), gather(writeAll)];
  return {
    // A Redis without memory refuses a whole script that begins by adding something, so removals are sent apart.
    write: (write) => (write.changes.every(({ next }) => next === undefined) ? remove(write) : add(write)),
    claim: gather(async (claims: readonly OwnerClaim[]) => {
      const claimKeys = claims.flatMap(({ owner }) => keys.ofOwner(owner));
      const replies = parseList(await lanes.run(claimFieldsScript, claimKeys, claims.flatMap(formatClaim)));
      return replies.map(parseClaim);
    }),
  };
}

function formatWrite({ changes, finishes }: Omit<OwnerWrite, 'owner'>): readonly Argument[] {
  return [changes.length, ...changes.flatMap(formatChange), finishes?.field ?? '', finishes?.holder ?? ''];
}

/** The arguments of one claim. */
export function formatClaim(claim: ClaimRequest): readonly Argument[] {
  const { field, holder, version, leaseMs, note, replaceNote = false } = claim;
  return [field, holder, formatVersion(version), Math.ceil(leaseMs), note, replaceNote ? 1 : 0];
}

/**
 * Four arguments: the field; `-` absent, `*` any, else the expected version; the new value, or nothing to remove it; 1 if
 * the note stays.
 */
function formatChange({ field, expect, next, keepsNote = false }: FieldChange): readonly Argument[] {
  const expected = expect === 'any' ? '*' : expect === 'absent' ? '-' : formatVersion(expect);
  return [field, expected, next ? formatField(next) : '', keepsNote ? 1 : 0];
}

function parseClaim(reply: unknown): ClaimOutcome {
  if (reply === 1) return { kind: 'claimed' };
  const [kind, rest] = parseList(reply);
  const word = parseText(kind);
  if (word === 'moved') return { kind: 'moved' };
  if (word === 'busy') return { kind: 'busy', remainingMs: parseNumber(rest) };
  const previousNote = parseBuffer(rest);
  if (word !== 'claimed' || previousNote === undefined) throw unexpected();
  return { kind: 'claimed', previousNote };
}
