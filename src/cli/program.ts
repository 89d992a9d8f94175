/** All commands under one name, and the status with which each of them ends. */

import { Command, CommanderError } from 'commander';
import { exitCodes, reportFailure, usageHint } from './exit.js';
import { readVersion } from './version.js';

/** By name, and loaded only when needed: to load all of them takes longer than to start a service. */
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  serve: async () => (await import('./serve.js')).serveCommand(),
  doctor: async () => (await import('./doctor.js')).doctorCommand(),
  connections: async () => (await import('./connections.js')).connectionsCommand(),
  'api-keys': async () => (await import('./api-keys.js')).apiKeysCommand(),
  audit: async () => (await import('./audit.js')).auditCommand(),
  keys: async () => (await import('./keys.js')).keysCommand(),
  link: async () => (await import('./link.js')).linkCommand(),
  import: async () => (await import('./import.js')).importCommand(),
  export: async () => (await import('./export.js')).exportCommand(),
  migrate: async () => (await import('./migrate.js')).migrateCommand(),
  sandbox: async () => (await import('./sandbox.js')).sandboxCommand(),
  worker: async () => (await import('./worker.js')).workerCommand(),
  webhooks: async () => (await import('./webhooks.js')).webhooksCommand(),
};

/**
 * Runs one command line, without the program's own name, and resolves with its exit status. Never rejects: a failure is
 * reported on stderr.
 */
export async function runCommand(args: readonly string[]): Promise<number> {
  process.exitCode = exitCodes.done;
  try {
    const program = await createProgram(args[0] ?? '');
    await program.parseAsync(args, { from: 'user' });
    return Number(process.exitCode);
  } catch (error) {
    // Help and version end this way too.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
    return reportFailure(error);
  }
}

/** With only the command that is named, or with all of them to list them. */
async function createProgram(name: string): Promise<Command> {
  const program = new Command('valetkey')
    .description('OAuth tokens per user for chat bots, agents and tool handlers')
    .version(readVersion())
    .addHelpText('after', '\nConfiguration comes from the environment: .env.example, docs/configuration.md.')
    .addHelpText(
      'after',
      `Exit status: 0 done, 1 failed, 2 wrong command line, ${exitCodes.configuration} wrong configuration.`,
    );
  const named = Object.hasOwn(commands, name) ? commands[name] : undefined;
  for (const create of named ? [named] : Object.values(commands)) program.addCommand(await create());
  return throwInsteadOfExit(program);
}

/** The width of descriptions, in characters, which are wrapped even beside long names of commands. */
const minWidthToWrap = 20;

/** Commands that are added do not inherit these settings. */
function throwInsteadOfExit(command: Command): Command {
  for (const inner of command.commands) throwInsteadOfExit(inner);
  return command.exitOverride().showHelpAfterError(usageHint).configureHelp({ minWidthToWrap });
}
