/** Exports in lines: each record is a JWE to the recipient's key, and the last line one that says how many there were. */

import { randomUUID } from 'node:crypto';
import { CompactEncrypt, type CryptoKey, compactDecrypt, importJWK, type JWK } from 'jose';
import { z } from 'zod';
import { type Connection, connectionSchema } from '../core/connection.js';
import { ConfigurationError } from '../core/errors.js';
import { ImportRefused } from './imported-token.js';

/** How the content key is encrypted to the recipient, by the type of the key (RFC 7518 section 4). */
const algorithms: Readonly<Record<string, string>> = {
  RSA: 'RSA-OAEP-256',
  EC: 'ECDH-ES+A256KW',
  OKP: 'ECDH-ES+A256KW',
};
const encryption = 'A256GCM';
const shortestRsaModulus = 342; // characters of base64url in 2048 bits

/**
 * The content of one line. Lines of one export share an id and are numbered, so that a missing or foreign line is noticed.
 */
const lineSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('connection'), export: z.string(), line: z.number(), connection: connectionSchema }),
  z.object({ kind: z.literal('end'), export: z.string(), line: z.number() }),
]);

/** A key that lines are encrypted to, or opened with. */
export interface LineKey {
  readonly key: CryptoKey | Uint8Array;
  readonly algorithm: string;
}

/**
 * Reads a JSON Web Key (RFC 7517): RSA from 2048 bits, EC, or X25519.
 *
 * @param side `recipient` takes a public key and refuses a private one, which must not be where exports are made
 * @throws {ConfigurationError} naming the option
 */
export async function parseLineKey(text: string, side: 'recipient' | 'identity'): Promise<LineKey> {
  const refuse = (problem: string) => new ConfigurationError([{ name: `--${side}`, problem }]);
  const jwk = parseJwk(text);
  const algorithm = algorithms[jwk?.kty ?? ''];
  if (!jwk || !algorithm) throw refuse('must be a JSON Web Key of type RSA, EC or OKP');
  if (jwk.kty === 'RSA' && (jwk.n?.length ?? 0) < shortestRsaModulus) throw refuse('must have at least 2048 bits');
  if (side === 'recipient' && jwk.d !== undefined) throw refuse('must be a public key; this one is private');
  if (side === 'identity' && jwk.d === undefined) throw refuse('must be a private key; this one is public');
  try {
    const key = { key: await importJWK(jwk, algorithm), algorithm };
    // Some faults of a key only show when it is used.
    if (side === 'recipient') await seal({ kind: 'end', export: '', line: 0 }, key);
    return key;
  } catch {
    throw refuse('is not a usable key');
  }
}

/** Writes the lines of an export. */
export async function* sealLines(connections: AsyncIterable<Connection>, recipient: LineKey): AsyncGenerator<string> {
  const id = randomUUID();
  let line = 0;
  for await (const connection of connections) {
    line += 1;
    yield await seal(
      { kind: 'connection', export: id, line, connection: z.encode(connectionSchema, connection) },
      recipient,
    );
  }
  yield await seal({ kind: 'end', export: id, line: line + 1 }, recipient);
}

/** Opens the lines of one export, in order. `end` throws unless the last line was the end of the export. */
export function createLineOpener(identity: LineKey): {
  open(text: string): Promise<Connection | 'end'>;
  end(): void;
} {
  let id: string | undefined;
  let lines = 0;
  let ended = false;
  return {
    async open(text) {
      const content = await openLine(text, identity);
      id ??= content.export;
      lines += 1;
      if (ended || content.export !== id || content.line !== lines) {
        throw new ImportRefused('a line before it is missing, or it is of another export');
      }
      if (content.kind === 'connection') return content.connection;
      ended = true;
      return 'end';
    },
    end() {
      if (!ended) throw new ImportRefused('the export is cut short: its last line is missing');
    },
  };
}

async function seal(content: z.input<typeof lineSchema>, { key, algorithm }: LineKey): Promise<string> {
  const header = { alg: algorithm, enc: encryption };
  return new CompactEncrypt(Buffer.from(JSON.stringify(content))).setProtectedHeader(header).encrypt(key);
}

async function openLine(text: string, { key, algorithm }: LineKey): Promise<z.output<typeof lineSchema>> {
  try {
    const options = { keyManagementAlgorithms: [algorithm], contentEncryptionAlgorithms: [encryption] };
    const { plaintext } = await compactDecrypt(text, key, options);
    return lineSchema.parse(JSON.parse(Buffer.from(plaintext).toString()));
  } catch {
    throw new ImportRefused('it cannot be opened with this key');
  }
}

function parseJwk(text: string): JWK | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return jwkSchema.parse(value);
  } catch {
    return undefined;
  }
}

const jwkSchema: z.ZodType<JWK & { readonly kty: string }> = z.looseObject({
  kty: z.string(),
  n: z.string().optional(),
  d: z.string().optional(),
});
