/** How to prove that the person in the browser is the person in the chat, from the environment. */

import { z } from 'zod';
import type { ProviderEntry } from '../../providers/index.js';
import type { ProofMode } from '../core/connection.js';
import { type ProviderId, providerIdSchema } from '../core/identifiers.js';
import { deepLinkSchema, queriedUrlSchema } from '../core/public-address.js';
import { isScopeToken } from '../core/scope.js';
import { connectProofSchema, switchSchema } from './config-schema.js';
import type { EnvironmentReader } from './environment.js';

/** How to prove that the person in the browser is the person in the chat. */
export interface ProofConfig {
  readonly mode: ProofMode;
  readonly allowNone: boolean;
  readonly deepLink?: string;
  readonly appVerifierUrl?: string;
  readonly chatLogins: readonly ChatLoginConfig[];
}

/** One chat platform and the provider at which its people sign in. */
export interface ChatLoginConfig {
  readonly platform: string;
  readonly provider: ProviderId;
  /** The scopes to ask for; absent = those that the provider needs to tell who somebody is. */
  readonly scope?: readonly string[];
}

/** Reads these variables; the provider of a chat platform has to be among `providers`. */
export function readProof(reader: EnvironmentReader, providers: Readonly<Record<string, ProviderEntry>>): ProofConfig {
  const mode = reader.read('CONNECT_PROOF', connectProofSchema) ?? 'chat_code';
  const allowNone = reader.read('UNSAFE_CONNECT_WITHOUT_PROOF', switchSchema) ?? false;
  const deepLink = reader.read('PROOF_DEEP_LINK', deepLinkSchema);
  const appVerifierUrl = reader.read('APP_VERIFIER_URL', queriedUrlSchema);
  if (mode === 'none' && !allowNone) {
    reader.fault('CONNECT_PROOF', 'may be none only with UNSAFE_CONNECT_WITHOUT_PROOF=true');
  }
  if (mode === 'app_verifier' && !reader.has('APP_VERIFIER_URL')) {
    reader.fault('APP_VERIFIER_URL', 'is required with CONNECT_PROOF=app_verifier');
  }
  const chatLogins = readChatLogins(reader, providers);
  if (mode === 'chat_login' && !reader.has('CHAT_LOGIN_PROVIDERS')) {
    reader.fault('CHAT_LOGIN_PROVIDERS', 'is required with CONNECT_PROOF=chat_login');
  }
  return {
    mode,
    chatLogins,
    allowNone,
    ...(deepLink === undefined ? {} : { deepLink }),
    ...(appVerifierUrl === undefined ? {} : { appVerifierUrl }),
  };
}

/** What an operator should know about the proofs, each a sentence. */
export function warningsOf(proof: ProofConfig): string[] {
  if (!proof.allowNone) return [];
  return [
    'UNSAFE_CONNECT_WITHOUT_PROOF is true: whoever is sent a connect link can be tricked into giving access to ' +
      "somebody else's chat account.",
  ];
}

function readChatLogins(
  reader: EnvironmentReader,
  providers: Readonly<Record<string, ProviderEntry>>,
): readonly ChatLoginConfig[] {
  const chatLogins = reader.read('CHAT_LOGIN_PROVIDERS', chatLoginsSchema) ?? [];
  for (const { provider } of chatLogins) {
    if (!Object.hasOwn(providers, provider)) reader.fault('CHAT_LOGIN_PROVIDERS', 'names a provider without client id');
  }
  return chatLogins;
}

const form = 'each must be platform:provider or platform:provider:scope+scope';

const chatLoginSchema = z
  .string()
  .trim()
  .regex(/^[a-z0-9][a-z0-9_-]{0,63}:[a-z0-9][a-z0-9_-]{0,63}(:.+)?$/, form)
  .transform((text): ChatLoginConfig => {
    // Scopes may contain colons.
    const [platform = '', provider = '', ...rest] = text.split(':');
    const scope = rest.length === 0 ? undefined : rest.join(':').split('+');
    return { platform, provider: providerIdSchema.parse(provider), ...(scope && { scope }) };
  })
  .refine(({ scope = [] }) => scope.every(isScopeToken), form);

const chatLoginsSchema = z
  .string()
  .transform((text) => text.split(',').filter((part) => part.trim() !== ''))
  .pipe(z.array(chatLoginSchema).min(1, 'holds nothing'))
  .refine(
    (logins) => new Set(logins.map(({ platform }) => platform)).size === logins.length,
    'two entries are for the same platform',
  );
