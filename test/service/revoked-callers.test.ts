/** Callers whose JWTs are refused although they are still valid: whom it meets, from when on, and until when. */

import { beforeEach, describe, expect, it, vi } from 'vitest';
import { StoreUnavailable } from '../../src/core/errors.js';
import { tenantIdSchema } from '../../src/core/identifiers.js';
import { RevokedCallers } from '../../src/service/revoked-callers.js';
import { createManualClock, type ManualClock } from '../support/clock.js';
import { MemoryDocuments } from './caller-support.js';

const acme = tenantIdSchema.parse('acme');
const other = tenantIdSchema.parse('other');
const eve = { subject: 'eve' };
let clock: ManualClock;
let documents: MemoryDocuments;
let here: RevokedCallers;
let elsewhere: RevokedCallers;

beforeEach(() => {
  clock = createManualClock(Date.now());
  documents = new MemoryDocuments();
  here = new RevokedCallers(documents, clock.now);
  elsewhere = new RevokedCallers(documents, clock.now);
});

/** How many entries are kept, over all tenants. */
const keptEntries = () => [...documents.kept.values()].reduce((sum, entries) => sum + entries.size, 0);

describe('a revoked caller', () => {
  it('is refused with every token of its subject, in its tenant alone', async () => {
    expect(await here.has(acme, eve)).toBe(false);
    await here.revoke(acme, eve);
    expect(await here.has(acme, eve)).toBe(true);
    expect(await here.has(acme, { ...eve, jti: 'j1' })).toBe(true);
    expect(await here.has(acme, { subject: 'ada', jti: 'j1' })).toBe(false);
    expect(await here.has(other, eve)).toBe(false);
  });

  it('is refused with one token where that one is named; a subject of the same name is nobody else', async () => {
    await here.revoke(acme, { jti: 'j1' });
    expect(await here.has(acme, { ...eve, jti: 'j1' })).toBe(true);
    expect(await here.has(acme, { ...eve, jti: 'j2' })).toBe(false);
    expect(await here.has(acme, { subject: 'j1' })).toBe(false);
    expect(await here.has(acme, { subject: 'j1', jti: 'j2' })).toBe(false);
    await here.revoke(acme, { jti: 'undefined' });
    expect(await here.has(acme, eve)).toBe(false);
  });

  it('is refused until the time that was named, and what is over is not kept', async () => {
    await here.revoke(acme, eve, clock.now() + 1000);
    await here.revoke(acme, { jti: 'for good' });
    clock.advance(999);
    expect(await here.has(acme, eve)).toBe(true);
    clock.advance(1);
    expect(await here.has(acme, eve)).toBe(false);
    expect(keptEntries()).toBe(2);
    await here.revoke(acme, { jti: 'another' });
    expect(keptEntries()).toBe(2);
    expect(await here.has(acme, { subject: 'ada', jti: 'for good' })).toBe(true);
  });

  it('is taken again when the refusal is given a time that is over', async () => {
    await here.revoke(acme, eve);
    await here.revoke(acme, eve, clock.now());
    expect(await here.has(acme, eve)).toBe(false);
    expect(keptEntries()).toBe(0);
  });

  it('is refused by the other replicas after three seconds; until then they ask nobody', async () => {
    const asked = vi.spyOn(documents, 'list');
    expect(await elsewhere.has(acme, eve)).toBe(false);
    await here.revoke(acme, eve);
    asked.mockClear();
    expect(await elsewhere.has(acme, eve)).toBe(false);
    clock.advance(2999);
    expect(await elsewhere.has(acme, { subject: 'ada' })).toBe(false);
    expect(asked).not.toHaveBeenCalled();
    clock.advance(1);
    expect(await elsewhere.has(acme, eve)).toBe(true);
    expect(asked).toHaveBeenCalledTimes(1);
  });

  it('is looked up anew when the clock was set back', async () => {
    expect(await elsewhere.has(acme, eve)).toBe(false);
    await documents.put([...documents.kept.keys()][0] ?? '', 'sub\neve', {});
    const early = new RevokedCallers(documents, clock.now);
    expect(await early.has(acme, eve)).toBe(true);
    const asked = vi.spyOn(documents, 'list');
    clock.advance(-1);
    await early.has(acme, eve);
    expect(asked).toHaveBeenCalledTimes(1);
  });

  it('is nobody that can be told while the store is away, and a failure is not remembered', async () => {
    vi.spyOn(documents, 'list').mockRejectedValueOnce(new StoreUnavailable('The store does not answer.', 'no'));
    await here.revoke(acme, eve).catch(() => undefined);
    const failing = new RevokedCallers(documents, clock.now);
    vi.spyOn(documents, 'list').mockRejectedValueOnce(new StoreUnavailable('The store does not answer.', 'no'));
    await expect(failing.has(acme, eve)).rejects.toThrow(StoreUnavailable);
    expect(await failing.has(acme, eve)).toBe(true);
  });
});
