/** The formats that can be imported: each becomes records that are read one by one. */

import type { Connection } from '../core/connection.js';
import { readLegacyStrings } from '../store/redis/legacy-strings.js';
import type { FernetKey } from './fernet.js';
import { readBetterAuthAccount, readNangoConnection } from './foreign-exports.js';
import type { SourceRecord } from './import-connections.js';
import { type ImportedFields, ImportRefused, parseImportedToken, toConnection } from './imported-token.js';
import { readLines, readRecords, textOf } from './json-records.js';
import { legacyKeyPattern, readLegacyBundle } from './legacy-bundles.js';
import { createLineOpener, type LineKey } from './sealed-lines.js';

/** The names that users and providers have here, if they differ in the source. */
export interface Renaming {
  readonly users: ReadonlyMap<string, { readonly user: string; readonly tenant?: string | undefined }>;
  readonly providers: ReadonlyMap<string, string>;
  /** For users whose record or mapping names no tenant. */
  readonly tenant?: string | undefined;
  /** Epoch ms. */
  readonly now: () => number;
}

/** Formats of files whose records are JSON. */
export const fileFormats = {
  jsonl: (record: unknown): ImportedFields => (typeof record === 'object' && record !== null ? { ...record } : {}),
  nango: readNangoConnection,
  'better-auth': readBetterAuthAccount,
} as const;

/** Records of a file in one of the {@link fileFormats}. */
export async function* readFileSource(
  path: string,
  format: keyof typeof fileFormats,
  renaming: Renaming,
): AsyncGenerator<SourceRecord> {
  for await (const { where, parse } of readRecords(path)) {
    yield toRecord(where, () => fileFormats[format](parse()), renaming);
  }
}

/** Bundles under Fernet in Redis. */
export async function* readLegacySource(
  from: { readonly url: string; readonly prefix: string; readonly keys: readonly FernetKey[] },
  renaming: Renaming,
): AsyncGenerator<SourceRecord> {
  const seen = new Set<string>();
  for await (const { key, value } of readLegacyStrings(from.url, legacyKeyPattern(from.prefix))) {
    if (seen.has(key)) continue;
    seen.add(key);
    yield toRecord(key, () => readLegacyBundle({ key, sealed: value }, from.prefix, from.keys), renaming);
  }
  // Nothing under a prefix is as likely a wrong prefix as an empty file is a wrong file.
  const none = new ImportRefused('there is no such key');
  if (seen.size === 0) yield { where: `${from.prefix}:oauth_tokens:*`, read: () => reveal(none) };
}

/** Lines of `valetkey export`; connections keep their ids, proofs and states. */
export async function* readSealedSource(path: string, identity: LineKey): AsyncGenerator<SourceRecord> {
  const opener = createLineOpener(identity);
  for await (const line of readLines(path)) {
    const opened = await settle(async () => opener.open(textOf(line)));
    if (opened === 'end') continue;
    yield { where: line.where, read: () => reveal(opened) };
  }
  const missing = await settle(async () => opener.end());
  if (missing) yield { where: 'the end', read: () => reveal(missing) };
}

async function settle<T>(open: () => Promise<T>): Promise<T | ImportRefused> {
  try {
    return await open();
  } catch (error) {
    if (error instanceof ImportRefused) return error;
    throw error;
  }
}

function reveal(opened: Connection | ImportRefused): Connection {
  if (opened instanceof ImportRefused) throw opened;
  return opened;
}

function toRecord(where: string, read: () => ImportedFields, renaming: Renaming): SourceRecord {
  return { where, read: () => toConnection(parseImportedToken(rename(read(), renaming)), renaming.now()) };
}

function rename(fields: ImportedFields, { users, providers, tenant }: Renaming): ImportedFields {
  const user = users.get(String(fields.user)) ?? { user: fields.user, tenant: undefined };
  const provider = providers.get(String(fields.provider)) ?? fields.provider;
  return { ...fields, provider, user: user.user, tenant: user.tenant ?? fields.tenant ?? tenant };
}
