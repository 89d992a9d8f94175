/** Stored records: they come back whole, stay small, outlive versions, and no two share a name. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  accountLabelSchema,
  ownerKeyOf,
  providerIdSchema,
  tenantIdSchema,
  userIdSchema,
} from '../../src/core/identifiers.js';
import { Secret } from '../../src/core/secret.js';
import {
  connectionFieldOf,
  dueMemberOf,
  expiringKeyOf,
  fieldKind,
  grantFieldOf,
  splitDueMember,
} from '../../src/store/field-names.js';
import { packText, unpackText } from '../../src/store/packed-text.js';
import {
  formatConnection,
  formatExpiring,
  formatGrant,
  formatIntent,
  parseConnection,
  parseExpiring,
  parseGrant,
  parseIntent,
} from '../../src/store/records.js';
import { aConnection, aFullConnection, aGrant, anIntent, anOwner, keyring, revealed, t0 } from './samples.js';

const json = (bytes: Buffer) => JSON.parse(unpackText(bytes));
const bytes = (value: unknown) => Buffer.from(JSON.stringify(value));

describe('a packed text', () => {
  it('comes back whole, whatever stands in it', () => {
    const run = fc.string({ unit: fc.constantFrom(...'AZaz09_-'), minLength: 20, maxLength: 60 });
    const text = fc.array(fc.oneof(fc.string({ unit: 'grapheme' }), run)).map((parts) => parts.join(''));
    fc.assert(
      fc.property(text, (value) => {
        expect(unpackText(packText(value))).toBe(value);
      }),
    );
    const runs = [23, 24, 25, 26, 27, 65_531, 65_532, 65_533, 200_000].map((length) => 'x'.repeat(length));
    for (const odd of [...runs, ' .+/=é\0'.repeat(40)]) expect(unpackText(packText(odd))).toBe(odd);
  });

  it('is as long as the lengths of its runs say, whatever they spell: nothing is told by the size', () => {
    const lengthOf = (token: string) => packText(JSON.stringify(['name', token, 'gho_'.repeat(10)])).length;
    expect(lengthOf('gho_'.repeat(10))).toBe(lengthOf('Zx9-'.repeat(10)));
    expect(lengthOf('A'.repeat(40))).toBe(lengthOf('Zx9-'.repeat(10)));
    expect(packText('Zx9_'.repeat(100)).length).toBeLessThan(305);
    expect([23, 24, 25].map((length) => packText('x'.repeat(length)).length)).toEqual([24, 22, 25]);
  });

  it('that is cut short is unreadable', () => {
    const record = formatConnection(aConnection(anOwner()));
    for (const length of [1, record.indexOf(0xff) + 1, record.indexOf(0xff) + 5, record.length - 1]) {
      const cut = () => parseConnection(record.subarray(0, length));
      expect(cut).toThrow(expect.objectContaining({ code: 'stored_token_unreadable' }));
    }
  });
});

describe('a connection record', () => {
  it.each([
    ['with the usual values', aConnection(anOwner())],
    ['with every field', aFullConnection(anOwner())],
    ['of another tenant', aConnection(anOwner('acme'))],
    ['whose times fall together', { ...aConnection(anOwner()), connectedAt: t0, updatedAt: t0 }],
    ['without scope', { ...aConnection(anOwner()), requestedScope: [] }],
    ['of a host', { ...aConnection(anOwner()), proof: { mode: 'host' as const, provenAt: t0 } }],
  ])('comes back whole %s', (_, connection) => {
    expect(revealed(parseConnection(formatConnection(connection)))).toEqual(revealed(connection));
  });

  it('keeps an expiry at the very moment of connecting', () => {
    const base = aConnection(anOwner());
    const connection = { ...base, tokenSet: { ...base.tokenSet, expiresAt: base.connectedAt } };
    expect(parseConnection(formatConnection(connection)).tokenSet.expiresAt).toBe(base.connectedAt);
  });

  it('comes back whole for any tokens, names, scopes and times', () => {
    const time = fc.integer({ min: 0, max: 4_000_000_000_000 });
    const token = fc.string({ minLength: 1, unit: 'binary' });
    const base = aConnection(anOwner());
    fc.assert(
      fc.property(
        fc.record({ access: token, refresh: fc.option(token, { nil: undefined }), type: fc.string() }),
        fc.record({ obtainedAt: time, updatedAt: time, expiresAt: fc.option(time, { nil: undefined }) }),
        fc.record({
          granted: fc.array(fc.string()),
          asked: fc.array(fc.string()),
          name: fc.string({ maxLength: 200 }),
        }),
        ({ access, refresh, type }, { updatedAt, ...times }, { granted, asked, name }) => {
          const refreshToken = refresh === undefined ? {} : { refreshToken: new Secret(refresh) };
          const { expiresAt, obtainedAt } = times;
          const connection = {
            ...base,
            identity: { id: '1', name },
            updatedAt,
            requestedScope: asked,
            tokenSet: {
              accessToken: new Secret(access),
              tokenType: type,
              obtainedAt,
              scope: granted,
              ...refreshToken,
              ...(expiresAt === undefined ? {} : { expiresAt }),
            },
          };
          expect(revealed(parseConnection(formatConnection(connection)))).toEqual(revealed(connection));
        },
      ),
    );
  });

  it('of GitHub seals to less than 250 bytes', () => {
    const owner = { ...anOwner(), userId: userIdSchema.parse('slack:T02AB12CD:U02EF34GH') };
    expect(keyring('k1').seal(formatConnection(aConnection(owner)), '').length).toBeLessThan(250);
  });

  it('of a newer version opens: what is unknown is passed over', () => {
    const connection = aFullConnection(anOwner());
    const [version, tuple] = json(formatConnection(connection));
    const newer = bytes([version, [...tuple, { new: 'field' }, 7], 'and more']);
    expect(revealed(parseConnection(newer))).toEqual(revealed(connection));
  });

  it('of an older version opens: what is missing at its end is the usual', () => {
    const [version, tuple] = json(formatConnection(aFullConnection(anOwner())));
    const older = parseConnection(bytes([version, tuple.slice(0, 14)]));
    expect(older.state).toEqual({ kind: 'active' });
    expect(older.tokenSet.refreshToken).toBeUndefined();
  });

  it.each([
    ['of an unknown format number', [2, []]],
    ['that is no array', { connectionId: 'x' }],
    ['with a hole in it', [1, [null]]],
    [
      'with a proof mode that nobody knows',
      [1, Object.assign([...json(formatConnection(aConnection(anOwner())))[1]], { 13: [99, 0, 'c'] })],
    ],
  ])('%s is unreadable, not absent (F14)', (_, record) => {
    expect(() => parseConnection(bytes(record))).toThrow(expect.objectContaining({ code: 'stored_token_unreadable' }));
  });

  it('that is not JSON is unreadable, and its content is not repeated', () => {
    const broken = () => parseConnection(Buffer.from('gho_secret'));
    expect(broken).toThrow(expect.objectContaining({ code: 'stored_token_unreadable' }));
    expect(broken).not.toThrow(/gho_secret/);
  });
});

describe('other records', () => {
  it('come back whole', () => {
    const grant = aGrant(anOwner());
    expect(revealed(parseGrant(formatGrant(grant)))).toEqual(revealed(grant));
    const ended = { ...grant, ended: 'attempts_used_up' as const };
    expect(revealed(parseGrant(formatGrant(ended)))).toEqual(revealed(ended));

    const intent = { generation: t0 * 1_000, holder: 'h', startedAt: t0, deadline: t0 + 1, attempt: 1 };
    expect(parseIntent(formatIntent(intent))).toEqual(intent);

    const flow = { intent: anIntent(anOwner()), returnCode: new Secret('ABCD2345') };
    expect(revealed(parseExpiring('finished_flow', formatExpiring('finished_flow', flow)))).toEqual(revealed(flow));
  });

  it('that need a field they have not are unreadable', () => {
    expect(() => parseExpiring('connect', bytes([1, {}]))).toThrow(
      expect.objectContaining({ code: 'stored_token_unreadable' }),
    );
  });
});

describe('names in storage (S8)', () => {
  const hostile = fc.oneof(
    fc.string({ minLength: 1, maxLength: 20, unit: 'binary' }),
    fc.stringMatching(/^[:{}/\\*%ab0-9-]{1,6}$/),
    fc.constantFrom('__proto__', 'constructor', '../..', '{tag}', 'a:b', 'ａ', 'é', 'e\u0301', '*', '%2e%2e'),
  );
  const users = hostile.filter((text) => userIdSchema.safeParse(text).success);
  const tenants = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,5}$/);
  const owners = fc
    .tuple(tenants, users)
    .map(([tenant, userId]) => ({ tenant: tenantIdSchema.parse(tenant), userId: userIdSchema.parse(userId) }));

  it('never join two owners, whatever characters their parts have', () => {
    fc.assert(
      fc.property(owners, owners, (one, other) => {
        const same = one.tenant === other.tenant && one.userId === other.userId;
        expect(ownerKeyOf(one) === ownerKeyOf(other)).toBe(same);
        expect(ownerKeyOf(one)).toMatch(/^[A-Za-z0-9_-]{24}$/);
      }),
    );
    const split = (tenant: string, user: string) =>
      ownerKeyOf({ tenant: tenantIdSchema.parse(tenant), userId: userIdSchema.parse(user) });
    expect(split('a', 'b:c')).not.toBe(split('a.b', 'c'));
    expect(split('a', '1:b')).not.toBe(split('a1', ':b'));
  });

  it('never join two connections or grants of one owner', () => {
    const refs = fc
      .tuple(
        fc.stringMatching(/^[a-z0-9][a-z0-9_-]{0,4}$/),
        users.filter((label) => label.length <= 128),
      )
      .map(([provider, account]) => ({
        provider: providerIdSchema.parse(provider),
        account: accountLabelSchema.parse(account),
      }));
    fc.assert(
      fc.property(refs, refs, fc.stringMatching(/^[A-Za-z0-9_-]{1,20}$/), (one, other, connectId) => {
        const same = one.provider === other.provider && one.account === other.account;
        expect(connectionFieldOf(one) === connectionFieldOf(other)).toBe(same);
        expect(connectionFieldOf(one)).toMatch(/^c\/[a-z0-9_-]+(\/[A-Za-z0-9_-]{16})?$/);
        expect(grantFieldOf(connectId)).not.toBe(connectionFieldOf(one));
        expect([fieldKind(grantFieldOf(connectId)), fieldKind(connectionFieldOf(one))]).toEqual([
          'grant',
          'connection',
        ]);
      }),
    );
  });

  it('refuse a connect id that we did not make', () => {
    for (const id of ['', 'a/b', '../x', 'a\nb', '{x}', 'x'.repeat(129)]) {
      expect(() => grantFieldOf(id)).toThrow(TypeError);
    }
  });

  it('tell owner and field from a due member', () => {
    const owner = ownerKeyOf(anOwner());
    for (const field of ['c/github', 'c/g', 'c/github/0123456789abcdef', 'g/github', 'g/g', grantFieldOf('c1')]) {
      expect(splitDueMember(dueMemberOf(owner, field))).toEqual({ owner, field });
    }
    // Where Redis takes 32 bytes for it and not 48.
    expect(Buffer.from(dueMemberOf(owner, 'c/salesforce'), 'latin1').length).toBeLessThanOrEqual(30);
  });

  it('hold no secret: only its hash, under its purpose', () => {
    const key = expiringKeyOf('connect_link', 'the-secret');
    expect(key).toMatch(/^connect_link\/[A-Za-z0-9_-]{43}$/);
    expect(key).not.toBe(expiringKeyOf('account_link', 'the-secret'));
  });
});
