/** `valetkey keys`: creates encryption keys, counts what each has sealed, reseals under the first, removes what is lost. */

import { Command } from 'commander';
import { createRegistry, partEntries } from '../../providers/index.js';
import { type Config, currentEnvironment } from '../service/config.js';
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
  unnamedKey,
  verifyRecords,
} from '../store/key-use.js';
import type { Keyring } from '../store/sealing.js';
import { listSpooledUnder } from '../store/spool.js';
import { type Forgetting, forgetKeys } from '../transfer/forget-keys.js';
import { examples } from './examples.js';
import { exitCodes, WrongCommandLine } from './exit.js';
import { firstLines } from './first-lines.js';
import { type Beneath, withEngine } from './open-local.js';
import { withProgress } from './progress.js';
import { refuseOpen } from './stopped-service.js';

interface Output {
  readonly json?: boolean;
}

/** `generate` needs no store, and only the key service's configuration; the others work beside running services. */
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
  keys
    .command('forget')
    .description('give up lost keys: remove for good every record that they have sealed')
    .argument('<kid>', 'id that "keys list" shows as MISSING; several as k1,k3')
    .option('--yes', 'with all services stopped: do it; without it, only count')
    .option('--json', 'print {"keys", "removed", "forgotten", "spooled"}')
    .addHelpText('after', '\nNothing that it removes can be revoked. A lost key: docs/operate/keys.md.')
    .addHelpText('after', examples('keys forget k1', 'keys forget k1 --yes'))
    .action(forget);
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

async function forget(kids: string, { yes, json }: Output & { readonly yes?: boolean }): Promise<void> {
  const { keys, spooled, removed, forgotten } = await withEngine(async (beneath) => {
    const keys = await findLost(beneath, kids.split(','));
    const spooled = await listSpooled(beneath.config, keys);
    if (yes !== true) return { keys, spooled, removed: 0, forgotten: [] };
    refuseOpen(beneath.engine);
    return { keys, spooled, ...(await giveUp(beneath, keys)) };
  });
  if (json) console.log(JSON.stringify({ keys, removed, forgotten, spooled }));
  else {
    for (const key of keys) console.log(describeKey(key));
    if (yes === true) for (const line of describeForgetting({ removed, forgotten })) console.log(line);
    else console.log(`${sumOf(keys)} records would be removed for good. ${cannotRevoke}\n${howToForget}`);
    if (spooled.length > 0) console.log(`Files that stay in SPOOL_DIR, to be removed by hand: ${spooled.length}`);
    for (const line of firstLines(spooled)) console.log(line);
  }
  if (forgotten.length === 0) process.exitCode = exitCodes.failed;
}

/** @throws {WrongCommandLine} one is not lost; the input is not shown, as it may be a key itself */
async function findLost({ engine, keyring }: Beneath, lost: readonly string[]): Promise<readonly KeyUse[]> {
  if (lost.some((id) => keyring.keyIds.includes(id)))
    throw new WrongCommandLine('A key that is in ENCRYPTION_KEYS is not lost: what it has sealed can be opened.');
  const counted = await withProgress('counting', (onProgress) => countByKey(engine, keyring, onProgress));
  const keys = counted.filter(({ id }) => lost.includes(id) && id !== unnamedKey);
  if (keys.length < new Set(lost).size)
    throw new WrongCommandLine('The store was written with no key of that id: see "valetkey keys list".');
  return keys;
}

/** Only those on this machine, as every process has its own spool. */
async function listSpooled({ spoolDir }: Config, keys: readonly KeyUse[]): Promise<readonly string[]> {
  const ids = keys.map(({ id }) => id);
  return spoolDir === undefined ? [] : listSpooledUnder(spoolDir, ids);
}

function giveUp({ engine, keyring, config }: Beneath, keys: readonly KeyUse[]): Promise<Forgetting> {
  const { known } = partEntries(config.providers);
  const providers = createRegistry(known, { allowInsecureLoopback: config.allowInsecureLoopbackProviders });
  const plan = { engine, keyring, providers, lost: keys.map(({ id }) => id), total: sumOf(keys) };
  return withProgress('removing', (onProgress) => forgetKeys(plan, onProgress));
}

const cannotRevoke =
  'They cannot be opened, so their tokens are not revoked: those stay valid at the providers until they expire there.';
const howToForget = 'Stop all services and workers, then run this again with --yes.';

function describeForgetting({ removed, forgotten }: Forgetting): readonly string[] {
  const done = `${removed} records were removed. ${cannotRevoke}`;
  if (forgotten.length === 0)
    return [done, 'A service still seals under the key: stop every service that has it, then run this again.'];
  return [done, ...forgotten.map((id) => `${id}\tis forgotten: the store can be used without it`)];
}

function sumOf(keys: readonly KeyUse[]): number {
  return keys.reduce((sum, key) => sum + totalOf(key), 0);
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

/** It is in use but not in ENCRYPTION_KEYS: a service would refuse to start. */
function isMissing(key: KeyUse): boolean {
  return !key.available && (key.registered || totalOf(key) > 0);
}

const waiting =
  'A key marked "opens" still has records that expire by themselves: keep it in ENCRYPTION_KEYS, and run this again later.';

function isWaitedFor(key: KeyUse): boolean {
  return key.available && key.registered && !key.active;
}

function describeKey(key: KeyUse): string {
  const state = key.active ? 'seals' : isMissing(key) ? 'MISSING' : key.registered ? 'opens' : 'not used yet';
  const counts = Object.entries(key.records).map(([kind, count]) => `${kind} ${count}`);
  return [key.id, state, ...counts].join('\t');
}
