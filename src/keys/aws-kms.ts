/** AWS Key Management Service as key service (KMS API Reference: Decrypt, GenerateDataKeyWithoutPlaintext). */

import { z } from 'zod';
import type { Secret } from '../core/secret.js';
import { ask } from './ask.js';
import { type KeyService, KeyServiceRefusal } from './key-service.js';

/** The key that wraps ours, and the credentials to use. */
export interface AwsKmsOptions {
  readonly region: string;
  /** Id, ARN or alias of a symmetric key. Needs `kms:Decrypt`, and `kms:GenerateDataKeyWithoutPlaintext` to create keys. */
  readonly keyId: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: Secret;
  readonly sessionToken?: Secret;
  /** Instead of `https://kms.<region>.amazonaws.com`, for a private endpoint. */
  readonly endpoint?: string;
}

const decrypted = z.object({ Plaintext: z.base64() });
const created = z.object({ CiphertextBlob: z.base64() });

/** Bound into what KMS wraps: a key that was wrapped for another program cannot take the place of ours. */
const context = { application: 'valetkey' };

/** KMS answers 400 where others answer 429 or 503; `__type` tells them apart (KMS API Reference, common errors). */
function isTransient(status: number, text: string): boolean {
  return status === 400 && /"__type"\s*:\s*"[^"]*\b(Throttling|LimitExceeded|RequestExpired)\w*"/.test(text);
}

/** A wrapped key is the `CiphertextBlob` as base64; every request is signed with Signature Version 4. */
export function awsKms(options: AwsKmsOptions): KeyService {
  const name = 'AWS KMS';
  const post = async (action: string, body: object) =>
    ask({ to: name, isTransient, ...(await sign(options, action, body)) });
  return {
    name,
    unwrap: async (wrapped) => {
      const request = { CiphertextBlob: wrapped, KeyId: options.keyId, EncryptionContext: context };
      const answer = decrypted.safeParse(await post('Decrypt', request));
      if (answer.success) return Buffer.from(answer.data.Plaintext, 'base64');
      throw new KeyServiceRefusal(`${name} answered without a plaintext`);
    },
    generate: async () => {
      const request = { KeyId: options.keyId, KeySpec: 'AES_256', EncryptionContext: context };
      const answer = created.safeParse(await post('GenerateDataKeyWithoutPlaintext', request));
      if (answer.success) return answer.data.CiphertextBlob;
      throw new KeyServiceRefusal(`${name} answered without a ciphertext`);
    },
  };
}

async function sign(options: AwsKmsOptions, action: string, body: object) {
  const { region, accessKeyId, secretAccessKey, sessionToken } = options;
  const text = JSON.stringify(body);
  // Imported here, as every deployment starts and only few use this key service.
  const { AwsV4Signer } = await import('aws4fetch');
  const signed = await new AwsV4Signer({
    method: 'POST',
    url: options.endpoint ?? `https://kms.${region}.amazonaws.com/`,
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `TrentService.${action}` },
    body: text,
    accessKeyId,
    secretAccessKey: secretAccessKey.reveal(),
    ...(sessionToken && { sessionToken: sessionToken.reveal() }),
    service: 'kms',
    region,
  }).sign();
  const headers = Object.fromEntries([...signed.headers].filter(([field]) => field !== 'host'));
  return { url: signed.url.href, headers, body: text };
}
