/** `valetkey worker`: refreshes ahead without serving callers, beside services that leave that to it. */

import { Command } from 'commander';
import { loadConfig } from '../service/config.js';
import { createLogger } from '../service/logger.js';
import { closeOnSignal } from '../service/server.js';
import { startWorker } from '../service/worker.js';
import { examples } from './examples.js';

/**
 * Needs the same configuration as the service; REFRESH_AHEAD=false does not stop it. WORKER_PORT serves health and metrics.
 */
export function workerCommand(): Command {
  return new Command('worker')
    .description('refresh ahead, end unproven grants and send webhooks, serving nobody, until SIGTERM or SIGINT')
    .option('--json', 'JSON lines are what it logs in any case')
    .addHelpText('after', examples('worker'))
    .action(async () => {
      process.exitCode = await work();
    });
}

async function work(): Promise<number> {
  const config = loadConfig();
  const log = createLogger(config.logLevel);
  for (const warning of config.warnings) log.warn({}, warning);
  const worker = await startWorker(config, log);
  log.info({ ...config.refreshAhead }, 'the worker looks after what is due');
  // Keeps the process alive, as an embedded store has no connection that would.
  const awake = setInterval(() => undefined, 60_000);
  const status = await closeOnSignal(() => worker.close());
  clearInterval(awake);
  log.info({ status }, 'closed');
  return status;
}
