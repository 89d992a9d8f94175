/** `valetkey worker`: refreshes ahead without serving anybody, beside services that leave it to this one. */

import { Command } from 'commander';
import { openManager } from '../open-manager.js';
import { loadConfig } from '../service/config.js';
import { createLogger } from '../service/logger.js';
import { managerOptions } from '../service/manager-options.js';
import { closeOnSignal } from '../service/server.js';

/** Needs the same configuration as the service; REFRESH_AHEAD=false does not stop it. */
export function workerCommand(): Command {
  return new Command('worker')
    .description('refresh tokens ahead and end unproven grants, without a server, until SIGTERM or SIGINT')
    .action(async () => {
      process.exitCode = await work();
    });
}

async function work(): Promise<number> {
  const config = loadConfig();
  const log = createLogger(config.logLevel);
  for (const warning of config.warnings) log.warn({}, warning);
  const manager = await openManager({
    ...managerOptions(config),
    refreshAhead: config.refreshAhead,
    backgroundWork: true,
    log: {
      debug: (fields, message) => log.debug(fields, message),
      info: (fields, message) => log.info(fields, message),
      warn: (fields, message) => log.warn(fields, message),
      error: (fields, message) => log.error(fields, message),
    },
  });
  log.info({ ...config.refreshAhead }, 'the worker looks after what is due');
  // Nothing else may hold the process: with an embedded store there is no connection that would.
  const awake = setInterval(() => undefined, 60_000);
  const status = await closeOnSignal(() => manager.close());
  clearInterval(awake);
  log.info({ status }, 'closed');
  return status;
}
