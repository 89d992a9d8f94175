/** A field as it stands in Redis: its version in 8 bytes, then the bytes. */

import type { Versioned } from '../engine.js';
import { unexpected } from './replies.js';

/** Versions travel and compare as 8 bytes: Lua's numbers are doubles. */
const versionBytes = 8;

/** Writes a version. */
export function formatVersion(version: number): Buffer {
  const bytes = Buffer.alloc(versionBytes);
  bytes.writeBigUInt64BE(BigInt(version));
  return bytes;
}

/** Writes a field. */
export function formatField({ version, bytes }: Versioned): Buffer {
  return Buffer.concat([formatVersion(version), bytes]);
}

/** Reads a field without a copy; answers `known` itself when it is the same. @throws {StoreUnavailable} it is none */
export function parseField(stored: Buffer, known?: Versioned): Versioned {
  if (stored.length < versionBytes) throw unexpected();
  // Two halves: a BigInt in between costs more than all the rest.
  const version = stored.readUInt32BE(0) * 2 ** 32 + stored.readUInt32BE(4);
  const isSame = known?.version === version && stored.compare(known.bytes, 0, known.bytes.length, versionBytes) === 0;
  return isSame ? known : { version, bytes: stored.subarray(versionBytes) };
}
