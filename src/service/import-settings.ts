/** Settings that only `valetkey import` reads from the environment. */

import { z } from 'zod';
import { type FernetKey, parseFernetKey } from '../transfer/fernet.js';
import { type Environment, EnvironmentReader } from './environment.js';

const fernetKeysSchema = z.string().transform((text, context) => {
  const keys = text.split(',').map((key) => parseFernetKey(key.trim()));
  const usable = keys.filter((key) => key !== undefined);
  if (usable.length < keys.length) context.addIssue({ code: 'custom', message: 'each must be base64url of 32 bytes' });
  return usable;
});

/** The keys under which other programs sealed their records. @throws {ConfigurationError} naming FERNET_KEYS */
export function loadFernetKeys(environment: Environment): readonly FernetKey[] {
  const reader = new EnvironmentReader(environment);
  const keys = reader.readSecret('FERNET_KEYS', fernetKeysSchema);
  if (!reader.has('FERNET_KEYS')) reader.fault('FERNET_KEYS', 'is required: base64url keys, comma-separated');
  reader.finish();
  return keys ?? [];
}
