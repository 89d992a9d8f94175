/** `valetkey connections retry`: undoes an operator's mistake that made a provider refuse its users. */

import { Command } from 'commander';
import type { RefusedReport } from '../flows/refused-grants.js';
import { examples } from './examples.js';
import { exitCodes } from './exit.js';
import { interruptible } from './interruption.js';
import { parseProvider } from './named-providers.js';
import { withManager } from './open-local.js';
import { createProgressBar } from './progress.js';

interface RetryOptions {
  readonly provider?: string;
  readonly tenant?: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/** Part of `valetkey connections`. */
export function retryCommand(): Command {
  return new Command('retry')
    .argument('[user]', 'the user id that the bot uses; without it, everybody')
    .description('send refresh tokens again that were refused within the last day, after what was wrong is mended')
    .option('--provider <id>', 'of this provider alone')
    .option('--tenant <id>', 'of this tenant alone; of one user: default')
    .option('--dry-run', 'only count them')
    .option('--json', 'print {"found", "revived", "refused", "failed"}')
    .addHelpText(
      'after',
      '\nWhat is refused again stays as it was, and the user is not notified again.\nMay be interrupted and run again.',
    )
    .addHelpText(
      'after',
      examples('connections retry --provider google --dry-run', 'connections retry --provider google'),
    )
    .action(retry);
}

async function retry(userId: string | undefined, options: RetryOptions): Promise<void> {
  const { tenant, dryRun, json } = options;
  const bar = createProgressBar('sending again');
  const onProgress = ({ found }: RefusedReport) => bar.update({ done: found });
  const { report, wasInterrupted } = await interruptible(async (signal) => {
    const report = await withManager((manager, config) => {
      // A misspelt id would match nothing, and the result would look as if all were well.
      const provider = options.provider && parseProvider('--provider', options.provider, config);
      return manager.retryRefused({ userId, provider, tenant, dryRun, signal, onProgress });
    });
    return { report, wasInterrupted: signal.aborted };
  }).finally(() => bar.clear());
  if (json) console.log(JSON.stringify(report));
  else for (const line of describe(report, dryRun ?? false)) console.log(line);
  if (wasInterrupted) console.error('Interrupted: run it again for the others.');
  if (wasInterrupted || Object.keys(report.failed).length > 0) process.exitCode = exitCodes.failed;
}

function describe({ found, revived, refused, failed }: RefusedReport, dryRun: boolean): readonly string[] {
  if (dryRun) return [`Would be sent again: ${found}.`];
  const others = Object.entries(failed).map(([code, count]) => `${code}\t${count}`);
  return [`Sent again: ${found}. Work: ${revived}. Refused again: ${refused}.`, ...others];
}
