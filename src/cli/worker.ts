/** `valetkey worker`: refreshes ahead without serving anybody, beside services that leave it to this one. */

import { Command } from 'commander';
import { openManager } from '../open-manager.js';
import { openStore } from '../open-store.js';
import { loadConfig } from '../service/config.js';
import { createLogger, logFunctions } from '../service/logger.js';
import { managerOptions } from '../service/manager-options.js';
import { closeOnSignal } from '../service/server.js';
import { beginTracing } from '../service/tracing/begin.js';
import { startWebhooks } from '../service/webhooks/worker.js';
import { examples } from './examples.js';

/** Needs the same configuration as the service; REFRESH_AHEAD=false does not stop it. */
export function workerCommand(): Command {
  return new Command('worker')
    .description('refresh ahead, end unproven grants and send webhooks, without a server, until SIGTERM or SIGINT')
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
  const tracing = await beginTracing(config.tracing, logFunctions(log));
  const options = { ...managerOptions(config), log: logFunctions(log), tracer: tracing?.tracer };
  const store = await openStore(options, options.log);
  const manager = await openManager({ ...options, store, refreshAhead: config.refreshAhead, backgroundWork: true });
  const webhooks = config.webhooks && startWebhooks(config.webhooks, { store, log: options.log, now: Date.now });
  log.info({ ...config.refreshAhead }, 'the worker looks after what is due');
  // Nothing else may hold the process: with an embedded store there is no connection that would.
  const awake = setInterval(() => undefined, 60_000);
  const status = await closeOnSignal(async () => {
    await webhooks?.stop();
    await manager.close();
    await tracing?.close();
  });
  clearInterval(awake);
  log.info({ status }, 'closed');
  return status;
}
