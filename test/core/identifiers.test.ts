/** What may be an identifier, and that no two owners share a storage key (threats S8, A3). */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  accountLabelSchema,
  defaultAccount,
  defaultTenant,
  isPlainUserId,
  isProviderId,
  type Owner,
  ownerKeyOf,
  providerIdSchema,
  tenantIdSchema,
  userIdSchema,
} from '../../src/core/identifiers.js';

const prototypeNames = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'valueOf'];
const notText = [undefined, null, 0, 42, true, [], ['a'], {}, { toString: () => 'a' }];
const controls = [...range(0x00, 0x1f), ...range(0x7f, 0x9f), 0x2028, 0x2029].map((code) => String.fromCharCode(code));
const loneSurrogates = ['\ud83d', '\udd11', '\udd11\ud83d', '\ud83dx', 'x\udfff'];

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

const ownerOf = (tenant: string, userId: string): Owner => ({
  tenant: tenantIdSchema.parse(tenant),
  userId: userIdSchema.parse(userId),
});

describe.each([
  ['user id', userIdSchema, 256],
  ['account label', accountLabelSchema, 128],
] as const)('%s', (_, schema, most) => {
  const accepts = (value: unknown) => schema.safeParse(value).success;

  it('has 1 character at least and its limit at most', () => {
    expect([0, 1, most, most + 1].map((length) => accepts('u'.repeat(length)))).toEqual([false, true, true, false]);
  });

  it('is kept as it is: no trimming, no change of case or of normal form', () => {
    for (const text of [' a ', 'Ä', 'A\u0308', 'ÄÖ', '\u{1f511}', 'slack:T1:U2', 'a@b.example', '{a}/../%00?#&=']) {
      expect(schema.parse(text)).toBe(text);
    }
  });

  it.each(prototypeNames)('may be %s, which is a text like any other', (name) => {
    expect(schema.parse(name)).toBe(name);
  });

  it('refuses every control character, wherever it stands', () => {
    const accepted = controls.filter((control) =>
      [control, `${control}a`, `a${control}b`, `a${control}`].some((text) => accepts(text)),
    );
    expect(accepted).toEqual([]);
  });

  it('refuses lone surrogates, which no encoding keeps apart', () => {
    expect(loneSurrogates.filter(accepts)).toEqual([]);
  });

  it('refuses what is no text', () => {
    expect(notText.filter(accepts)).toEqual([]);
  });
});

describe('provider id', () => {
  const accepts = (value: unknown) => providerIdSchema.safeParse(value).success;

  it.each(['github', 'my-idp_2', '0', 'constructor', 'a'.repeat(64)])('may be %s', (id) => {
    expect(providerIdSchema.parse(id)).toBe(id);
  });

  it('is nothing else, so that it can stand in paths, keys and names of variables', () => {
    const refused = [
      ...['', 'a'.repeat(65), 'GitHub', '__proto__', '-a', '_a', '.', '..', '../github', 'a/b', 'a\\b', 'a.b', 'a b'],
      ...['github\n', '\ngithub', 'github\0', 'github%00', 'git:hub', '{github}', 'github?', 'github#', '\u0261ithub'],
      ...['\uff47ithub', 'g\u0131thub', 'github\u200b', '\u212a'],
      ...notText,
    ];
    expect(refused.filter(accepts)).toEqual([]);
  });
});

describe('tenant id', () => {
  const accepts = (value: unknown) => tenantIdSchema.safeParse(value).success;

  it.each(['default', 'Acme.EU_1-a', '0', 'constructor', 'a'.repeat(64)])('may be %s', (id) => {
    expect(tenantIdSchema.parse(id)).toBe(id);
  });

  it('is nothing else', () => {
    const refused = [
      ...[
        '',
        'a'.repeat(65),
        '__proto__',
        '.',
        '..',
        '-a',
        '_a',
        'a/b',
        'a:b',
        'a b',
        'a{b}',
        'acme\n',
        'acmé',
        'a%2f',
      ],
      ...notText,
    ];
    expect(refused.filter(accepts)).toEqual([]);
  });
});

describe('defaults', () => {
  it('are the word default', () => {
    expect([defaultTenant, defaultAccount]).toEqual(['default', 'default']);
  });
});

describe('ownerKeyOf', () => {
  const tenant = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,11}$/);
  const userId = fc
    .oneof(
      fc.string({ minLength: 1, maxLength: 40 }),
      fc.array(fc.constantFrom(':', '{', '}', '/', '1', '2', '10', 'a', 'é', '\u{1f511}', '%', '\\'), {
        minLength: 1,
        maxLength: 8,
      }),
    )
    .map((text) => (typeof text === 'string' ? text : text.join('')))
    .filter((text) => userIdSchema.safeParse(text).success);
  const owner = fc.tuple(tenant, userId).map(([name, user]) => ownerOf(name, user));

  it('is 24 characters of base64url, and the same for the same owner', () => {
    fc.assert(
      fc.property(owner, (who) => {
        expect(ownerKeyOf(who)).toMatch(/^[A-Za-z0-9_-]{24}$/);
        expect(ownerKeyOf({ ...who })).toBe(ownerKeyOf(who));
      }),
    );
  });

  it('is shared by no two owners', () => {
    fc.assert(
      fc.property(owner, owner, (one, other) => {
        const same = one.tenant === other.tenant && one.userId === other.userId;
        expect(ownerKeyOf(one) === ownerKeyOf(other)).toBe(same);
      }),
    );
  });

  it('is another for every place at which one text is cut into tenant and user', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Za-z0-9._-]{2,40}$/), (tail) => {
        const text = `t${tail}`;
        const keys = Array.from({ length: text.length - 1 }, (_, index) =>
          ownerKeyOf(ownerOf(text.slice(0, index + 1), text.slice(index + 1))),
        );
        expect(new Set(keys).size).toBe(keys.length);
      }),
    );
  });

  it.each<[string, [string, string], [string, string]]>([
    ['the same user of two tenants', ['a', 'u'], ['b', 'u']],
    ['a user id that imitates a length', ['a', '1:b'], ['a1', ':b']],
    ['a user id that imitates tenant and user', ['a', 'b2:cd'], ['a', 'b']],
    ['two normal forms of one letter', ['a', '\u00e9'], ['a', 'e\u0301']],
    ['two cases', ['a', 'U'], ['a', 'u']],
    ['a blank more', ['a', 'u'], ['a', 'u ']],
    ['full-width digits', ['a', '1'], ['a', '１']],
  ])('differs for %s', (_, one, other) => {
    expect(ownerKeyOf(ownerOf(...one))).not.toBe(ownerKeyOf(ownerOf(...other)));
  });
});

it.each([
  [userIdSchema, 'a\n', 'must not contain control characters'],
  [accountLabelSchema, '\ud83d', 'must be well-formed Unicode'],
  [tenantIdSchema, '../x', 'must be 1-64 characters of A-Z a-z 0-9 . _ -'],
  [providerIdSchema, 'A', 'must be 1-64 characters of a-z 0-9 _ -'],
])('a refusal says what would be right', (schema, text, words) => {
  expect(schema.safeParse(text).error?.issues.map(({ message }) => message)).toEqual([words]);
});

describe('the short ways', () => {
  it('take what identifiers mostly are', () => {
    for (const value of ['slack:T1:U2', 'ada@example.com', 'u'.repeat(256)]) expect(isPlainUserId(value)).toBe(true);
  });

  it('take no text that the schemas refuse', () => {
    const text = fc.oneof(fc.string({ maxLength: 300 }), fc.string({ unit: 'binary', maxLength: 300 }));
    fc.assert(
      fc.property(text, (value) => {
        if (isPlainUserId(value)) expect(userIdSchema.safeParse(value).success).toBe(true);
        expect(isProviderId(value)).toBe(providerIdSchema.safeParse(value).success);
      }),
    );
    for (const value of [...notText, ...controls.map((one) => `a${one}`), '', 'u'.repeat(257)]) {
      expect([isPlainUserId(value), isProviderId(value)]).toEqual([false, false]);
    }
  });
});
