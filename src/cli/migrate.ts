/** `valetkey migrate`: from the configured store into Redis, beside the running service. */

import { Command, Option } from 'commander';
import { openEngine } from '../open-store.js';
import type { Config } from '../service/config.js';
import { keyPrefixSchema, redisUrlSchema } from '../service/config-schema.js';
import { createLogger } from '../service/logger.js';
import { managerOptions } from '../service/manager-options.js';
import { registerKeys } from '../store/key-registry.js';
import { type Migration, migrate } from '../transfer/migrate.js';
import { examples } from './examples.js';
import { exitCodes, WrongCommandLine } from './exit.js';
import { warnOfMoved } from './moved-store.js';
import { readText } from './named-file.js';
import { nameOptions } from './named-options.js';
import { withEngine } from './open-local.js';
import { withProgress } from './progress.js';
import { refuseOpen } from './stopped-service.js';

interface MigrateOptions {
  readonly to?: string;
  readonly toFile?: string;
  readonly toPrefix?: string;
  readonly finish?: boolean;
  readonly json?: boolean;
}

/** Run it again and again until the service on the old store is stopped; the last run is the one with `--finish`. */
export function migrateCommand(): Command {
  return new Command('migrate')
    .description('copy this store into Redis, sealed as it is; may run beside the service, and again')
    .option('--to <url>', 'redis://, rediss://, redis+sentinel:// or redis+cluster://')
    .addOption(new Option('--to-file <file>', 'file that holds the URL, where it holds a password').conflicts('to'))
    .option('--to-prefix <prefix>', 'KEY_PREFIX there; without it, the same as here')
    .option('--finish', 'with the service stopped: compare once more, and let services use the new store')
    .option('--json', 'print {"written", "removed", "source", "target", "equal", "finished"}')
    .addHelpText('after', examples('migrate --to redis://localhost:6379', 'migrate --to-file redis-url --finish'))
    .action(run);
}

async function run(options: MigrateOptions): Promise<void> {
  const { option, url } = readTarget(options);
  refusePrefix(options.toPrefix);
  const migration = await withEngine(async ({ engine, keyring, config }) => {
    // If a service went on with the old store, both would refresh the same grants, which ends them.
    if (options.finish) refuseOpen(engine);
    await warnOfMoved(engine);
    await registerKeys(engine, keyring);
    const target = await openTarget(config, url, options.toPrefix).catch(nameOptions({ REDIS_URL: option }));
    try {
      const plan = { source: engine, target, finish: options.finish ?? false };
      return await withProgress('copying owners', (onProgress) => migrate(plan, onProgress));
    } finally {
      await target.close();
    }
  });
  console.log(options.json ? JSON.stringify(migration) : describe(migration));
  if (!migration.equal) process.exitCode = exitCodes.failed;
}

/** Where to copy to, and the option that names it. */
function readTarget({ to, toFile }: MigrateOptions): { readonly option: string; readonly url: string } {
  if (to === undefined && toFile === undefined) throw new WrongCommandLine('--to or --to-file is needed.');
  const option = to === undefined ? '--to-file' : '--to';
  const url = to ?? readText(option, toFile ?? '').trim();
  const { error } = redisUrlSchema.safeParse(url);
  if (error) throw new WrongCommandLine(`${option}: ${error.issues[0]?.message}.`);
  return { option, url };
}

/** The engine takes more prefixes than a service, which is to use the target afterwards. */
function refusePrefix(prefix: string | undefined): void {
  const { error } = keyPrefixSchema.optional().safeParse(prefix);
  if (error) throw new WrongCommandLine(`--to-prefix: ${error.issues[0]?.message}.`);
}

function openTarget(config: Config, redisUrl: string, toPrefix: string | undefined) {
  const { dataDir: _, ...options } = managerOptions(config);
  return openEngine({ ...options, redisUrl, keyPrefix: toPrefix ?? config.keyPrefix }, createLogger('silent'));
}

function describe({ written, removed, source, target, equal, finished }: Migration): string {
  const counts = (each: Migration['source']) =>
    `${each.owners} owners, ${each.fields} records, ${each.documents} documents, ${each.digest.slice(0, 16)}`;
  return [
    `${written} written, ${removed} removed.`,
    `here   ${counts(source)}`,
    `there  ${counts(target)}`,
    finished
      ? 'Both are equal and the migration is finished: start the service with REDIS_URL.'
      : equal
        ? 'Both are equal. Stop the service, then run this again with --finish.'
        : 'They differ: something was written meanwhile. Run this again.',
  ].join('\n');
}
