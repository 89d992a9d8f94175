/** `valetkey keys`: makes encryption keys, tells what is sealed under which, and moves all records under the first. */

import { Command } from 'commander';
import { currentEnvironment } from '../service/config.js';
import { createEncryptionKey, createKeyId } from '../service/generated-keys.js';
import { loadKeyService } from '../service/key-settings.js';
import type { StorageEngine } from '../store/engine.js';
import {
  countByKey,
  type KeyUse,
  type OnProgress,
  rotateKeys,
  totalOf,
  type Unopened,
  verifyRecords,
} from '../store/key-use.js';
import type { Keyring } from '../store/sealing.js';
import { examples } from './examples.js';
import { exitCodes } from './exit.js';
import { firstLines } from './first-lines.js';
import { withEngine } from './open-local.js';
import { withProgress } from './progress.js';

interface Output {
  readonly json?: boolean;
}

/** `generate` needs no store, and no configuration but the key service's; the others work beside running services. */
export function keysCommand(): Command {
  const keys = new Command('keys').description('encryption keys');
  keys
    .command('generate')
    .description('print a new key for ENCRYPTION_KEYS; put it first to encrypt with it, keep the old ones')
    .option('--json', 'print {"kid", "key"}')
    .addHelpText('after', '\nWith KEY_SERVICE the service makes the key and only its wrapped form is printed.')
    .addHelpText('after', examples('keys generate'))
    .action(generate);
  keys
    .command('list')
    .description('list the keys and how many records are sealed under each')
    .option('--json', 'print an array of {"id", "active", "available", "registered", "records"}')
    .addHelpText('after', examples('keys list'))
    .action(list);
  keys
    .command('rotate')
    .description('seal every lasting record anew under the first key; may be interrupted and run again')
    .option('--json', 'print {"resealed", "unopened", "retired", "keys"}')
    .addHelpText('after', examples('keys rotate'))
    .action(rotate);
  keys
    .command('verify')
    .description('open every record and change nothing; exits with 1 when one cannot be opened')
    .option('--json', 'print {"opened", "unopened"}')
    .addHelpText('after', examples('keys verify'))
    .action(verify);
  return keys;
}

async function generate({ json }: Output): Promise<void> {
  const service = loadKeyService(currentEnvironment());
  const entry = service ? `${createKeyId()}:${await service.generate()}` : createEncryptionKey();
  const kid = entry.slice(0, entry.indexOf(':'));
  console.log(json ? JSON.stringify({ kid, key: entry }) : entry);
}

async function list({ json }: Output): Promise<void> {
  const keys = await withBar('counting', countByKey);
  if (json) console.log(JSON.stringify(keys));
  else for (const key of keys) console.log(describeKey(key));
  if (keys.some(isMissing)) process.exitCode = exitCodes.failed;
}

async function rotate({ json }: Output): Promise<void> {
  const rotation = await withBar('sealing anew', rotateKeys);
  if (json) console.log(JSON.stringify(rotation));
  else {
    console.log(`${rotation.resealed} records were sealed anew.`);
    printUnopened(rotation.unopened);
    for (const id of rotation.retired) console.log(`${id}\tholds nothing any more: take it out of ENCRYPTION_KEYS`);
    for (const key of rotation.keys) console.log(describeKey(key));
    if (rotation.keys.some(isWaitedFor)) console.log(waiting);
  }
  if (rotation.unopened.length > 0) process.exitCode = exitCodes.failed;
}

async function verify({ json }: Output): Promise<void> {
  const { opened, unopened, unopenedByKey } = await withBar('opening', verifyRecords);
  if (json) console.log(JSON.stringify({ opened, unopened }));
  else {
    console.log(`${opened} records can be opened, ${unopened.length} cannot.`);
    for (const [id, count] of unopenedByKey) console.log(`${id}\t${count} cannot be opened`);
    printUnopened(unopened);
  }
  if (unopened.length > 0) process.exitCode = exitCodes.failed;
}

function printUnopened(unopened: readonly Unopened[]): void {
  for (const line of firstLines(unopened.map(({ where, code }) => `${code}\t${where}`))) console.log(line);
}

function withBar<T>(
  label: string,
  work: (engine: StorageEngine, keyring: Keyring, onProgress: OnProgress) => Promise<T>,
): Promise<T> {
  return withEngine(({ engine, keyring }) => withProgress(label, (onProgress) => work(engine, keyring, onProgress)));
}

/** In use, and not in ENCRYPTION_KEYS: a service would refuse to start. */
function isMissing(key: KeyUse): boolean {
  return !key.available && (key.registered || totalOf(key) > 0);
}

const waiting =
  'What a key has sealed that only "opens" now ends by itself: keep it in ENCRYPTION_KEYS, and run this again later.';

function isWaitedFor(key: KeyUse): boolean {
  return key.available && key.registered && !key.active;
}

function describeKey(key: KeyUse): string {
  const state = key.active ? 'seals' : isMissing(key) ? 'MISSING' : key.registered ? 'opens' : 'not used yet';
  const counts = Object.entries(key.records).map(([kind, count]) => `${kind} ${count}`);
  return [key.id, state, ...counts].join('\t');
}
