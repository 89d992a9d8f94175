/** The names of all keys in Redis. */

import { ConfigurationError } from '../../core/errors.js';
import type { OwnerKey } from '../../core/identifiers.js';
import type { Walked } from '../engine.js';

/** The due index has this many sorted sets, so that in a Cluster no single node carries it. */
export const dueShards = 16;

/** The part of a key that tells its kind, for keys without a hash tag. */
const kinds = { expiring: 'x', logs: 'log', collections: 'doc' } as const;

/** Names keys under one prefix. */
export interface RedisKeys {
  /** Fields, marks, notes and leases of one owner; the hash tag keeps them in one slot. */
  ofOwner(owner: OwnerKey): readonly [fields: string, marks: string, notes: string, leases: string];
  /** The same, and the versions of what was removed lately. */
  ofOwnerWrites(owner: OwnerKey): readonly string[];
  /** Only the first of them. */
  fieldsOf(owner: OwnerKey): string;
  expiring(key: string): string;
  /** The shard of a member of the due index. */
  due(member: Buffer): string;
  allDue(): readonly string[];
  log(name: string): string;
  documents(collection: string): string;
  /** The masters that this store has been seen on. */
  readonly masters: string;
  /** Written and removed by a process, to see whether Redis tells it of writes. */
  proof(process: string): string;
  /** What all keys of a kind begin and end with; the name is between the two. */
  around(what: Walked): readonly [start: string, end: string];
}

/**
 * Binds the names to a prefix.
 *
 * @throws {ConfigurationError} naming KEY_PREFIX: a brace would make a hash tag of its own
 */
export function nameKeys(prefix: string): RedisKeys {
  if (!/^[A-Za-z0-9._:-]{1,128}$/.test(prefix)) {
    throw new ConfigurationError([{ name: 'KEY_PREFIX', problem: 'must be 1-128 characters of A-Z a-z 0-9 . _ : -' }]);
  }
  const ofOwner: RedisKeys['ofOwner'] = (owner) => {
    const base = `${prefix}:{${owner}}`;
    return [base, `${base}:m`, `${base}:n`, `${base}:l`];
  };
  const shard = (index: number) => `${prefix}:due:${index}`;
  return {
    ofOwner,
    ofOwnerWrites: (owner) => [...ofOwner(owner), `${prefix}:{${owner}}:t`],
    fieldsOf: (owner) => `${prefix}:{${owner}}`,
    expiring: (key) => `${prefix}:${kinds.expiring}:${key}`,
    // A member begins with a digest.
    due: (member) => shard(member.readUInt8() % dueShards),
    allDue: () => Array.from({ length: dueShards }, (_, index) => shard(index)),
    log: (name) => `${prefix}:${kinds.logs}:${name}`,
    documents: (collection) => `${prefix}:${kinds.collections}:${collection}`,
    masters: `${prefix}:masters`,
    proof: (process) => `${prefix}:proof:${process}`,
    around: (what) => (what === 'owners' ? [`${prefix}:{`, '}'] : [`${prefix}:${kinds[what]}:`, '']),
  };
}
