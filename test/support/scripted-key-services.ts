/** A Vault and a KMS on loopback that really wrap and check credentials, as their documents say; and with outages. */

import { createCipheriv, createDecipheriv, createHash, createHmac, randomBytes } from 'node:crypto';
import { onTestFinished } from 'vitest';
import {
  type ScriptedAnswer,
  type ScriptedRequest,
  type ScriptedServer,
  startScriptedServer,
} from './scripted-server.js';

const wrappingKey = randomBytes(32);

/** AES-256-GCM under a key that never leaves the service; `context` is the additional data. */
function wrap(bytes: Buffer, context = ''): Buffer {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', wrappingKey, nonce).setAAD(Buffer.from(context));
  return Buffer.concat([nonce, cipher.update(bytes), cipher.final(), cipher.getAuthTag()]);
}

function unwrap(wrapped: Buffer, context = ''): Buffer | undefined {
  try {
    const decipher = createDecipheriv('aes-256-gcm', wrappingKey, wrapped.subarray(0, 12)).setAAD(Buffer.from(context));
    decipher.setAuthTag(wrapped.subarray(-16));
    return Buffer.concat([decipher.update(wrapped.subarray(12, -16)), decipher.final()]);
  } catch {
    return undefined;
  }
}

/** A running service and its credentials; it answers the entries of `outage` first, one per request. */
export interface KeyServiceHere {
  readonly server: ScriptedServer;
  readonly outage: ScriptedAnswer[];
  /** Wraps bytes of the test's choice. */
  wrap(bytes: Buffer): string;
}

export const vaultToken = 'vault-token-canary-1f0c';

/** Vault with the engine at `secrets/transit` and one key, `valetkey`. */
export async function startVault(): Promise<KeyServiceHere> {
  const server = await startScriptedServer();
  onTestFinished(() => server.close());
  const outage: ScriptedAnswer[] = [];
  const guarded = (act: (body: Record<string, string>) => ScriptedAnswer) => (request: ScriptedRequest) => {
    if (request.headers['x-vault-token'] !== vaultToken)
      return { status: 403, json: { errors: ['permission denied'] } };
    return outage.shift() ?? act(JSON.parse(request.body));
  };
  const wrapHere = (bytes: Buffer) => `vault:v1:${wrap(bytes).toString('base64')}`;
  server.answer(
    '/v1/secrets/transit/decrypt/valetkey',
    guarded(({ ciphertext = '' }) => {
      const bytes = unwrap(Buffer.from(ciphertext.replace('vault:v1:', ''), 'base64'));
      if (bytes === undefined) return { status: 400, json: { errors: ['cipher: message authentication failed'] } };
      return { json: { data: { plaintext: bytes.toString('base64') } } };
    }),
  );
  server.answer(
    '/v1/secrets/transit/datakey/wrapped/valetkey',
    guarded(() => ({ json: { data: { ciphertext: wrapHere(randomBytes(32)) } } })),
  );
  return { server, outage, wrap: wrapHere };
}

export const awsCredentials = { id: 'AKIDEXAMPLE', secret: 'wJalrXUtnFEMI/canary+bPxRfiCYEXAMPLEKEY' };
export const kmsKey = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd';

/** KMS of eu-central-1 with one key. Like the real one, it refuses a request whose signature does not match. */
export async function startKms(): Promise<KeyServiceHere> {
  const server = await startScriptedServer();
  onTestFinished(() => server.close());
  const outage: ScriptedAnswer[] = [];
  const wrapHere = (bytes: Buffer, context: string) => wrap(bytes, context).toString('base64');
  const usual = '{"application":"valetkey"}';
  server.answer('/', (request) => {
    if (!isSigned(request)) return refusal('InvalidSignatureException');
    const body = JSON.parse(request.body);
    if (body.KeyId !== kmsKey) return refusal('NotFoundException');
    const failure = outage.shift();
    if (failure) return failure;
    const context = JSON.stringify(body.EncryptionContext);
    if (request.headers['x-amz-target'] === 'TrentService.Decrypt') {
      const bytes = unwrap(Buffer.from(body.CiphertextBlob, 'base64'), context);
      return bytes ? { json: { Plaintext: bytes.toString('base64') } } : refusal('InvalidCiphertextException');
    }
    return { json: { CiphertextBlob: wrapHere(randomBytes(32), context) } };
  });
  return { server, outage, wrap: (bytes) => wrapHere(bytes, usual) };
}

/** An error of KMS, named by `__type` (AWS JSON protocol 1.1); most have status 400. */
export function refusal(type: string, status = 400): ScriptedAnswer {
  return { status, json: { __type: `com.amazonaws.kms#${type}`, message: 'no' } };
}

const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest();
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

/** A second implementation of Signature Version 4, from its description ("Create a signed AWS API request"). */
function isSigned({ method, path, headers, body }: ScriptedRequest): boolean {
  const form =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/eu-central-1\/kms\/aws4_request, SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})$/;
  const [, id, day = '', names = '', signature] = form.exec(headers.authorization ?? '') ?? [];
  const fields = names.split(';');
  if (id !== awsCredentials.id || !['host', 'x-amz-date', 'x-amz-target'].every((name) => fields.includes(name)))
    return false;
  const canonical = [
    method,
    path,
    '',
    ...fields.map((name) => `${name}:${String(headers[name]).trim()}`),
    '',
    names,
    sha256(body),
  ];
  const scope = `${day}/eu-central-1/kms/aws4_request`;
  const text = ['AWS4-HMAC-SHA256', headers['x-amz-date'], scope, sha256(canonical.join('\n'))].join('\n');
  const key = [day, 'eu-central-1', 'kms', 'aws4_request'].reduce<string | Buffer>(
    hmac,
    `AWS4${awsCredentials.secret}`,
  );
  return hmac(key, text).toString('hex') === signature;
}
