/** HashiCorp Vault's transit engine as key service (Vault HTTP API, `/transit`). */

import { z } from 'zod';
import type { Secret } from '../core/secret.js';
import { ask } from './ask.js';
import { type KeyService, KeyServiceRefusal } from './key-service.js';

/** Where Vault is, and which of its keys wraps ours. */
export interface VaultTransitOptions {
  /** https, or http on this machine; without a path. */
  readonly address: string;
  /** Needs `update` on `<mount>/decrypt/<key>`, and on `<mount>/datakey/wrapped/<key>` to create keys. */
  readonly token: Secret;
  readonly key: string;
  /** Where the engine is mounted; `transit` by default. */
  readonly mount?: string;
  /** For Vault Enterprise. */
  readonly namespace?: string;
}

const decrypted = z.object({ data: z.object({ plaintext: z.base64() }) });
const created = z.object({ data: z.object({ ciphertext: z.string().regex(/^vault:v\d+:[A-Za-z0-9+/=]+$/) }) });

/** 412: a standby that has not caught up; 472 and 473: one that does not serve (Vault HTTP API, status codes). */
const isTransient = (status: number) => [412, 472, 473].includes(status);

/** A wrapped key is Vault's own `vault:v1:…`, which names the version of the key that wrapped it. */
export function vaultTransit({ address, token, key, mount = 'transit', namespace }: VaultTransitOptions): KeyService {
  const name = 'Vault transit';
  const post = (path: string, body: object) =>
    ask({
      to: name,
      url: `${address.replace(/\/+$/, '')}/v1/${mount}/${path}/${encodeURIComponent(key)}`,
      headers: {
        'content-type': 'application/json',
        'x-vault-request': 'true',
        'x-vault-token': token.reveal(),
        ...(namespace === undefined ? {} : { 'x-vault-namespace': namespace }),
      },
      body: JSON.stringify(body),
      isTransient,
    });
  return {
    name,
    unwrap: async (wrapped) => {
      const answer = decrypted.safeParse(await post('decrypt', { ciphertext: wrapped }));
      if (answer.success) return Buffer.from(answer.data.data.plaintext, 'base64');
      throw new KeyServiceRefusal(`${name} answered without a plaintext`);
    },
    generate: async () => {
      const answer = created.safeParse(await post('datakey/wrapped', { bits: 256 }));
      if (answer.success) return answer.data.data.ciphertext;
      throw new KeyServiceRefusal(`${name} answered without a ciphertext`);
    },
  };
}
