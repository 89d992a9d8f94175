/** Where a browser may be sent on to: the corpus of an open redirect (threats L16). */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvalidRequest } from '../../src/core/errors.js';
import { parseReturnTo } from '../../src/core/return-to.js';
import { expectRows } from '../hostile/surface.js';

const allowed = ['https://app.example', 'https://dev.example:8443', 'http://localhost:5173'];
const own = 'https://own.example';

/** What is refused gives `undefined`; every other error is a fault of ours. */
function accepted(text: string, origins: readonly string[] = allowed): string | undefined {
  try {
    return parseReturnTo(text, origins);
  } catch (error) {
    if (error instanceof InvalidRequest && error.field === 'return_to') return undefined;
    throw error;
  }
}

describe('return_to is accepted', () => {
  it.each([
    ['/', '/'],
    ['/connections', '/connections'],
    ['/a/b?c=d&e=f#g', '/a/b?c=d&e=f#g'],
    ['/a//b', '/a//b'],
    ['/a/../b', '/b'],
    ['/../../b', '/b'],
    ['/@evil.example', '/@evil.example'],
    ['/evil.example', '/evil.example'],
    ['/https://evil.example', '/https://evil.example'],
    ['/%2f%2fevil.example', '/%2f%2fevil.example'],
    ['/%5cevil.example', '/%5cevil.example'],
    ['/?next=//evil.example', '/?next=//evil.example'],
    ['/#//evil.example', '/#//evil.example'],
    ['/javascript:alert(1)', '/javascript:alert(1)'],
    ['/%09/evil.example', '/%09/evil.example'],
    ['https://app.example', 'https://app.example/'],
    ['https://app.example/a?b#c', 'https://app.example/a?b#c'],
    ['https://APP.EXAMPLE/', 'https://app.example/'],
    ['HTTPS://app.example/', 'https://app.example/'],
    ['https://app.example:443/', 'https://app.example/'],
    ['https:app.example/', 'https://app.example/'],
    ['https:///app.example/', 'https://app.example/'],
    ['https://app.example//evil.example', 'https://app.example//evil.example'],
    ['https://app.example/@evil.example', 'https://app.example/@evil.example'],
    ['https://app.example?@evil.example', 'https://app.example/?@evil.example'],
    ['https://%61pp.example/', 'https://app.example/'],
    ['https://dev.example:8443/x', 'https://dev.example:8443/x'],
    ['http://localhost:5173/x', 'http://localhost:5173/x'],
  ])('as a local path or a URL of an allowed origin: %j', (text, expected) => {
    expect(accepted(text)).toBe(expected);
  });

  it('up to 2048 characters', () => {
    expect([2_048, 2_049].map((length) => accepted(`/${'a'.repeat(length - 1)}`) !== undefined)).toEqual([true, false]);
  });
});

/** Texts without blanks, written one after the other; a backslash is one. */
const texts = (list: string) => list.trim().split(/\s+/);

const slashes = texts(`
  // //evil.example ///evil.example ////evil.example //evil.example/.. //user@evil.example
  /..//evil.example /.//evil.example /a/..//evil.example /a/../..//evil.example /./..//evil.example
  /%2e//evil.example /%2e%2e//evil.example /.%2e//evil.example /%2E%2e//evil.example /a/%2e%2e//b
`);
const backslashes = texts(String.raw`
  \evil.example \\evil.example \/evil.example /\evil.example /\\evil.example /\/evil.example //\evil.example
  /a\..\..\evil.example /..\/evil.example /.\/evil.example https:\\app.example https:/\evil.example
  https://app.example\@evil.example https://evil.example\@app.example
`);
const blanks = [
  ...['/\t/evil.example', '/\n/evil.example', '/\r/evil.example', '\t//evil.example', ' //evil.example', '/ /b'],
  ...['//evil.example ', '/\u00a0/b', '/\u2028/b', '/\0/b', 'https://app.example/\r\nX: y', '\v/a', '\ufeff/a', '/a b'],
  ...['java\tscript:alert(1)', ' https://app.example', '/a\u007f', '/a\r\nSet-Cookie: b=c'],
];
const schemes = texts(`
  javascript:alert(1) JaVaScRiPt:alert(1) javascript://app.example/%0aalert(1) data:text/html,x vbscript:x
  file:///etc/passwd ftp://app.example/ ws://app.example/ http://app.example/ about:blank mailto:a@app.example
  blob:https://app.example/0b1c blob:https://app.example filesystem:https://app.example/temporary/x
  view-source:https://app.example/ app.example://x intent://app.example#x https https: https:/ https:// : ://app.example
`);
const userinfo = texts(`
  https://user@app.example/ https://user:pass@app.example/ https://:pass@app.example/ https://app.example@evil.example/
  https://app.example:443@evil.example/ https://app.example%40evil.example/ https://app.example%2f@evil.example/
  https://evil.example#@app.example https://evil.example?@app.example
`);
const hosts = texts(`
  https://evil.example https://app.example.evil.example https://evilapp.example https://app.example. https://a
  https://sub.app.example https://app.example:8443 https://app.example:80 https://app.example:0 https://app.example:x
  https://dev.example https://app.exampl https://app-example https://127.0.0.1 https://[::1] https://2130706433
  http://localhost http://localhost:5174 https://localhost:5173
`);
const homoglyphs = [
  ...['https://\u0430pp.example', 'https://app\u3002example', 'https://app\uff0eexample', 'https://\uff41pp.example'],
  ...['https://app.example\uff0fx', '\uff0f\uff0fevil.example', '/\uff0fevil.example', '/\uff3cevil.example'],
  ...['\u2215evil.example', '\u2044\u2044evil.example', '/\u200b/b', 'https://app.example\u202e', '/\u00e4', '/\ud83d'],
  ...['https://xn--pp-6kc.example', 'https://app.example/\u00df'],
];
const notAddresses = ['', ...texts('connections ./a ../a app.example app.example/a ?a #a . .. %2f %2f%2fevil.example')];

const families = { slashes, backslashes, blanks, schemes, userinfo, hosts, homoglyphs, notAddresses };
const refused = Object.entries(families).flatMap(([family, list]) => list.map((text) => [family, text] as const));

describe('return_to is refused', () => {
  expectRows('return_to', refused);

  it.each(refused)('for its %s: %j (threats L16)', (_, text) => {
    expect(accepted(text)).toBeUndefined();
  });

  it('for every absolute URL when no origin is allowed, our own included', () => {
    expect([own, 'https://app.example/', 'null', 'javascript:0', 'data:,'].map((text) => accepted(text, []))).toEqual([
      ...Array.from({ length: 5 }, () => undefined),
    ]);
    expect(accepted('/connections', [])).toBe('/connections');
  });

  it('for a scheme without an origin even when "null" stands among the origins', () => {
    expect(['javascript:alert(1)', 'data:text/html,x', 'file:///x'].map((text) => accepted(text, ['null']))).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('naming the field and the setting, without repeating what was asked for', () => {
    const attempt = () => parseReturnTo('https://canary.example/secret', allowed);
    expect(attempt).toThrow(expect.not.objectContaining({ message: expect.stringContaining('canary') }));
    expect(attempt).toThrow(/^return_to: must be .* \(RETURN_TO_ORIGINS\)$/);
  });
});

describe('whatever is accepted', () => {
  const piece = fc.constantFrom(
    ...[
      '/',
      '//',
      '\\',
      '.',
      '..',
      '/..',
      '%2e',
      '%2f',
      '%5c',
      '%09',
      '\t',
      '\n',
      ' ',
      '@',
      ':',
      ':443',
      '?',
      '#',
      ';',
    ],
    ...['https:', 'http:', 'blob:', 'javascript:', 'data:', 'file:', 'app.example', 'evil.example', 'own.example'],
    ...[
      '[::1]',
      '127.1',
      '0x7f',
      'localhost:5173',
      'a',
      '{',
      '|',
      '^',
      '`',
      '＠',
      '。',
      '／',
      '\u200b',
      '\u202e',
      '\0',
    ],
  );
  const address = fc
    .tuple(
      fc.constantFrom('', '/', 'https://', 'https://app.example', 'http://localhost:5173', 'blob:https://app.example/'),
      fc.array(piece, { maxLength: 7 }),
    )
    .map(([start, pieces]) => start + pieces.join(''));

  it('leads, seen from our page, to our origin or to an allowed one, and over the scheme of that origin', () => {
    let seen = 0;
    fc.assert(
      fc.property(address, (text) => {
        const result = accepted(text);
        if (result === undefined) return;
        seen += 1;
        const url = new URL(result, own);
        expect([own, ...allowed]).toContain(`${url.protocol}//${url.host}`);
        expect(`${url.username}${url.password}`).toBe('');
        expect(accepted(result)).toBe(result);
      }),
      { numRuns: 3_000 },
    );
    expect(seen).toBeGreaterThan(300);
  });
});
