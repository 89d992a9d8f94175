/** All commands under one name, and the status with which each of them ends. */

import { Command, CommanderError } from 'commander';
import { apiKeysCommand } from './api-keys.js';
import { auditCommand } from './audit.js';
import { doctorCommand } from './doctor.js';
import { exitCodes, reportFailure } from './exit.js';
import { exportCommand } from './export.js';
import { importCommand } from './import.js';
import { keysCommand } from './keys.js';
import { linkCommand } from './link.js';
import { migrateCommand } from './migrate.js';
import { sandboxCommand } from './sandbox.js';
import { serveCommand } from './serve.js';
import { readVersion } from './version.js';
import { webhooksCommand } from './webhooks.js';
import { workerCommand } from './worker.js';

/**
 * Runs one command line, without the program's own name, and resolves with its exit status. Never rejects: what went
 * wrong is said on stderr.
 */
export async function runCommand(args: readonly string[]): Promise<number> {
  process.exitCode = exitCodes.done;
  try {
    await createProgram().parseAsync(args, { from: 'user' });
    return Number(process.exitCode);
  } catch (error) {
    // Help and version end this way too.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
    return reportFailure(error);
  }
}

function createProgram(): Command {
  const program = new Command('valetkey')
    .description('OAuth tokens per user for chat bots, agents and tool handlers')
    .version(readVersion())
    .addHelpText('after', '\nConfiguration comes from the environment: see .env.example and docs/configuration.md.')
    .showHelpAfterError('(add --help for what it takes)');
  const commands = [
    serveCommand,
    doctorCommand,
    apiKeysCommand,
    auditCommand,
    keysCommand,
    linkCommand,
    importCommand,
    exportCommand,
    migrateCommand,
    sandboxCommand,
    workerCommand,
    webhooksCommand,
  ];
  for (const create of commands) program.addCommand(create());
  return throwInsteadOfExit(program);
}

/** Commands that are added inherit nothing. */
function throwInsteadOfExit(command: Command): Command {
  for (const inner of command.commands) throwInsteadOfExit(inner);
  return command.exitOverride();
}
