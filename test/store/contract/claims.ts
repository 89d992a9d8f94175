/** Facts about claims on a field: a lease that ends by itself, and a note that stays until it is ended. */

import { describe, expect, it, vi } from 'vitest';
import type { OwnerKey } from '../../../src/core/identifiers.js';
import type { ClaimOutcome, StorageEngine } from '../../../src/store/engine.js';
import type { Pair } from './engine.js';
import { at, freshOwner } from './fields.js';

const field = 'c/github';

interface Wish {
  readonly holder: string;
  readonly version?: number;
  readonly leaseMs?: number;
  readonly replaceNote?: boolean;
}

const claim = (engine: StorageEngine, owner: OwnerKey, wish: Wish): Promise<ClaimOutcome> =>
  engine.claimField(owner, {
    field,
    holder: wish.holder,
    version: wish.version ?? 1,
    leaseMs: wish.leaseMs ?? 60_000,
    note: Buffer.from(`note of ${wish.holder}`),
    ...(wish.replaceNote === undefined ? {} : { replaceNote: wish.replaceNote }),
  });

export function claimContract(pair: Pair): void {
  async function ownerWithField(): Promise<OwnerKey> {
    const owner = freshOwner();
    await pair.one.writeFields(owner, [{ field, expect: 'absent', next: at(1, 'a') }]);
    return owner;
  }

  describe('claims', () => {
    it('are taken at the version named, and the note stands', async () => {
      const owner = await ownerWithField();
      expect(await claim(pair.one, owner, { holder: 'a' })).toEqual({ kind: 'claimed' });
      expect(await pair.other.readNote(owner, field)).toEqual(Buffer.from('note of a'));
    });

    it('are moved when the version is another, and write nothing', async () => {
      const owner = await ownerWithField();
      expect(await claim(pair.one, owner, { holder: 'a', version: 2 })).toEqual({ kind: 'moved' });
      expect(await pair.one.readNote(owner, field)).toBeUndefined();
      expect(await claim(pair.one, owner, { holder: 'b' })).toEqual({ kind: 'claimed' });
    });

    it('are moved when the field is not there', async () => {
      expect(await claim(pair.one, freshOwner(), { holder: 'a' })).toEqual({ kind: 'moved' });
    });

    it('are busy while another holds the lease, and keep its note', async () => {
      const owner = await ownerWithField();
      await claim(pair.one, owner, { holder: 'a', leaseMs: 60_000 });
      const outcome = await claim(pair.other, owner, { holder: 'b' });
      expect(outcome.kind).toBe('busy');
      const remaining = outcome.kind === 'busy' ? outcome.remainingMs : Number.NaN;
      expect(remaining).toBeGreaterThan(50_000);
      expect(remaining).toBeLessThanOrEqual(60_000);
      expect(await pair.one.readNote(owner, field)).toEqual(Buffer.from('note of a'));
    });

    it('give exactly one of many parallel holders the lease', async () => {
      const owner = await ownerWithField();
      const outcomes = await Promise.all(
        Array.from({ length: 40 }, (_, index) =>
          claim(index % 2 === 0 ? pair.one : pair.other, owner, { holder: `h${index}` }),
        ),
      );
      expect(outcomes.filter((outcome) => outcome.kind === 'claimed')).toHaveLength(1);
      expect(outcomes.filter((outcome) => outcome.kind === 'busy')).toHaveLength(39);
    });

    it.each([
      [false, 'note of a'],
      [true, 'note of b'],
    ])('are free after the lease and tell the note that nobody ended (replaced: %s)', async (replaceNote, left) => {
      const owner = await ownerWithField();
      await claim(pair.one, owner, { holder: 'a', leaseMs: 40 });
      const outcome = await vi.waitFor(async () => {
        const next = await claim(pair.other, owner, { holder: 'b', replaceNote });
        expect(next.kind).toBe('claimed');
        return next;
      }, 15_000);
      expect(outcome).toEqual({ kind: 'claimed', previousNote: Buffer.from('note of a') });
      expect(await pair.one.readNote(owner, field)).toEqual(Buffer.from(left));
    });

    it('are taken again by their holder', async () => {
      const owner = await ownerWithField();
      await claim(pair.one, owner, { holder: 'a', leaseMs: 1_000 });
      const again = await claim(pair.one, owner, { holder: 'a', leaseMs: 60_000 });
      expect(again).toEqual({ kind: 'claimed', previousNote: Buffer.from('note of a') });
      const outcome = await claim(pair.one, owner, { holder: 'b' });
      expect(outcome.kind === 'busy' && outcome.remainingMs > 30_000).toBe(true);
    });

    it('are prolonged by their holder only', async () => {
      const owner = await ownerWithField();
      await claim(pair.one, owner, { holder: 'a', leaseMs: 1_000 });
      expect(await pair.one.renewClaim(owner, { field, holder: 'b' }, 60_000)).toBe(false);
      expect(await pair.one.renewClaim(owner, { field, holder: 'a' }, 60_000)).toBe(true);
      const outcome = await claim(pair.one, owner, { holder: 'b' });
      expect(outcome.kind === 'busy' && outcome.remainingMs > 30_000).toBe(true);
    });

    it('cannot be prolonged once the lease has ended', async () => {
      const owner = await ownerWithField();
      await claim(pair.one, owner, { holder: 'a', leaseMs: 30 });
      await expect.poll(() => pair.one.renewClaim(owner, { field, holder: 'a' }, 1)).toBe(false);
    });

    it('are released by their holder; the note stays unless it is ended', async () => {
      const owner = await ownerWithField();
      await claim(pair.one, owner, { holder: 'a' });
      await pair.one.releaseClaim(owner, { field, holder: 'b' }, true);
      expect((await claim(pair.one, owner, { holder: 'b' })).kind).toBe('busy');
      await pair.one.releaseClaim(owner, { field, holder: 'a' }, false);
      expect(await pair.one.readNote(owner, field)).toEqual(Buffer.from('note of a'));
      expect((await claim(pair.one, owner, { holder: 'b' })).kind).toBe('claimed');
      await pair.one.releaseClaim(owner, { field, holder: 'b' }, true);
      expect(await pair.one.readNote(owner, field)).toBeUndefined();
    });

    it('are released by their holder though the lease has ended, while nobody else has taken it', async () => {
      const owner = await ownerWithField();
      await claim(pair.one, owner, { holder: 'a', leaseMs: 30 });
      await expect.poll(() => pair.one.renewClaim(owner, { field, holder: 'a' }, 1)).toBe(false);
      await pair.other.releaseClaim(owner, { field, holder: 'a' }, true);
      expect(await pair.one.readNote(owner, field)).toBeUndefined();
    });

    it('leave note and lease alone when a late holder releases', async () => {
      const owner = await ownerWithField();
      await claim(pair.one, owner, { holder: 'a', leaseMs: 30 });
      await expect.poll(async () => (await claim(pair.one, owner, { holder: 'b' })).kind).toBe('claimed');
      await pair.one.releaseClaim(owner, { field, holder: 'a' }, true);
      expect(await pair.one.readNote(owner, field)).toBeDefined();
      expect((await claim(pair.one, owner, { holder: 'c' })).kind).toBe('busy');
    });
  });

  describe('a write that finishes a claim', () => {
    const finish = (owner: OwnerKey, holder: string, expected: number) =>
      pair.one.writeFields(owner, [{ field, expect: expected, next: at(expected + 1, 'new') }], { field, holder });

    it('ends the note and gives the lease back', async () => {
      const owner = await ownerWithField();
      await claim(pair.one, owner, { holder: 'a' });
      expect(await finish(owner, 'a', 1)).toBe('stored');
      expect(await pair.one.readNote(owner, field)).toBeUndefined();
      expect(await claim(pair.one, owner, { holder: 'b', version: 2 })).toEqual({ kind: 'claimed' });
    });

    it('gives the lease back only if it is still its own', async () => {
      const owner = await ownerWithField();
      await claim(pair.one, owner, { holder: 'a', leaseMs: 30 });
      await expect.poll(async () => (await claim(pair.one, owner, { holder: 'b' })).kind).toBe('claimed');
      expect(await finish(owner, 'a', 1)).toBe('stored');
      expect(await pair.one.readNote(owner, field)).toBeUndefined();
      expect((await claim(pair.one, owner, { holder: 'c', version: 2 })).kind).toBe('busy');
    });

    it('ends nothing when it was not stored', async () => {
      const owner = await ownerWithField();
      await claim(pair.one, owner, { holder: 'a' });
      expect(await finish(owner, 'a', 9)).toBe('moved');
      expect(await pair.one.readNote(owner, field)).toEqual(Buffer.from('note of a'));
      expect((await claim(pair.one, owner, { holder: 'b' })).kind).toBe('busy');
    });

    it('is not needed to end the note: any write to the field does, and leaves the lease', async () => {
      const owner = await ownerWithField();
      await claim(pair.one, owner, { holder: 'a' });
      await pair.one.writeFields(owner, [{ field, expect: 1, next: at(2, 'new') }]);
      expect(await pair.one.readNote(owner, field)).toBeUndefined();
      expect((await claim(pair.one, owner, { holder: 'b', version: 2 })).kind).toBe('busy');
    });

    it('keeps the note where the write says so, and leaves the lease', async () => {
      const owner = await ownerWithField();
      await claim(pair.one, owner, { holder: 'a' });
      await pair.other.writeFields(owner, [{ field, expect: 1, next: at(2, 'b'), keepsNote: true }]);
      expect(await pair.one.readNote(owner, field)).toEqual(Buffer.from('note of a'));
      expect(await claim(pair.one, owner, { holder: 'b', version: 2 })).toMatchObject({ kind: 'busy' });
    });

    it('leaves notes of other fields alone', async () => {
      const owner = await ownerWithField();
      await claim(pair.one, owner, { holder: 'a' });
      await pair.one.writeFields(owner, [{ field: 'c/slack', expect: 'absent', next: at(1, 'new') }]);
      expect(await pair.one.readNote(owner, field)).toEqual(Buffer.from('note of a'));
    });

    it('that removes the field removes its note', async () => {
      const owner = await ownerWithField();
      await claim(pair.one, owner, { holder: 'a' });
      await pair.one.writeFields(owner, [{ field, expect: 1 }]);
      expect(await pair.one.readNote(owner, field)).toBeUndefined();
    });
  });
}
