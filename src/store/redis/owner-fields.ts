/** Fields, marks, notes and leases of owners: four hashes with one hash tag, one script per call. */

import type { OwnerKey } from '../../core/identifiers.js';
import type { ClaimOutcome, FieldChange, OwnerFields, Versioned } from '../engine.js';
import type { RedisKeys } from './keys.js';
import { command, type RedisLink } from './link.js';
import { parseBuffer, parseList, parseNumber, parsePairs, parseText, unexpected } from './replies.js';
import { loadScript } from './scripts.js';

const readOwnerScript = loadScript('read-owner');
const writeFieldsScript = loadScript('write-fields');
const eraseOwnerScript = loadScript('erase-owner');
const markScript = loadScript('mark-field');
const claimScript = loadScript('claim-field');
const renewScript = loadScript('renew-claim');
const releaseScript = loadScript('release-claim');

/** Binds the part to a link and a prefix. */
export function createOwnerFields(link: RedisLink, keys: RedisKeys): OwnerFields {
  const fieldsOf = (owner: OwnerKey) => keys.ofOwner(owner)[0];
  const notesOf = (owner: OwnerKey) => keys.ofOwner(owner)[2];
  return {
    readField: async (owner, field) => {
      const stored = parseBuffer(await link.read(command('HGET', fieldsOf(owner), field)));
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
      // The only commit of owner fields. A wait for replicas would follow it: WAIT counts the writes of the connection
      // that made them, so script and WAIT would need one of their own.
      const applied = await link.write(writeFieldsScript(keys.ofOwner(owner), ...args));
      return parseNumber(applied) === 1 ? 'stored' : 'moved';
    },
    eraseOwner: async (owner) => parseList(await link.write(eraseOwnerScript(keys.ofOwner(owner)))).map(parseText),
    mark: async (owner, field, value) => {
      await link.write(markScript(keys.ofOwner(owner), field, value));
    },
    claimField: async (owner, { field, holder, version, leaseMs, note, replaceNote = false }) => {
      const args = [field, holder, formatVersion(version), Math.ceil(leaseMs), note, replaceNote ? 1 : 0];
      return parseClaim(parseList(await link.write(claimScript(keys.ofOwner(owner), ...args))));
    },
    renewClaim: async (owner, { field, holder }, leaseMs) =>
      parseNumber(await link.write(renewScript(keys.ofOwner(owner), field, holder, Math.ceil(leaseMs)))) === 1,
    releaseClaim: async (owner, { field, holder }, endNote) => {
      await link.write(releaseScript(keys.ofOwner(owner), field, holder, endNote ? 1 : 0));
    },
    readNote: async (owner, field) => parseBuffer(await link.read(command('HGET', notesOf(owner), field))),
  };
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

function parseClaim([kind, rest]: readonly unknown[]): ClaimOutcome {
  const word = parseText(kind);
  if (word === 'moved') return { kind: 'moved' };
  if (word === 'busy') return { kind: 'busy', remainingMs: parseNumber(rest) };
  const previous = parseBuffer(rest);
  return { kind: 'claimed', ...(previous ? { previousNote: previous } : {}) };
}
