/** stored_record: what somebody with the store in hand, or a broken disk, can put in the place of a connection. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ownerKeyOf } from '../../src/core/identifiers.js';
import { parseOwner } from '../../src/core/parse-input.js';
import { openEmbeddedEngine } from '../../src/store/embedded/index.js';
import type { StorageEngine } from '../../src/store/engine.js';
import { unpackText } from '../../src/store/packed-text.js';
import { formatConnection } from '../../src/store/records.js';
import { fieldSeal } from '../../src/store/sealed-fields.js';
import { Keyring } from '../../src/store/sealing.js';
import { aConnection, keyring } from '../store/samples.js';
import { fernetKey, sealFernet } from '../transfer/fernet-samples.js';
import { type AttackedService, attack, bearer, encryptionKeys, keys, openAttacked, shoot } from './attacked-service.js';
import { expectRows } from './surface.js';

/** What everybody holds; no answer about the broken record may show any of it. */
const marks = [
  'victim-token',
  'attacker-token',
  'foreign-token',
  'other-provider-token',
  'other-account-token',
  'old-token',
];
const [victim, attacker] = ['victim', 'attacker'];
const path = `/v1/users/${victim}/tokens/scripted`;

let service: AttackedService;
let engine: StorageEngine;
/** Sealed bytes of everybody, by the name of their token; and the version that they all have. */
const sealed = new Map<string, Buffer>();
const owner = ownerKeyOf(parseOwner(victim, undefined));
const field = 'c/scripted';
let version = 0;
const right = Keyring.parse(encryptionKeys);

beforeAll(async () => {
  service = await openAttacked();
  engine = await openEmbeddedEngine({ dataDir: service.dataDir });
  const store = async (
    name: string,
    user: string,
    provider: string,
    more: { tenant?: string; account?: string } = {},
  ) => {
    await service.manager.storeToken(
      user,
      { provider, accessToken: name, account: more.account },
      { tenant: more.tenant },
    );
    const of = ownerKeyOf(parseOwner(user, more.tenant));
    const { fields } = await engine.readOwner(of);
    const [found] = [...fields].filter(([name]) =>
      more.account ? name.startsWith(`c/${provider}/`) : name === `c/${provider}`,
    );
    if (found) sealed.set(name, found[1].bytes);
    return found?.[1].version ?? 0;
  };
  // One clock, one version: what tells the records apart is not that.
  await store('old-token', victim, 'scripted');
  await store('attacker-token', attacker, 'scripted');
  await store('foreign-token', victim, 'scripted', { tenant: 'other' });
  await store('other-provider-token', victim, 'twin');
  await store('other-account-token', victim, 'scripted', { account: 'work' });
  version = await store('victim-token', victim, 'scripted');
});
afterAll(async () => {
  await engine.close();
  await service.close();
});

const own = () => Buffer.from(sealed.get('victim-token') ?? '');
const of = (name: string) => () => Buffer.from(sealed.get(name) ?? '');
const flip = (position: number, bit: number) => () => {
  const bytes = own();
  const at = position < 0 ? bytes.length + position : position;
  bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << bit), at);
  return bytes;
};
const cut = (from: number, to?: number) => () => own().subarray(from, to);
const starting =
  (...head: number[]) =>
  () =>
    Buffer.concat([Buffer.from(head), own().subarray(head.length)]);
/** The key id reaches one byte into the salt, which is random: that byte is set, so that it is the same record each time. */
const longerId = (firstOfSalt: number) => () => {
  const bytes = flip(1, 0)();
  bytes.writeUInt8(firstOfSalt, 4);
  return bytes;
};
/** The same, but for the key id in its header. */
const underKey = (id: string) => () =>
  Buffer.concat([Buffer.from([1, id.length]), Buffer.from(id, 'latin1'), own().subarray(4)]);
/** The right bytes under the right key, bound to another place. */
const boundTo = (associated: () => string) => () =>
  right.seal(right.open(own(), fieldSeal({ owner, field }, version)), associated());
const place = (changes: { owner?: string; field?: string; version?: number | string } = {}) => {
  const at = { owner, field, version, ...changes };
  return ['field', at.owner, at.field, at.version].join('\n');
};
const keyOf = (user: string, tenant?: string) => ownerKeyOf(parseOwner(user, tenant));
/** What our record holds. */
const textOf = (bytes: Buffer) => unpackText(right.open(bytes, place()));
/** Something else, sealed as it should be. */
const content = (text: string | Buffer | (() => string)) => () =>
  right.seal(Buffer.from(typeof text === 'function' ? text() : text), place());
/** The victim's record with places of its array exchanged. */
const exchanged = (changes: Readonly<Record<number, unknown>>) =>
  content(() => {
    const [, tuple] = JSON.parse(textOf(own()));
    // As text, so that a `__proto__` in the changes is a property like any other.
    const places: unknown[] = Object.assign([...tuple], changes);
    return `[1,${JSON.stringify(Array.from(places, (each) => each ?? 0))}]`;
  });
const withState = (state: string) =>
  content(() => {
    const [, tuple] = JSON.parse(textOf(own()));
    const places = Array.from({ length: 16 }, (_, at) => JSON.stringify(tuple[at] ?? 0));
    return `[1,[${[...places, state].join(',')}]]`;
  });

type Row = readonly [title: string, forge: () => Buffer, code?: 'key_unavailable'];
const missing = 'key_unavailable';

const families: Readonly<Record<string, readonly Row[]>> = {
  'one bit': [
    ...[0, 1, 4, 7].map((bit): Row => [`format byte, bit ${bit}`, flip(0, bit)]),
    ...[1, 7].map((bit): Row => [`length of the key id, bit ${bit}`, flip(1, bit)]),
    ['length of the key id, bit 0, before a salt that is no name', longerId(0xff)],
    ['length of the key id, bit 0, before a salt like a name', longerId(0x61), missing],
    ['key id, first character', flip(2, 1), missing],
    ['key id, last character', flip(3, 1), missing],
    ['salt, first byte', flip(4, 0)],
    ['salt, last byte', flip(19, 7)],
    ['ciphertext, first byte', flip(20, 0)],
    ['ciphertext, in the middle', flip(60, 3)],
    ['ciphertext, last byte', flip(-17, 7)],
    ['tag, first byte', flip(-16, 0)],
    ['tag, last byte', flip(-1, 7)],
  ],
  'a length': [
    ['nothing', () => Buffer.alloc(0)],
    ['one byte', cut(0, 1)],
    ['format and length of the id', cut(0, 2)],
    ['the header alone', cut(0, 4)],
    ['header and salt', cut(0, 20)],
    ['no tag', cut(0, -16)],
    ...[1, 4, 8, 12].map((bytes): Row => [`a tag that is ${bytes} bytes shorter`, cut(0, -bytes)]),
    ['without the first byte', cut(1)],
    ['without the key id', () => Buffer.concat([own().subarray(0, 2), Buffer.alloc(2, 0xff), own().subarray(6)])],
    ['a byte more', () => Buffer.concat([own(), Buffer.alloc(1)])],
    ['a byte before', () => Buffer.concat([Buffer.alloc(1), own()])],
    ['twice', () => Buffer.concat([own(), own()])],
    ['zeros', () => Buffer.alloc(own().length)],
    ['a megabyte', () => Buffer.alloc(1 << 20, 1)],
  ],
  'a version byte': [0, 3, 4, 0x7f, 0x80, 0xff, 0x5b, 0x7b].map(
    (byte): Row => [`0x${byte.toString(16)}`, starting(byte)],
  ),
  'a key id': [
    ['that is in no ring', underKey('k9'), missing],
    [
      'of a key that was taken out, with its content',
      () => keyring('k0').seal(Buffer.from('[1,[]]'), place()),
      missing,
    ],
    ['of our key, sealed under another', () => keyring('k1').seal(right.open(own(), place()), place())],
    [
      'our key under another id',
      () => Keyring.parse(encryptionKeys.replace('k1', 'k2')).seal(right.open(own(), place()), place()),
      missing,
    ],
    ['__proto__', underKey('__proto__'), missing],
    ['constructor', underKey('constructor'), missing],
    ['toString', underKey('toString'), missing],
    ['empty', underKey('')],
    ['of 33 characters', underKey('k'.repeat(33))],
    ['of 255 characters', underKey('k'.repeat(255))],
    ['with a line break', underKey('k\n')],
    ['with a NUL', underKey('k\0')],
    ['with a slash', underKey('../k1')],
    ['in upper case', underKey('K1'), missing],
  ],
  'a legacy form': [
    ['Fernet', () => Buffer.from(sealFernet('{"access_token":"victim-token"}', fernetKey()))],
    ['Fernet, as bytes', () => Buffer.from(sealFernet('{}', fernetKey()), 'base64url')],
    ['Fernet in quotes', () => Buffer.from(JSON.stringify(sealFernet('{}', fernetKey())))],
    ['a bundle in the clear', () => Buffer.from('{"access_token":"victim-token","refresh_token":"r"}')],
    ['our record in the clear', () => right.open(own(), place())],
    ['a bare token', () => Buffer.from('victim-token')],
    ['our seal in base64', () => Buffer.from(own().toString('base64'))],
    ['our seal in base64url', () => Buffer.from(own().toString('base64url'))],
    ['our seal in base64, line by line', () => Buffer.from(own().toString('base64').replace(/.{20}/g, '$&\n'))],
    ['our seal in hex', () => Buffer.from(own().toString('hex'))],
    ['our seal in quotes', () => Buffer.from(JSON.stringify(own().toString('base64')))],
    ['our seal as text', () => Buffer.from(own().toString('utf8'))],
  ],
  'the record of': [
    ['another user', of('attacker-token')],
    ['the same user in another tenant', of('foreign-token')],
    ['another provider', of('other-provider-token')],
    ['another account', of('other-account-token')],
    ['an earlier generation', of('old-token')],
  ],
  'the right record, bound to': [
    ['another user', boundTo(() => place({ owner: keyOf(attacker) }))],
    ['another tenant', boundTo(() => place({ owner: keyOf(victim, 'other') }))],
    ['another provider', boundTo(() => place({ field: 'c/twin' }))],
    ['another account', boundTo(() => place({ field: 'c/scripted/work' }))],
    ['a grant', boundTo(() => place({ field: 'g/scripted' }))],
    ['the generation before', boundTo(() => place({ version: version - 1 }))],
    ['the generation after', boundTo(() => place({ version: version + 1 }))],
    ['generation 0', boundTo(() => place({ version: 0 }))],
    ['the generation with a fraction', boundTo(() => place({ version: `${version}.0` }))],
    ['a one-time record', boundTo(() => `expiring\n${owner}\n${field}\n${version}`)],
    ['a document', boundTo(() => `document\n${owner}\n${field}\n${version}`)],
    ['an entry of the audit trail', boundTo(() => 'audit\naudit/x')],
    ['nothing', boundTo(() => '')],
    ['the place and a line break', boundTo(() => `${place()}\n`)],
    ['the place with line breaks of DOS', boundTo(() => place().replaceAll('\n', '\r\n'))],
    ['the place without line breaks', boundTo(() => place().replaceAll('\n', ''))],
    ['the names in the clear', boundTo(() => `field\ndefault\n${victim}\n${field}\n${version}`)],
  ],
  'under the right seal': [
    ['nothing', content('')],
    ['no JSON', content('victim-token')],
    ['half of it', content(() => textOf(own()).slice(0, -9))],
    ['null', content('null')],
    ['a number', content('1')],
    ['an object', content('{"connectionId":"x"}')],
    ['an empty list', content('[]')],
    ['the format number alone', content('[1]')],
    ['format number 2', content(() => textOf(own()).replace('[1,', '[2,'))],
    ['a format number of text', content(() => textOf(own()).replace('[1,', '["1",'))],
    ['format number __proto__', content('["__proto__",[]]')],
    ['an object for the list', content('[1,{"__proto__":[]}]')],
    ['10 000 lists', content('['.repeat(10_000))],
    ['bytes that are not UTF-8', content(Buffer.from([0x5b, 0xff, 0xfe, 0x5d]))],
    ['a byte order mark', content(() => `\ufeff${right.open(own(), place())}`)],
    ['an access token of a number', exchanged({ 6: 7 })],
    ['an empty access token', exchanged({ 6: '' })],
    ['an access token of an object', exchanged({ 6: { toString: 'x' } })],
    ['a user id that cannot be', exchanged({ 2: 'a\u0000' })],
    ['a provider that cannot be', exchanged({ 3: '../scripted' })],
    ['a provider __proto__', exchanged({ 3: '__proto__' })],
    ['a time of text', exchanged({ 8: 'now' })],
    ['a time beyond all times', content(() => textOf(own()).replace(/17\d{11}/, '1e999'))],
    ['a scope of numbers', exchanged({ 11: [1] })],
    ['no proof (rule 8.4)', exchanged({ 13: 0 })],
    ['a proof that nobody knows', exchanged({ 13: [99, 0, 0] })],
    ['a proof of position __proto__', exchanged({ 13: ['__proto__', 0, 0] })],
    ['a state that nobody knows', withState('{"kind":"admin"}')],
    ['a state of __proto__', withState('{"__proto__":{"kind":"active"}}')],
    ['a state of constructor', withState('{"constructor":{"kind":"active"}}')],
    ['a state of a list', withState('["active"]')],
    ['the record of a grant', content(() => `[1,${JSON.stringify(JSON.parse(textOf(own()))[1])}`)],
    [
      'a whole other record',
      content(() =>
        JSON.stringify(JSON.parse(unpackText(formatConnection(aConnection(parseOwner('x', undefined)))))[1]),
      ),
    ],
  ],
};
const rows = Object.entries(families).flatMap(([family, list]) =>
  list.map(([title, forge, code = 'stored_token_unreadable' as const]) => ({
    title: `${family}: ${title}`,
    forge,
    code,
  })),
);

describe('in the place of a connection', () => {
  expectRows('stored_record', rows);

  it.each(rows)('is an error for the operator, and stays as it is: $title', async ({ forge, code }) => {
    const bytes = forge();
    expect(await engine.exchangeField(owner, field, { version, bytes })).toBe('stored');
    await attack(service, { path, headers: bearer(keys.bot) }, { status: 503, code, marks });
    // Not "not connected", not deleted; and nobody else is touched.
    expect((await engine.readField(owner, field))?.bytes.equals(bytes)).toBe(true);
    const theirs = await shoot(service, { path: path.replace(victim, attacker), headers: bearer(keys.bot) });
    expect(JSON.parse(theirs.text).access_token).toBe('attacker-token');
  });

  it('is gone when the right bytes are back', async () => {
    await engine.exchangeField(owner, field, { version, bytes: own() });
    const seen = await shoot(service, { path, headers: bearer(keys.bot) });
    expect([seen.status, JSON.parse(seen.text).access_token]).toEqual([200, 'victim-token']);
  });
});

describe('under the right seal, whatever else is odd', () => {
  it.each([
    ['parameters of __proto__ are properties like any other', '{"__proto__":"x","constructor":"y"}'],
    ['no parameters', '0'],
  ])('%s: the token is handed out, and no prototype is touched', async (_title, parameters) => {
    const forged = withState(`0,${parameters}`)();
    await engine.exchangeField(owner, field, { version, bytes: forged });
    await attack(service, { path, headers: bearer(keys.bot) }, { status: 200 });
    expect(Reflect.get({}, 'x') ?? Reflect.get(Object.prototype, 'y')).toBeUndefined();
    await engine.exchangeField(owner, field, { version, bytes: own() });
  });

  it('an administrator or the person can still remove what cannot be opened (S2-27)', async () => {
    await engine.exchangeField(owner, field, { version, bytes: Buffer.from('garbage') });
    const gone = { method: 'DELETE', path: `/v1/users/${victim}/connections/scripted`, headers: bearer(keys.admin) };
    await attack(service, gone, { status: 200 });
    expect(await engine.readField(owner, field)).toBeUndefined();
  });
});
