/** user_identity: opaque ids of any characters, each of them somebody else, none of them a way to somebody else's records. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AttackedService, asJson, attack, bearer, keys, openAttacked, shoot } from './attacked-service.js';
import { expectRows } from './surface.js';

let service: AttackedService;
beforeAll(async () => {
  service = await openAttacked();
});
afterAll(() => service.close());

/** Different people, however alike they look: no two may share a record. */
const people: Record<string, readonly string[]> = {
  'of JavaScript': [
    '__proto__',
    'constructor',
    'prototype',
    'toString',
    'hasOwnProperty',
    'null',
    'undefined',
    'NaN',
    '0',
    '-0',
    'true',
    '[object Object]',
  ],
  'with delimiters': [
    'a:b',
    'a.b',
    'a/b',
    'a|b',
    'a,b',
    'a;b',
    'a b',
    'a+b',
    'a%2fb',
    'a%252fb',
    'a\\b',
    'a#b',
    'a?b',
    'a&b=c',
    'a@b',
    'a~b',
    "a'b",
    'a"b',
    'a`b',
  ],
  'with store words': [
    '{a}',
    '{}',
    '}{',
    '{a',
    'a}',
    '*',
    '?',
    '[a-z]',
    'a:{b}:c',
    'valetkey:*',
    'KEYS *',
    '$(id)',
    '{{a}}',
    '<%= a %>',
    "' OR 1=1 --",
    '../a',
    '../../etc/passwd',
    '..',
    '.',
    'a/..',
  ],
  'that look alike': [
    'alice',
    'Alice',
    'ALICE',
    'al\u0131ce',
    '\u0430lice',
    '\uff41lice',
    'alice ',
    ' alice',
    'a\u200blice',
    'alice\u200d',
    '\ufeffalice',
    '\u202ealice',
    'ali\u0301ce',
    'al\u00ed\u0063e',
    'stra\u00dfe',
    'strasse',
    '\u{1f600}',
    '\u{1f600}\ufe0f',
    '\u{1f468}\u200d\u{1f469}',
  ],
  long: ['x'.repeat(255), 'x'.repeat(256), `${'x'.repeat(255)}y`, '\u{1f600}'.repeat(256)],
};
const everybody = Object.values(people).flat();

/** As it stands in the path. */
const malformed: readonly string[] = [
  '%00',
  'a%00',
  'a%0a',
  'a%0d%0aX-Evil:%20b',
  '%09',
  '%1b%5b2J',
  '%7f',
  '%c2%80',
  '%c2%9f',
  '%e2%80%a8',
  '%e2%80%a9',
  '%ff',
  '%c0%af',
  '%c0%80',
  '%ed%a0%80',
  '%ed%a0%80%ed%b0%80',
  '%f5%80%80%80',
  '%e2%28%a1',
  '%zz',
  '%',
  'a%',
  '%u0041',
  'x'.repeat(257),
  '%F0%9F%98%80'.repeat(257),
  'x'.repeat(4096),
];

const path = (user: string, rest: string) => `/v1/users/${user}${rest}`;
// Not `encodeURIComponent` alone: a path of dots must arrive as it is.
const encode = (user: string) => encodeURIComponent(user).replace(/\./g, '%2e');

describe('user ids', () => {
  expectRows('user_identity', everybody, malformed);

  it('of any characters are kept apart: each has its own token and no other (S8)', async () => {
    for (const [at, user] of everybody.entries()) {
      await service.manager.storeToken(user, { provider: 'scripted', accessToken: `token-of-${at}` });
    }
    for (const [at, user] of everybody.entries()) {
      const seen = await shoot(service, { path: path(encode(user), '/tokens/scripted'), headers: bearer(keys.bot) });
      expect([user, seen.status, JSON.parse(seen.text).access_token]).toEqual([user, 200, `token-of-${at}`]);
    }
  });

  it.each(Object.entries(people))(
    '%s are nobody in another tenant, also where it could erase them (A3)',
    async (_family, list) => {
      for (const user of list) {
        await service.manager.storeToken(user, { provider: 'scripted', accessToken: `kept-${list.indexOf(user)}` });
        const headers = bearer(keys.foreign);
        await attack(
          service,
          { path: path(encode(user), '/tokens/scripted'), headers },
          { status: 409, code: 'not_connected' },
        );
        await attack(service, { method: 'DELETE', path: path(encode(user), ''), headers }, { status: 200 });
        expect(await service.manager.hasToken(user, 'scripted')).toBe(true);
      }
    },
  );

  it.each(Object.entries(people))('%s are erased alone', async (_family, list) => {
    for (const user of everybody) await service.manager.storeToken(user, { provider: 'scripted', accessToken: 'at' });
    for (const user of list) {
      await attack(
        service,
        { method: 'DELETE', path: path(encode(user), ''), headers: bearer(keys.bot) },
        { status: 200 },
      );
    }
    const left = [];
    for (const user of everybody) if (await service.manager.hasToken(user, 'scripted')) left.push(user);
    expect(left).toEqual(everybody.filter((user) => !list.includes(user)));
  });

  it.each(malformed.map((user) => ({ user, short: user.slice(0, 40) })))(
    'that cannot be are refused on every route: $short',
    async ({ user }) => {
      const headers = { ...bearer(keys.bot), ...asJson };
      const expected = { status: 400, code: 'invalid_request', marks: user.length > 20 ? [user] : ['X-Evil'] };
      const shots = [
        ['GET', '/tokens/scripted'],
        ['GET', '/connections'],
        ['DELETE', '/connections/scripted'],
        ['DELETE', ''],
        ['POST', '/connect/scripted'],
        ['POST', '/account-link'],
      ] as const;
      for (const [method, rest] of shots) {
        const body = method === 'POST' ? '{}' : undefined;
        const seen = await attack(
          service,
          { method, path: path(user, rest), headers, ...(body && { body }) },
          expected,
        );
        expect(seen.field).toBe('user');
      }
    },
  );

  it.each([
    ['a number', 7],
    ['a list', ['a']],
    ['an object', { id: 'a' }],
    ['null', null],
    ['true', true],
    ['empty', ''],
    ['a control character', 'a\u0000'],
    ['half a surrogate pair', '\ud83d'],
    ['257 characters', 'x'.repeat(257)],
    ['an object with __proto__', JSON.parse('{"__proto__":"a"}')],
  ])('in a body are refused when they are %s', async (_what, user) => {
    const shot = { method: 'POST', path: '/v1/connects/cn_x/verify', headers: { ...bearer(keys.bot), ...asJson } };
    const seen = await attack(
      service,
      { ...shot, body: JSON.stringify({ user }) },
      { status: 400, code: 'invalid_request' },
    );
    expect(seen.field ?? 'body').toMatch(/^(user|body)$/);
  });
});
