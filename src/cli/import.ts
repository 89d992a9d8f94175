/** `valetkey import`: takes connections over from other programs and from exports; creates, never replaces. */

import { Argument, Command } from 'commander';
import { z } from 'zod';
import { createRegistry, partEntries } from '../../providers/index.js';
import type { Store } from '../core/store.js';
import { type Config, currentEnvironment } from '../service/config.js';
import { loadFernetKeys } from '../service/import-settings.js';
import { type ImportReport, importConnections, type SourceRecord } from '../transfer/import-connections.js';
import { parseLineKey } from '../transfer/sealed-lines.js';
import { type Renaming, readFileSource, readLegacySource, readSealedSource } from '../transfer/sources.js';
import { examples } from './examples.js';
import { CommandFailed, exitCodes, WrongCommandLine } from './exit.js';
import { firstLines } from './first-lines.js';
import { readText, refuseUnreadable } from './named-file.js';
import { nameOptions } from './named-options.js';
import { parseTenant } from './named-tenant.js';
import { withStore } from './open-local.js';
import { withProgress } from './progress.js';

interface ImportOptions {
  readonly dryRun?: boolean;
  readonly json?: boolean;
  readonly users?: string;
  readonly providers?: string;
  readonly tenant?: string;
  readonly from?: string;
  readonly prefix: string;
  readonly identity?: string;
}

const formats = ['legacy-fernet', 'jsonl', 'nango', 'better-auth', 'valetkey'] as const;

/** May run beside running services, and again after an interruption. */
export function importCommand(): Command {
  return new Command('import')
    .description('take connections over; existing ones are left as they are')
    .addArgument(new Argument('<format>', 'what is imported').choices(formats))
    .argument('[file]', 'what to read, "-" for standard input; not for legacy-fernet')
    .option('--dry-run', 'read and judge everything, write nothing')
    .option('--json', 'print {"dry_run", "created", "existing", "refused": [{"where", "problem"}]}')
    .option('--users <file>', 'JSON of user ids here by user ids there: {"old": "new" or {"user", "tenant"}}')
    .option('--providers <pairs>', 'provider ids here by ids there: old=new,…')
    .option('--tenant <id>', 'of users for whom none is named')
    .option('--from <url>', 'legacy-fernet: Redis to read; without it, REDIS_URL')
    .option('--prefix <prefix>', 'legacy-fernet: prefix of the keys <prefix>:oauth_tokens:<user>:<provider>', 'app')
    .option('--identity <file>', 'valetkey: private JSON Web Key that opens the export')
    .addHelpText('after', '\nlegacy-fernet needs FERNET_KEYS. Formats: docs/operate/moving.md.')
    .addHelpText('after', examples('import jsonl tokens.jsonl --dry-run', 'import legacy-fernet --prefix app'))
    .action(run);
}

async function run(format: (typeof formats)[number], file: string | undefined, options: ImportOptions): Promise<void> {
  const dryRun = options.dryRun ?? false;
  const openSource = await chooseSource(format, file, options);
  const take = async (store: Store, config: Config) => {
    const now = await store.now();
    const source = openSource(config, now);
    const { refreshBufferMs, allowInsecureLoopbackProviders: allowInsecureLoopback } = config;
    const { known, open } = partEntries(config.providers);
    const providers = createRegistry(known, { allowInsecureLoopback });
    const ids = new Set<string>([...open.keys(), ...providers.known().map(({ id }) => id)]);
    const isKnownProvider = (id: string) => ids.has(id);
    const target = { store, providers, isKnownProvider, refreshBufferMs, now: () => now };
    return withProgress('importing', (onProgress) =>
      importConnections(source, { ...target, dryRun }, (done) => onProgress({ done })),
    );
  };
  const report = await withStore(take, dryRun ? 'read' : 'write', 'new or old');
  if (options.json) console.log(JSON.stringify(report));
  else print(report);
  if (report.refused.length > 0) process.exitCode = exitCodes.failed;
}

type OpenSource = (config: Config, now: number) => AsyncIterable<SourceRecord>;

/** Checks the command line as a whole, before a store is opened or created. */
async function chooseSource(
  format: (typeof formats)[number],
  file: string | undefined,
  options: ImportOptions,
): Promise<OpenSource> {
  const renaming = readRenaming(options);
  if (format === 'legacy-fernet') {
    if (file !== undefined) throw new WrongCommandLine('legacy-fernet takes no file.');
    return (config, now) => openLegacySource(options, config, { ...renaming, now: () => now });
  }
  if (file === undefined) throw new WrongCommandLine(`${format} needs a file.`);
  if (format !== 'valetkey') {
    refuseUnreadable(file);
    return (_, now) => readFileSource(file, format, { ...renaming, now: () => now });
  }
  refuseRenaming(options);
  if (options.identity === undefined) throw new WrongCommandLine('valetkey needs --identity.');
  refuseUnreadable(file);
  const identity = await parseLineKey(readText('--identity', options.identity), 'identity');
  return () => readSealedSource(file, identity);
}

/** Connections of an export keep their users, providers and tenants. */
function refuseRenaming(options: ImportOptions): void {
  for (const name of ['users', 'providers', 'tenant'] as const)
    if (options[name] !== undefined) throw new WrongCommandLine(`valetkey takes no --${name}: nothing is renamed.`);
}

function openLegacySource({ from, prefix }: ImportOptions, { store }: Config, renaming: Renaming) {
  const url = from ?? (store.kind === 'redis' ? store.url.reveal() : undefined);
  if (url === undefined) throw new WrongCommandLine('legacy-fernet needs --from where REDIS_URL is not set.');
  const source = readLegacySource({ url, prefix, keys: loadFernetKeys(currentEnvironment()) }, renaming);
  return from === undefined ? source : namingFrom(source);
}

async function* namingFrom(source: AsyncIterable<SourceRecord>): AsyncGenerator<SourceRecord> {
  try {
    yield* source;
  } catch (error) {
    nameOptions({ REDIS_URL: '--from' })(error);
  }
}

function readRenaming({ users, providers, tenant }: ImportOptions): Omit<Renaming, 'now'> {
  return {
    users: readUsers(users),
    providers: parsePairs(providers),
    tenant: tenant === undefined ? undefined : parseTenant(tenant),
  };
}

function print({ dry_run, created, existing, refused }: ImportReport): void {
  console.log(
    `${created} ${dry_run ? 'would be created' : 'created'}, ${existing} existed, ${refused.length} refused.`,
  );
  for (const line of firstLines(refused.map(({ where, problem }) => `${where}\t${problem}`))) console.log(line);
}

const usersSchema = z.record(
  z.string(),
  z.union([
    z.string().transform((user) => ({ user, tenant: undefined })),
    z.strictObject({ user: z.string(), tenant: z.string().optional() }),
  ]),
);

function readUsers(path: string | undefined): Renaming['users'] {
  if (path === undefined) return new Map();
  try {
    return new Map(Object.entries(usersSchema.parse(JSON.parse(readText('--users', path)))));
  } catch (error) {
    if (error instanceof CommandFailed) throw error;
    throw new CommandFailed('--users: is not JSON of the expected form.');
  }
}

function parsePairs(text: string | undefined): ReadonlyMap<string, string> {
  const pairs = (text ?? '').split(',').filter((pair) => pair !== '');
  return new Map(
    pairs.map((pair) => {
      const [there = '', here = '', ...rest] = pair.split('=').map((part) => part.trim());
      if (there === '' || here === '' || rest.length > 0) throw new WrongCommandLine('--providers: must be old=new,…');
      return [there, here];
    }),
  );
}
