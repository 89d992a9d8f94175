/** The design of many programs today, for comparison: one key per user and provider, JSON under Fernet, no lock. */

import { createCipheriv, createDecipheriv, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

const [signing, encryption] = [randomBytes(16), randomBytes(16)];
const signatureOf = (signed) => createHmac('sha256', signing).update(signed).digest();

/** Seals a text as a Fernet token (version 0x80). */
export function sealFernet(text) {
  const head = Buffer.alloc(25);
  head.writeUInt8(0x80);
  head.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 1000)), 1);
  randomBytes(16).copy(head, 9);
  const cipher = createCipheriv('aes-128-cbc', encryption, head.subarray(9));
  const signed = Buffer.concat([head, cipher.update(text), cipher.final()]);
  return Buffer.concat([signed, signatureOf(signed)])
    .toString('base64')
    .replaceAll('+', '-')
    .replaceAll('/', '_');
}

function openFernet(token) {
  const bytes = Buffer.from(token, 'base64url');
  const signed = bytes.subarray(0, -32);
  if (!timingSafeEqual(signatureOf(signed), bytes.subarray(-32))) throw new Error('not sealed by us');
  const decipher = createDecipheriv('aes-128-cbc', encryption, signed.subarray(9, 25));
  return decipher.update(signed.subarray(25), undefined, 'utf8') + decipher.final('utf8');
}

/** The bundle as such programs store it. */
export function bundleOf({ accessToken, refreshToken, expiresAt, scopes, provider, identity }) {
  return JSON.stringify({
    access_token: accessToken,
    ...(refreshToken && { refresh_token: refreshToken }),
    token_type: 'Bearer',
    ...(expiresAt && { expires_at: expiresAt }),
    scope: scopes.join(' '),
    provider,
    ...identity,
  });
}

/** Binds it to a client. */
export function openPlainDesign(redis) {
  return {
    async fill(users, tokenOf) {
      for (let index = 0; index < users; index += 1) {
        await redis.set(`plain:oauth_tokens:${index}:github`, sealFernet(bundleOf(tokenOf(index))));
      }
    },
    async getToken(index) {
      const bundle = JSON.parse(openFernet(await redis.get(`plain:oauth_tokens:${index}:github`)));
      if (bundle.expires_at < Date.now() / 1000) throw new Error('expired');
      return bundle.access_token;
    },
  };
}
