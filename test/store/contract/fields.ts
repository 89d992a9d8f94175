/** Facts about the fields of one owner: reads, compare-and-set writes, marks, erasure. */

import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type OwnerKey, ownerKeyOf, tenantIdSchema, userIdSchema } from '../../../src/core/identifiers.js';
import type { KnownField, StorageEngine } from '../../../src/store/engine.js';
import { areAlike } from '../../../src/store/fingerprint.js';
import { asFound } from '../samples.js';
import type { Pair } from './engine.js';

/** An owner that no other test has. */
export function freshOwner(): OwnerKey {
  return ownerKeyOf({ tenant: tenantIdSchema.parse('default'), userId: userIdSchema.parse(randomUUID()) });
}

/** Bytes and version as an engine keeps them. */
export const at = (version: number, text: string) => ({ version, bytes: Buffer.from(text) });

/** Reads the field `f`, unless it is as it was known. */
function readUnlessSame(engine: StorageEngine, owner: OwnerKey, known?: KnownField) {
  return known ? engine.readUnlessSame(known, asFound) : engine.findField(owner, 'f');
}

async function readKnown(engine: StorageEngine, owner: OwnerKey): Promise<KnownField> {
  const found = await engine.findField(owner, 'f');
  if (found === undefined) throw new Error('the field was not read');
  return found.known;
}

export function fieldContract(pair: Pair): void {
  describe('fields', () => {
    it('answers undefined for what is not there', async () => {
      const owner = freshOwner();
      expect(await pair.one.readField(owner, 'c/github')).toBeUndefined();
      const { fields, marks } = await pair.one.readOwner(owner);
      expect([fields.size, marks.size]).toEqual([0, 0]);
    });

    it('gives back every byte and a version beyond 32 bits', async () => {
      const owner = freshOwner();
      const bytes = Buffer.from(Array.from({ length: 512 }, (_, index) => index % 256));
      const version = 1_795_000_000_000_123;
      await pair.one.writeFields(owner, [{ field: 'c/github', expect: 'absent', next: { version, bytes } }]);
      expect(await pair.other.readField(owner, 'c/github')).toEqual({ version, bytes });
    });

    it('answers `same` only while the very bytes are there that the field was read from', async () => {
      const owner = freshOwner();
      const read = (known?: KnownField) => readUnlessSame(pair.other, owner, known);
      await pair.one.writeFields(owner, [{ field: 'f', expect: 'absent', next: at(3, 'the same') }]);
      const known = await readKnown(pair.other, owner);
      // Alone, and among others: engines may read these in different ways.
      expect(await read(known)).toBe('same');
      expect(await Promise.all([read(known), read(known)])).toEqual(['same', 'same']);
      const { bytes } = at(3, 'the same');
      const others = [bytes.subarray(1), bytes.subarray(0, -1), Buffer.concat([bytes, bytes]), Buffer.alloc(0)];
      const flipped = [...bytes.keys()].map((index) => {
        const other = Buffer.from(bytes);
        other.writeUInt8(other.readUInt8(index) ^ 1, index);
        return other;
      });
      for (const each of [...others, ...flipped]) {
        await pair.one.exchangeField(owner, 'f', { version: 3, bytes: each });
        expect(await read(known)).toMatchObject({ version: 3, bytes: each });
      }
      await pair.one.exchangeField(owner, 'f', at(3, 'the same'));
      expect(await read(known)).toBe('same');
      // The version is among the bytes.
      await pair.one.writeFields(owner, [{ field: 'f', expect: 3, next: at(4, 'the same') }]);
      expect(await read(known)).toMatchObject(at(4, 'the same'));
      await pair.one.writeFields(owner, [{ field: 'f', expect: 4 }]);
      expect(await Promise.all([read(known), read()])).toEqual([undefined, undefined]);
    });

    it('does not take a field for another one that has its bytes, or for one whose bytes begin with them', async () => {
      const [owner, next] = [freshOwner(), at(3, 'the same')];
      await pair.one.writeFields(owner, [{ field: 'f', expect: 'absent', next }]);
      const known = await readKnown(pair.other, owner);
      await pair.one.writeFields(owner, [
        { field: 'f', expect: 3 },
        { field: 'g', expect: 'absent', next },
      ]);
      expect(await readUnlessSame(pair.other, owner, known)).toBeUndefined();
    });

    it('finds a field that others of its owner have moved, with the same bytes', async () => {
      const owner = freshOwner();
      const put = (field: string) => ({ field, expect: 'absent', next: at(1, field) }) as const;
      await pair.one.writeFields(owner, [put('a'), put('f')]);
      const known = await readKnown(pair.other, owner);
      await pair.one.writeFields(owner, [{ field: 'a', expect: 1 }, put('b')]);
      const found = await readUnlessSame(pair.other, owner, known);
      if (found === 'same') return; // where each has a row of its own, nothing moves
      expect(found).toMatchObject(at(1, 'f'));
      expect(found && areAlike(found.known, known)).toBe(true);
      expect(await readUnlessSame(pair.other, owner, found?.known)).toBe('same');
    });

    it('keeps a value of 64 KiB', async () => {
      const owner = freshOwner();
      const bytes = Buffer.alloc(65_536, 7);
      await pair.one.writeFields(owner, [{ field: 'c/github', expect: 'absent', next: { version: 1, bytes } }]);
      expect((await pair.one.readField(owner, 'c/github'))?.bytes.equals(bytes)).toBe(true);
    });

    it('stores only when `expect` is the version there', async () => {
      const owner = freshOwner();
      const write = (expected: number | 'absent' | 'any', version: number) =>
        pair.one.writeFields(owner, [{ field: 'f', expect: expected, next: at(version, `v${version}`) }]);
      expect(await write(5, 6)).toBe('moved');
      expect(await write('absent', 6)).toBe('stored');
      expect(await write('absent', 7)).toBe('moved');
      expect(await write(5, 7)).toBe('moved');
      expect(await write(6, 7)).toBe('stored');
      expect(await write('any', 9)).toBe('stored');
      expect(await pair.one.readField(owner, 'f')).toEqual(at(9, 'v9'));
    });

    it('removes a field only when `expect` holds', async () => {
      const owner = freshOwner();
      await pair.one.writeFields(owner, [{ field: 'f', expect: 'absent', next: at(1, 'a') }]);
      expect(await pair.one.writeFields(owner, [{ field: 'f', expect: 2 }])).toBe('moved');
      expect(await pair.one.writeFields(owner, [{ field: 'f', expect: 1 }])).toBe('stored');
      expect(await pair.one.readField(owner, 'f')).toBeUndefined();
      expect(await pair.one.writeFields(owner, [{ field: 'f', expect: 'any' }])).toBe('stored');
    });

    it('applies several changes together', async () => {
      const owner = freshOwner();
      await pair.one.writeFields(owner, [{ field: 'g/1', expect: 'absent', next: at(1, 'grant') }]);
      const outcome = await pair.one.writeFields(owner, [
        { field: 'g/1', expect: 1 },
        { field: 'c/github', expect: 'absent', next: at(2, 'connection') },
      ]);
      expect(outcome).toBe('stored');
      expect([...(await pair.one.readOwner(owner)).fields]).toEqual([['c/github', at(2, 'connection')]]);
    });

    it.each([0, 1])('applies none of several changes when change %i does not hold', async (wrong) => {
      const owner = freshOwner();
      await pair.one.writeFields(owner, [{ field: 'a', expect: 'absent', next: at(1, 'old') }]);
      const changes = [
        { field: 'a', expect: 1, next: at(2, 'new') },
        { field: 'b', expect: 'absent' as const, next: at(2, 'new') },
      ].map((change, index) => (index === wrong ? { ...change, expect: 77 } : change));
      expect(await pair.one.writeFields(owner, changes)).toBe('moved');
      expect([...(await pair.one.readOwner(owner)).fields]).toEqual([['a', at(1, 'old')]]);
    });

    it('lets one of many parallel writers win', async () => {
      const owner = freshOwner();
      await pair.one.writeFields(owner, [{ field: 'f', expect: 'absent', next: at(1, '') }]);
      const outcomes = await Promise.all(
        Array.from({ length: 40 }, (_, index) => {
          const engine = index % 2 === 0 ? pair.one : pair.other;
          return engine.writeFields(owner, [{ field: 'f', expect: 1, next: at(index + 2, `${index}`) }]);
        }),
      );
      expect(outcomes.filter((outcome) => outcome === 'stored')).toHaveLength(1);
      expect((await pair.one.readField(owner, 'f'))?.version).toBe(outcomes.indexOf('stored') + 2);
    });

    it('shows a write to the other replica as soon as it is acknowledged', async () => {
      const owner = freshOwner();
      await pair.one.writeFields(owner, [{ field: 'f', expect: 'absent', next: at(1, '1') }]);
      for (let version = 1; version < 30; version += 1) {
        expect((await pair.other.readField(owner, 'f'))?.version).toBe(version);
        await pair.one.writeFields(owner, [{ field: 'f', expect: version, next: at(version + 1, 'x') }]);
        expect((await pair.other.readField(owner, 'f'))?.version).toBe(version + 1);
      }
    });

    it('keeps owners apart', async () => {
      const [first, second] = [freshOwner(), freshOwner()];
      await pair.one.writeFields(first, [{ field: 'f', expect: 'absent', next: at(1, 'first') }]);
      expect(await pair.one.readField(second, 'f')).toBeUndefined();
      expect((await pair.one.readOwner(second)).fields.size).toBe(0);
    });
  });

  describe('marks', () => {
    it('stand beside a field and leave its version alone', async () => {
      const owner = freshOwner();
      await pair.one.writeFields(owner, [{ field: 'f', expect: 'absent', next: at(1, 'a') }]);
      await pair.one.mark(owner, 'f', 1_795_000_000_000);
      await pair.one.mark(owner, 'f', 1_795_000_000_001);
      const { fields, marks } = await pair.other.readOwner(owner);
      expect([...fields]).toEqual([['f', at(1, 'a')]]);
      expect([...marks]).toEqual([['f', 1_795_000_000_001]]);
    });

    it('outlive a rewrite and go with the field', async () => {
      const owner = freshOwner();
      await pair.one.writeFields(owner, [{ field: 'f', expect: 'absent', next: at(1, 'a') }]);
      await pair.one.mark(owner, 'f', 5);
      await pair.one.writeFields(owner, [{ field: 'f', expect: 1, next: at(2, 'b') }]);
      expect((await pair.one.readOwner(owner)).marks.get('f')).toBe(5);
      await pair.one.writeFields(owner, [{ field: 'f', expect: 2 }]);
      expect((await pair.one.readOwner(owner)).marks.size).toBe(0);
    });

    it('leave nothing on a field that is not there', async () => {
      const owner = freshOwner();
      await pair.one.mark(owner, 'f', 5);
      await pair.one.writeFields(owner, [{ field: 'f', expect: 'absent', next: at(1, 'a') }]);
      expect((await pair.one.readOwner(owner)).marks.size).toBe(0);
    });
  });

  describe('erasing an owner', () => {
    it('answers the fields there were and leaves nothing of them', async () => {
      const owner = freshOwner();
      const claim = { field: 'c/github', holder: 'h' };
      await pair.one.writeFields(owner, [
        { field: 'c/github', expect: 'absent', next: at(1, 'a') },
        { field: 'g/1', expect: 'absent', next: at(1, 'b') },
      ]);
      await pair.one.mark(owner, 'c/github', 5);
      await pair.one.claimField(owner, { ...claim, version: 1, leaseMs: 60_000, note: Buffer.from('n') });
      expect([...(await pair.one.eraseOwner(owner))].sort()).toEqual([
        ['c/github', at(1, 'a')],
        ['g/1', at(1, 'b')],
      ]);

      const { fields, marks } = await pair.one.readOwner(owner);
      expect([fields.size, marks.size]).toEqual([0, 0]);
      expect(await pair.one.readNote(owner, 'c/github')).toBeUndefined();
      expect(await pair.one.renewClaim(owner, claim, 1_000)).toBe(false);
      expect((await pair.one.eraseOwner(owner)).size).toBe(0);
    });

    it('leaves other owners alone', async () => {
      const [first, second] = [freshOwner(), freshOwner()];
      for (const owner of [first, second]) {
        await pair.one.writeFields(owner, [{ field: 'f', expect: 'absent', next: at(1, 'a') }]);
      }
      await pair.one.eraseOwner(first);
      expect(await pair.one.readField(second, 'f')).toEqual(at(1, 'a'));
    });
  });
}
