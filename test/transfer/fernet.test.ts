/** Fernet against the vectors of its specification (github.com/fernet/spec: verify.json and invalid.json). */

import { createCipheriv, createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { FernetRefused, openFernet, parseFernetKey } from '../../src/transfer/fernet.js';
import { fernetKey, sealFernet } from './fernet-samples.js';

const secret = 'cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=';
const hello = 'gAAAAAAdwJ6wAAECAwQFBgcICQoLDA0ODy021cpGVWKZ_eEwCGM4BLLF_5CV9dOPmrhuVUPgJobwOz7JcbmrR64jVmpU4IwqDA==';
const key = (text: string) => parseFernetKey(text) ?? expect.fail('not a key');

const invalid = [
  [
    'incorrect mac',
    'gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAl1-szkFVzXTuGb4hR8AKtwcaX1YdykQUFBQUFBQUFBQQ==',
  ],
  ['too short', 'gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPA=='],
  [
    'invalid base64',
    '%%%%%%%%%%%%%AECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAl1-szkFVzXTuGb4hR8AKtwcaX1YdykRtfsH-p1YsUD2Q==',
  ],
  [
    'payload size not multiple of block size',
    'gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPOm73QeoCk9uGib28Xe5vz6oxq5nmxbx_v7mrfyudzUm',
  ],
  [
    'payload padding error',
    'gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0ODz4LEpdELGQAad7aNEHbf-JkLPIpuiYRLQ3RtXatOYREu2FWke6CnJNYIbkuKNqOhw==',
  ],
  [
    'incorrect IV (causes padding error)',
    'gAAAAAAdwJ6xBQECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAkLhFLHpGtDBRLRTZeUfWgHSv49TF2AUEZ1TIvcZjK1zQ==',
  ],
  ['trailing characters after b64 padding', `${hello}trailingdata`],
  [
    'invalid characters in b64',
    '*gAAAAAAdwJ6wAAECAwQFBgcI!CQoLDA0ODy021?cpGVWKZ_eEwC@GM4BLLF_5CV9dOPmrhuVUPgJobwOz7JcbmrR64jVmpU4IwqDA==',
  ],
  [
    'invalid non-urlsafe characters in b64',
    'gAAAAAAdwJ6wAAEC/AwQFBgcICQoLDA0ODy+021cpGVWKZ_eEwCGM4BLLF_5CV9dOPmrhuVUPgJobwOz7JcbmrR64jVmpU4IwqDA==',
  ],
] as const;

describe('Fernet', () => {
  it('opens the vector of verify.json', () => {
    expect(openFernet(hello, [key(secret)]).toString()).toBe('hello');
  });

  it.each(invalid)('refuses the vector "%s" of invalid.json', (_name, token) => {
    expect(() => openFernet(token, [key(secret)])).toThrow(FernetRefused);
  });

  it.each([
    [
      'expired TTL',
      'gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAl1-szkFVzXTuGb4hR8AKtwcaX1YdykRtfsH-p1YsUD2Q==',
    ],
    [
      'far-future TS',
      'gAAAAAAdwStRAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAnja1xKYyhd-Y6mSkTOyTGJmw2Xc2a6kBd-iX9b_qXQcw==',
    ],
  ])('opens the vector "%s" of invalid.json: records outlive every time to live (S6)', (_name, token) => {
    expect(openFernet(token, [key(secret)])).toEqual(Buffer.alloc(0));
  });

  it('tries several keys, whichever signed', () => {
    const [a, b, c] = [fernetKey(), fernetKey(), fernetKey()];
    expect(openFernet(sealFernet('x', b), [key(a), key(b), key(c)]).toString()).toBe('x');
    expect(() => openFernet(sealFernet('x', b), [key(a), key(c)])).toThrow('another key');
  });

  it('decrypts nothing before the MAC was found right (S6): bad padding under a bad MAC is only a bad MAC', () => {
    const text = fernetKey();
    const { signing, encryption } = key(text);
    const header = Buffer.concat([Buffer.from([0x80]), Buffer.alloc(8), Buffer.alloc(16)]);
    const cipher = createCipheriv('aes-128-cbc', encryption, Buffer.alloc(16)).setAutoPadding(false);
    const body = Buffer.concat([header, cipher.update(Buffer.alloc(16)), cipher.final()]);
    const token = (mac: Buffer) =>
      Buffer.concat([body, mac]).toString('base64').replaceAll('+', '-').replaceAll('/', '_');
    const mac = createHmac('sha256', signing).update(body).digest();
    expect(() => openFernet(token(mac), [key(text)])).toThrow('padding');
    mac[0] = (mac[0] ?? 0) ^ 1;
    expect(() => openFernet(token(mac), [key(text)])).toThrow('another key');
  });

  it.each(['', 'abc', secret.slice(0, -1), secret.replace('_', '/'), `${secret}=`])('takes %j for no key', (text) => {
    expect(parseFernetKey(text)).toBeUndefined();
  });
});
