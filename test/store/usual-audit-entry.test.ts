/** The writer by hand says of an entry of the audit trail what the schema says, or nothing. */

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { auditEntrySchema } from '../../src/core/audit.js';
import { accountLabelSchema } from '../../src/core/identifiers.js';
import { usualAuditEntry } from '../../src/store/usual-audit-entry.js';

const usual = auditEntrySchema.parse({
  at: 1_790_000_000_000,
  tenant: 'default',
  act: 'token.issue',
  actor: { kind: 'caller', id: 'bot' },
  user: 'telegram:100000001',
  provider: 'github',
  connection_id: 'KJ2vXz4Qm1c',
  outcome: 'ok',
  request_id: '0b0c8a0e-6d0a-4f0e-9f53-6f1f3f9a2f10',
  address: '127.0.0.1',
  token_digest: '0123456789ab',
});

const refreshed = auditEntrySchema.parse({
  at: 1_790_000_000_000,
  tenant: 'default',
  act: 'refresh',
  actor: { kind: 'system', id: 'valetkey' },
  user: 'telegram:100000001',
  provider: 'github',
  account: 'default',
  connection_id: 'KJ2vXz4Qm1c',
  outcome: 'ok',
});

it('takes the entry of a refresh that went well, and no field that it does not know', () => {
  const absent = { reason: undefined, request_id: undefined, address: undefined, token_digest: undefined };
  expect(usualAuditEntry(refreshed)).toEqual(refreshed);
  expect(usualAuditEntry({ ...refreshed, ...absent })).toEqual(refreshed);
  expect(JSON.stringify(usualAuditEntry(Object.assign({ access_token: 's' }, refreshed)))).not.toContain('access');
  expect(usualAuditEntry({ ...refreshed, outcome: 'failed', reason: 'invalid_grant' })).toBeUndefined();
  expect(usualAuditEntry({ ...refreshed, request_id: 'asked-for' })).toBeUndefined();
  const work = accountLabelSchema.parse('work');
  expect(usualAuditEntry({ ...refreshed, account: work })).toBeUndefined();
});

it('takes the entry of a token that was handed out, and no field that it does not know', () => {
  const absent = { account: undefined, reason: undefined, object: undefined };
  expect(usualAuditEntry(usual)).toEqual(usual);
  expect(usualAuditEntry({ ...usual, ...absent })).toEqual(usual);
  expect(JSON.stringify(usualAuditEntry(Object.assign({ access_token: 's' }, usual)))).not.toContain('access_token');
  const actor = Object.assign({ name: 'n' }, usual.actor);
  expect(usualAuditEntry({ ...usual, actor })).toEqual(usual);
  const ofJwt = { ...usual, actor: { ...usual.actor, credential: 'jwt' as const } };
  expect(usualAuditEntry(ofJwt)).toEqual(ofJwt);
});

it('leaves every other entry to the schema', () => {
  expect(usualAuditEntry({ ...usual, outcome: 'refused', reason: 'not_connected' })).toBeUndefined();
  expect(usualAuditEntry({ ...usual, object: 'connect-1' })).toBeUndefined();
  expect(usualAuditEntry({ ...usual, act: 'refresh' })).toBeUndefined();
  expect(usualAuditEntry({ ...usual, actor: { kind: 'person', id: 'p' } })).toBeUndefined();
  expect(usualAuditEntry(Object.assign({}, usual, { token_digest: 123_456_789_012 }))).toBeUndefined();
});

it('never takes what the schema does not take, whatever stands in whichever field', () => {
  const odd = fc.oneof(
    fc.constantFrom(
      undefined,
      null,
      0,
      -1,
      1.5,
      Number.NaN,
      1e17,
      '',
      'text',
      'Ünïcode',
      '\u0007',
      '0123456789ag',
      'x0123456789ab',
      '0123456789abx',
      true,
    ),
    fc.constantFrom(65, 129, 257).map((length) => 'x'.repeat(length)),
    fc.constantFrom({}, { kind: 'caller' }, { kind: 'caller', id: 7 }, { kind: 'nobody', id: 'x' }),
    fc.constantFrom('caller', 'system').map((kind) => ({ kind, id: 'x', credential: 'jwt' })),
    fc.constant({ kind: 'caller', id: 'x', credential: 'key' }),
  );
  const field = fc.constantFrom(...Object.keys(usual), 'account', 'reason', 'object');
  let taken = 0;
  fc.assert(
    fc.property(fc.constantFrom(usual, refreshed), field, odd, (base, name, value) => {
      const entry = Object.assign({}, base, { [name]: value });
      if (entry.actor === undefined || entry.actor === null) return;
      const byHand = usualAuditEntry(entry);
      if (byHand === undefined) return;
      taken += 1;
      expect(JSON.parse(JSON.stringify(byHand))).toEqual(JSON.parse(JSON.stringify(auditEntrySchema.parse(entry))));
    }),
    { numRuns: 2_000 },
  );
  expect(taken).toBeGreaterThan(10);
});
