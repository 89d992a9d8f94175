/** Scope as a set: the laws that its functions keep (RFC 6749 3.3). */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  coversScope,
  formatScope,
  isScopeToken,
  missingScope,
  parseScope,
  type Scope,
  unionScope,
} from '../../src/core/scope.js';

/** RFC 6749 3.3: scope-token = 1*( %x21 / %x23-5B / %x5D-7E ); without the comma, which some providers separate by. */
const token = fc.stringMatching(/^[\x21\x23-\x2b\x2d-\x5b\x5d-\x7e]{1,12}$/);
/** Few tokens, so that sets overlap; the names of `Object.prototype` among them. */
const common = fc.constantFrom('read', 'write', 'repo', 'repo:status', 'constructor', '__proto__', 'hasOwnProperty');
const scope: fc.Arbitrary<Scope> = fc.array(fc.oneof(common, token), { maxLength: 8 });

/** Any text at all, lone surrogates and control characters included. */
const anyText = fc
  .array(fc.oneof(fc.constantFrom(' ', ',', 'a', '\t', '\u2028'), fc.integer({ min: 0, max: 0xffff })), {
    maxLength: 12,
  })
  .map((units) => units.map((unit) => (typeof unit === 'number' ? String.fromCharCode(unit) : unit)).join(''));

const sorted = (tokens: Scope) => [...tokens].sort();

describe('parseScope', () => {
  it.each<[string, string | readonly string[], Scope]>([
    ['separated by space (RFC 6749 3.3)', 'write read', ['read', 'write']],
    ['separated by comma (GitHub, Slack, Shopify)', 'repo,gist', ['gist', 'repo']],
    ['separated by comma and space', 'repo, gist', ['gist', 'repo']],
    ['as an array (Twitch)', ['user:read', 'chat:read'], ['chat:read', 'user:read']],
    ['with duplicates', 'a b a', ['a', 'b']],
    ['with blanks of every kind around it', ' \t a \n\r  b ', ['a', 'b']],
    ['that is empty', '', []],
    ['of separators only', ' , ,, ', []],
    ['of no or empty entries', ['', 'a', ''], ['a']],
    ['that differ in case, which counts', 'Read read', ['Read', 'read']],
    ['of URLs', 'https://b.example/x https://a.example/y', ['https://a.example/y', 'https://b.example/x']],
  ])('reads a scope %s', (_, value, expected) => {
    expect(parseScope(value)).toEqual(expected);
  });

  it('gives a sorted set without duplicates and empty tokens, whatever comes in', () => {
    fc.assert(
      fc.property(fc.oneof(anyText, fc.array(anyText), scope), (value) => {
        const parsed = parseScope(value);
        expect(parsed).toEqual(sorted(parsed));
        expect(new Set(parsed).size).toBe(parsed.length);
        expect(parsed).not.toContain('');
      }),
    );
  });

  it('changes nothing about what it has read once', () => {
    fc.assert(
      fc.property(fc.oneof(anyText, scope), (value) => {
        const parsed = parseScope(value);
        expect(parseScope(parsed)).toEqual(parsed);
        if (typeof value === 'string') expect(parseScope(formatScope(parsed))).toEqual(parsed);
      }),
    );
  });

  it.each([' ', ','])('reads what formatScope wrote with the separator "%s"', (separator) => {
    fc.assert(
      fc.property(scope, (tokens) => {
        expect(parseScope(formatScope(tokens, separator))).toEqual(sorted([...new Set(tokens)]));
      }),
    );
  });
});

describe('formatScope', () => {
  it('separates by a space unless told otherwise (RFC 6749 3.3)', () => {
    expect(formatScope(['b', 'a'])).toBe('b a');
    expect(formatScope(['b', 'a'], ',')).toBe('b,a');
    expect(formatScope([])).toBe('');
  });
});

describe('unionScope', () => {
  it('is commutative, associative and idempotent, and nothing adds nothing', () => {
    fc.assert(
      fc.property(scope, scope, scope, (a, b, c) => {
        expect(unionScope(a, b)).toEqual(unionScope(b, a));
        expect(unionScope(unionScope(a, b), c)).toEqual(unionScope(a, unionScope(b, c)));
        expect(unionScope(a, a)).toEqual(unionScope(a));
        expect(unionScope(a, [])).toEqual(unionScope(a));
      }),
    );
  });

  it('holds every token of every set once, sorted, and no other', () => {
    fc.assert(
      fc.property(scope, scope, (a, b) => {
        expect(unionScope(a, b)).toEqual(sorted([...new Set([...a, ...b])]));
      }),
    );
  });
});

describe('missingScope and coversScope', () => {
  it('name what was wanted and not granted, in the order of the wish', () => {
    expect(missingScope(['b'], ['c', 'b', 'a'])).toEqual(['c', 'a']);
    expect(missingScope([], ['__proto__', 'constructor'])).toEqual(['__proto__', 'constructor']);
  });

  it('agree: covered is what misses nothing, and adding what is missing covers', () => {
    fc.assert(
      fc.property(scope, scope, (granted, wanted) => {
        const missing = missingScope(granted, wanted);
        expect(coversScope(granted, wanted)).toBe(missing.length === 0);
        expect(missing.every((each) => wanted.includes(each) && !granted.includes(each))).toBe(true);
        expect(coversScope(unionScope(granted, missing), wanted)).toBe(true);
      }),
    );
  });

  it('order scopes: a scope covers itself and nothing, a union its parts, and cover reaches through', () => {
    fc.assert(
      fc.property(scope, scope, scope, (a, b, c) => {
        expect(coversScope(a, a)).toBe(true);
        expect(coversScope(a, [])).toBe(true);
        expect(coversScope(unionScope(a, b), a) && coversScope(unionScope(a, b), b)).toBe(true);
        if (coversScope(a, b) && coversScope(b, c)) expect(coversScope(a, c)).toBe(true);
      }),
    );
  });

  it('do not take a token for its prefix or for another case (RFC 6749 3.3)', () => {
    expect(coversScope(['repo'], ['repo:status'])).toBe(false);
    expect(coversScope(['repo:status'], ['repo'])).toBe(false);
    expect(coversScope(['Repo'], ['repo'])).toBe(false);
  });
});

describe('isScopeToken', () => {
  it('is true of exactly the characters of RFC 6749 3.3', () => {
    for (let code = 0; code <= 0x17f; code += 1) {
      const allowed = code > 0x20 && code < 0x7f && code !== 0x22 && code !== 0x5c;
      expect([code, isScopeToken(`a${String.fromCharCode(code)}b`)]).toEqual([code, allowed]);
    }
  });

  it.each([[''], [' '], ['a b'], ['a\n'], ['\na'], ['a"'], ['a\\'], ['é'], ['\u{1f511}']])('is false of %j', (text) => {
    expect(isScopeToken(text)).toBe(false);
  });
});
