/** Commits that the store has not accepted yet, sealed, one file each: they outlive the process that made them. */

import { randomBytes } from 'node:crypto';
import { access, constants, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { refOf } from '../core/connection.js';
import { ConfigurationError, OAuthManagerError } from '../core/errors.js';
import type { Log } from '../core/log.js';
import type { Spool, SpooledCommit } from '../core/spool.js';
import { hashOf } from './field-names.js';
import { makePrivateDirectory } from './private-directory.js';
import { formatConnection, parseConnection } from './records.js';
import { placeOf } from './sealed-connections.js';
import { type Keyring, sealingKeyIdOf } from './sealing.js';

const ending = '.commit';
const headerBytes = 12;
/** A commit that is being written. If one is this much older, in ms, than our process, its writer has died. */
const draftPattern = /\.commit\.[0-9a-f]{12}$/;
const draftMs = 3_600_000;

/**
 * Opens a spool in a directory, which is created for its user alone. File names reveal nothing. A file that cannot be opened
 * is left in place and logged.
 *
 * @throws {ConfigurationError} the directory cannot be used: better to know now than when the store is down
 */
export async function openSpool(directory: string, keyring: Keyring, log?: Pick<Log, 'error'>): Promise<Spool> {
  await makeUsable(directory);
  const fileOf = (commit: SpooledCommit) => path.join(directory, nameOf(commit));
  return {
    async keep(commit) {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      await writeDurably(fileOf(commit), keyring.seal(format(commit), associatedWith(nameOf(commit))));
    },

    async drop(commit) {
      await rm(fileOf(commit), { force: true });
    },

    async list() {
      const names = await readdir(directory).catch(absentIsEmpty);
      const drafts = names.filter((each) => draftPattern.test(each)).map((each) => path.join(directory, each));
      // It does not matter if this fails.
      await Promise.allSettled(drafts.map(removeIfOld));
      const found: SpooledCommit[] = [];
      for (const name of names.filter((each) => each.endsWith(ending))) {
        try {
          const sealed = await readFile(path.join(directory, name));
          found.push(parse(keyring.open(sealed, associatedWith(name))));
        } catch (error) {
          // Another process may have stored it meanwhile.
          if (isAbsent(error)) continue;
          log?.error({ file: name, code: codeOf(error) }, 'a spooled commit cannot be read; it was left as it is');
        }
      }
      return found;
    },
  };
}

/** Paths of the files that one of these keys has sealed; none if the directory does not exist. */
export async function listSpooledUnder(directory: string, keyIds: readonly string[]): Promise<readonly string[]> {
  const names = await readdir(directory).catch(absentIsEmpty);
  const found: string[] = [];
  for (const name of names.filter((each) => each.endsWith(ending))) {
    const file = path.resolve(directory, name);
    // Another process may have stored it meanwhile.
    const sealed = await readFile(file).catch((error) => Buffer.concat(absentIsEmpty(error)));
    if (keyIds.includes(sealingKeyIdOf(sealed) ?? '')) found.push(file);
  }
  return found;
}

async function makeUsable(directory: string): Promise<void> {
  try {
    makePrivateDirectory(directory);
    await access(directory, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    const problem = `${path.resolve(directory)} cannot be read and written (${codeOf(error)})`;
    throw new ConfigurationError([{ name: 'SPOOL_DIR', problem }]);
  }
}

/** The same for every commit of one generation of one connection. */
function nameOf({ sent }: SpooledCommit): string {
  const { owner, field } = placeOf(refOf(sent.connection));
  return `${hashOf(`${owner}${field}\n${sent.generation}`)}${ending}`;
}

function associatedWith(name: string): string {
  return `spool\n${name}`;
}

/** Generation (8 bytes), length of the first record (4), the connection as sent, the same with the new tokens. */
function format({ sent, answer }: SpooledCommit): Buffer {
  const before = formatConnection(sent.connection);
  const header = Buffer.alloc(headerBytes);
  header.writeBigUInt64BE(BigInt(sent.generation));
  header.writeUInt32BE(before.length, 8);
  return Buffer.concat([header, before, formatConnection({ ...sent.connection, tokenSet: answer })]);
}

function parse(bytes: Buffer): SpooledCommit {
  const end = headerBytes + bytes.readUInt32BE(8);
  const connection = parseConnection(bytes.subarray(headerBytes, end));
  const { tokenSet } = parseConnection(bytes.subarray(end));
  return { sent: { connection, generation: Number(bytes.readBigUInt64BE()) }, answer: tokenSet };
}

/** All or nothing: written to a draft, forced to disk, renamed, and the new name forced to disk too. */
async function writeDurably(file: string, bytes: Buffer): Promise<void> {
  const draft = `${file}.${randomBytes(6).toString('hex')}`;
  try {
    const handle = await open(draft, 'wx', 0o600);
    try {
      await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
  const directory = await open(path.dirname(file), 'r');
  await directory.sync().finally(() => directory.close());
}

async function removeIfOld(draft: string): Promise<void> {
  // File times come from the machine's clock, even if the program is given another one.
  const { mtimeMs } = await stat(draft);
  if (mtimeMs < performance.timeOrigin - draftMs) await rm(draft, { force: true });
}

function absentIsEmpty(error: unknown): never[] {
  if (isAbsent(error)) return [];
  throw error;
}

function isAbsent(error: unknown): boolean {
  return codeOf(error) === 'ENOENT';
}

function codeOf(error: unknown): string {
  if (error instanceof OAuthManagerError) return error.code;
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
}
