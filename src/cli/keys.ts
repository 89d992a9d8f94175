/** `valetkey keys generate`: a new key for ENCRYPTION_KEYS. */

import { Command } from 'commander';
import { createEncryptionKey } from '../service/generated-keys.js';

/** Needs neither configuration nor store. */
export function keysCommand(): Command {
  const keys = new Command('keys').description('encryption keys');
  keys
    .command('generate')
    .description('print a new kid:base64 key for ENCRYPTION_KEYS; put it first to encrypt with it, keep the old ones')
    .option('--json', 'print {"kid", "key"}')
    .action(({ json }: { json?: boolean }) => {
      const entry = createEncryptionKey();
      const kid = entry.slice(0, entry.indexOf(':'));
      console.log(json ? JSON.stringify({ kid, key: entry }) : entry);
    });
  return keys;
}
