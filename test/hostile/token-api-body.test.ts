/**
 * token_api_body over HTTP: what no body may be, in bytes. The rows by field, kind and content type stand in
 * test/routes/malformed-requests.test.ts; here are encodings, nesting, and the bodies of exchange and MCP.
 */

import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AttackedService, asJson, attack, bearer, canary, keys, openAttacked, shoot } from './attacked-service.js';
import { expectRows } from './surface.js';

let service: AttackedService;
beforeAll(async () => {
  service = await openAttacked();
});
afterAll(() => service.close());

const deep = (open: string, close: string, depth: number) => open.repeat(depth) + close.repeat(depth);
const large = (bytes: number) => `{"scopes":["${'a'.repeat(bytes)}"]}`;
const utf16 = (text: string) => Buffer.from(`\ufeff${text}`, 'utf16le');
const utf8 = (...bytes: number[]) =>
  Buffer.concat([Buffer.from('{"account":"'), Buffer.from(bytes), Buffer.from('"}')]);

const connect = '/v1/users/u1/connect/scripted';
const bad = { status: 400, code: 'invalid_request' };

/** To `connect`, whose fields are all optional: what is refused is the form, not something missing. */
const forms: readonly [title: string, body: string | Buffer, expected?: { status: number; code?: string }][] = [
  ['a bare word', canary],
  ['single quotes', `{'account':'${canary}'}`],
  ['a name without quotes', `{account:"${canary}"}`],
  ['a comma at the end', '{"account":"a",}'],
  ['a comment', '{/* x */"account":"a"}'],
  ['a line comment', '{"account":"a"} // x'],
  ['two values', '{}{}'],
  ['JSON lines', '{}\n{}'],
  ['text after it', `{} ${canary}`],
  ['NaN', '{"account":NaN}'],
  ['Infinity', '{"account":Infinity}'],
  ['a hexadecimal number', '{"account":0x41}'],
  ['a leading zero', '{"account":01}'],
  ['a plus sign', '{"account":+1}'],
  ['undefined', '{"account":undefined}'],
  ['a function', '{"account":function(){}}'],
  ['a control character in text', '{"account":"a\u0001b"}'],
  ['a line break in text', '{"account":"a\nb"}'],
  ['a broken escape', '{"account":"\\x41"}'],
  ['a broken Unicode escape', '{"account":"\\u12"}'],
  ['text without its end', '{"account":"a'],
  ['an object without its end', '{"metadata":{"a":"b"}'],
  ['JSONP', `callback({"account":"${canary}"})`],
  ['a prefix against hijacking', `)]}',\n{"account":"a"}`],
  ['XML', `<account>${canary}</account>`],
  ['YAML', `account: ${canary}`],
  ['a form', `account=${canary}&scopes=a`],
  ['NULs', '\0\0\0\0'],
  ['blanks only', '   \r\n\t '],
  ['UTF-16', utf16('{"account":"a"}')],
  ['gzip, undeclared', gzipSync('{"account":"a"}')],
  ['lists in 20 000 levels', deep('[', ']', 20_000)],
  ['objects in 8000 levels', `${'{"a":'.repeat(8000)}1${'}'.repeat(8000)}`],
  ['an open list of 30 000', '['.repeat(30_000)],
  ['a number of 60 000 digits', `{"account":${'9'.repeat(60_000)}}`],
  ['__proto__', `{"__proto__":{"account":"${canary}"}}`],
  ['__proto__ by escapes', `{"\\u005f\\u005fproto__":{"account":"${canary}"}}`],
  ['constructor.prototype', `{"constructor":{"prototype":{"account":"${canary}"}}}`],
  ['__proto__ one level down', `{"metadata":{"__proto__":{"a":"${canary}"}}}`],
  ['a field nobody knows', `{"${canary}":1}`],
  ['a field in upper case', '{"Account":"a"}'],
  ['a field with a blank', '{" account":"a"}'],
  ['a field with a NUL', '{"account\\u0000":"a"}'],
  ['the tenant', `{"tenant":"${canary}"}`],
  ['the user', '{"user":"u2"}'],
  ['the role', '{"role":"admin"}'],
  ['a connect id', '{"connect_id":"cn_x"}'],
  ['the redirect URI', '{"redirect_uri":"https://evil.example/"}'],
  ['the state', '{"state":"x"}'],
  ['half a surrogate pair by escape', '{"account":"\\ud800"}'],
  ['a control character by escape', '{"account":"\\u0000"}'],
  ['an account that is a list', '{"account":["a"]}'],
  ['an account that is an object', '{"account":{"$ne":null}}'],
  ['scopes with a line break', `{"scopes":["a\\r\\n${canary}"]}`],
  ['scopes with a quote', `{"scopes":["a\\"${canary}"]}`],
  ['scopes inside scopes', '{"scopes":[["a"]]}'],
  [
    '20 metadata and one',
    JSON.stringify({ metadata: Object.fromEntries(Array.from({ length: 21 }, (_, at) => [`k${at}`, 'v'])) }),
  ],
  ['20 metadata, one of them a list', '{"metadata":{"a":["b"]}}'],
  ['metadata that are a list', '{"metadata":["a"]}'],
  ['a proof nobody knows', `{"proof":"${canary}"}`],
  ['a proof that is a list', '{"proof":["chat_code"]}'],
  ['a chat identity without a name', '{"chat_identity":{"platform":"slack"}}'],
  ['a chat identity of text', `{"chat_identity":"${canary}"}`],
  ['64 KiB and more', large(70_000), { status: 413, code: 'content_too_large' }],
];

describe('a body that cannot be', () => {
  expectRows('token_api_body', forms);

  it.each(forms)('is refused: %s', async (_title, body, expected = bad) => {
    const shot = { method: 'POST', path: connect, headers: { ...bearer(keys.bot), ...asJson }, body };
    await attack(service, shot, expected);
  });

  it('that is not UTF-8 makes no character of its own', async () => {
    for (const bytes of [[0xff], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xf5, 0x80, 0x80, 0x80], [0xe2, 0x28, 0xa1]]) {
      const seen = await shoot(service, {
        method: 'POST',
        path: connect,
        headers: { ...bearer(keys.bot), ...asJson },
        body: utf8(...bytes),
      });
      expect([201, 400]).toContain(seen.status);
    }
  });

  it('pollutes no prototype', () => {
    expect(Reflect.get({}, 'account')).toBeUndefined();
    expect(Reflect.get({}, 'a')).toBeUndefined();
  });

  it.each([
    ['gzip', gzipSync('{}')],
    ['deflate', '{}'],
    ['br', '{}'],
    ['identity, gzip', '{}'],
    [canary, '{}'],
  ])('declared as %s is never unpacked: no bomb', async (encoding, body) => {
    const headers = { ...bearer(keys.bot), ...asJson, 'content-encoding': encoding };
    const seen = await shoot(service, { method: 'POST', path: connect, headers, body });
    expect([201, 400, 415]).toContain(seen.status);
    expect(seen.text).not.toContain(canary);
  });

  it.each(['utf-16', 'utf-7', 'iso-2022-kr', canary])('in charset %s is read as UTF-8 or refused', async (charset) => {
    const headers = { ...bearer(keys.bot), 'content-type': `application/json; charset=${charset}` };
    const seen = await shoot(service, { method: 'POST', path: connect, headers, body: '{"account":"+AGEAYg-"}' });
    expect([201, 415]).toContain(seen.status);
    expect(seen.text).not.toContain(canary);
  });
});

describe('the bodies of exchange and MCP', () => {
  const exchange = '/v1/exchange/scripted';
  const mcp = '/v1/users/u1/mcp/token';
  const bodies: readonly [path: string, body: unknown][] = [
    [exchange, {}],
    [exchange, { subject_token: '' }],
    [exchange, { subject_token: 7 }],
    [exchange, { subject_token: [canary] }],
    [exchange, { subject_token: 'x'.repeat(16_385) }],
    [exchange, { subject_token: canary }],
    [exchange, { subject_token: canary, resource: '' }],
    [exchange, { subject_token: canary, resource: ['a', 'b'] }],
    [exchange, { subject_token: canary, scopes: 'a b' }],
    [exchange, { subject_token: canary, scopes: ['a b'] }],
    [exchange, { subject_token: canary, actor_token: canary }],
    [exchange, { subject_token: canary, audience: 'https://evil.example' }],
    [exchange, { subject_token: canary, requested_token_type: 'refresh_token' }],
    [exchange, { subject_token: canary, grant_type: 'password' }],
    [mcp, {}],
    [mcp, { server_url: '' }],
    [mcp, { server_url: 7 }],
    [mcp, { server_url: ['https://a.example'] }],
    [mcp, { server_url: `https://a.example/${'x'.repeat(2048)}` }],
    [mcp, { server_url: 'https://a.example', www_authenticate: 'x'.repeat(8193) }],
    [mcp, { server_url: 'https://a.example', status: 200 }],
    [mcp, { server_url: 'https://a.example', status: '401' }],
    [mcp, { server_url: 'https://a.example', rejected_token_sha256: canary }],
    [mcp, { server_url: 'https://a.example', headers: { authorization: canary } }],
  ];

  it.each(bodies)('%s refuses %j', async (path, body) => {
    const shot = { method: 'POST', path, headers: { ...bearer(keys.bot), ...asJson }, body: JSON.stringify(body) };
    const seen = await shoot(service, shot);
    expect([seen.status, seen.code]).toEqual([400, 'invalid_request']);
    expect(seen.text).not.toContain(canary);
  });
});
