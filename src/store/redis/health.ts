/** Examines every master: does it answer, may it evict keys, does it persist what it is given. */

import type { RedisAddress } from './address.js';
import { examinedNodes, mastersOf, type RedisClient } from './client.js';
import { isForbidden, refusesDatabase } from './failures.js';
import type { RedisLink } from './link.js';
import { parseList, parseText } from './replies.js';

/** What was found. If `unfit` is set, this Redis must not be used: the sentence says why. */
export interface RedisHealth {
  readonly latencyMs: number;
  readonly warnings: readonly string[];
  readonly unfit?: string;
}

interface MasterFacts {
  /** From INFO; `undefined` when this user may not ask. */
  readonly info: ReadonlyMap<string, string> | undefined;
  /** The `save` setting; `undefined` when this user may not ask. */
  readonly save: string | undefined;
  /** The database of REDIS_URL, if Redis denies it to us: ioredis would then use database 0 instead. */
  readonly refusedDatabase: number | undefined;
}

/** Asks all masters at once. @throws {StoreUnavailable} when one does not answer in time */
export async function examineRedis(link: RedisLink, address: RedisAddress): Promise<RedisHealth> {
  const startedAt = performance.now();
  await link.read((client) => Promise.all(examinedNodes(client).map((node) => node.callBuffer('PING'))));
  const latencyMs = performance.now() - startedAt;
  const facts = await readFacts(link, databaseIn(address));
  const unfit = facts.map((each) => findUnfitness(each, address)).find((reason) => reason !== undefined);
  const warnings = [...new Set(facts.flatMap(findWarnings))];
  return { latencyMs, warnings, ...(unfit ? { unfit } : {}) };
}

async function readFacts(link: RedisLink, database: number): Promise<readonly MasterFacts[]> {
  const facts: MasterFacts[] = [];
  await link.read(async (client) => {
    facts.push(...(await Promise.all(examinedNodes(client).map((node) => readMaster(node, database)))));
  });
  return facts;
}

type Master = Pick<RedisClient, 'callBuffer'>;

async function readMaster(master: Master, database: number): Promise<MasterFacts> {
  const [info, save, canUse] = await Promise.all([
    unlessForbidden(master.callBuffer('INFO')),
    unlessForbidden(master.callBuffer('CONFIG', ['GET', 'save'])),
    canSelect(master, database),
  ]);
  return {
    info: info === undefined ? undefined : parseInfo(parseText(info)),
    save: save === undefined ? undefined : parseText(parseList(save)[1]),
    refusedDatabase: canUse ? undefined : database,
  };
}

/** Whether we are in the database that the URL names. @throws {StoreUnavailable} */
export async function isInDatabase(link: RedisLink, address: RedisAddress): Promise<boolean> {
  const database = databaseIn(address);
  const areThere = (client: RedisClient) => Promise.all(mastersOf(client).map((master) => canSelect(master, database)));
  return !parseList(await link.read(areThere)).includes(false);
}

function databaseIn(address: RedisAddress): number {
  return 'database' in address ? address.database : 0;
}

async function canSelect(master: Master, database: number): Promise<boolean> {
  if (database === 0) return true;
  try {
    await master.callBuffer('SELECT', [database]);
    return true;
  } catch (error) {
    if (refusesDatabase(error)) return false;
    throw error;
  }
}

async function unlessForbidden(reply: Promise<unknown>): Promise<unknown> {
  try {
    return await reply;
  } catch (error) {
    if (isForbidden(error)) return undefined;
    throw error;
  }
}

function parseInfo(text: string): ReadonlyMap<string, string> {
  const lines = text.split('\r\n').map((line) => line.split(':'));
  return new Map(lines.map(([name = '', ...value]) => [name, value.join(':')]));
}

/** GETDEL and exclusive stream ranges came with 6.2; with eviction, a full Redis would drop connections of users. */
function findUnfitness({ info, refusedDatabase }: MasterFacts, { topology }: RedisAddress): string | undefined {
  if (refusedDatabase !== undefined) return `database ${refusedDatabase} is not there, or this user may not SELECT it`;
  if (!info) return undefined;
  const mode = info.get('redis_mode');
  // Commands for other nodes would be refused for ever, as if the store were down.
  if (mode === 'cluster' && topology !== mode) return 'this is a node of a Cluster: write redis+cluster://';
  if (mode === 'sentinel') return 'this is a Sentinel: write redis+sentinel:// and the name of the master';
  const [major = 0, minor = 0] = (info.get('redis_version') ?? '6.2').split('.').map(Number);
  if (major < 6 || (major === 6 && minor < 2)) return 'Redis 6.2 or newer is needed';
  const policy = info.get('maxmemory_policy') ?? 'noeviction';
  if (Number(info.get('maxmemory') ?? 0) > 0 && policy !== 'noeviction') {
    return `maxmemory-policy must be noeviction, it is ${policy}: Redis would drop connections of users when it is full`;
  }
  return undefined;
}

function findWarnings({ info, save }: MasterFacts): readonly string[] {
  if (!info) return ['Redis does not let this user run INFO, so eviction policy and persistence are not checked.'];
  if (info.get('role') === 'slave') return ['Redis is a read-only replica at the moment: nothing can be stored in it.'];
  if (info.get('aof_enabled') === '1' || (save !== undefined && save !== '')) return [];
  if (save === undefined) return ['Redis does not let this user run CONFIG GET, so persistence is not checked.'];
  return ['Redis keeps nothing on disk (no AOF, no save): a restart forgets all connections.'];
}
