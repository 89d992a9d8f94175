/** How commands end: one status per kind of failure, documented in docs/cli.md, and one line that says why. */

import { getSystemErrorMap } from 'node:util';
import {
  ConfigurationError,
  InvalidRequest,
  KeyUnavailable,
  OAuthManagerError,
  UnknownProvider,
} from '../core/errors.js';
import { KeyServiceAway, KeyServiceOutage, KeyServiceRefusal } from '../keys/key-service.js';
import { SandboxNotInstalled } from '../sandbox/not-installed.js';
import { configurationExitCode } from '../service/config.js';

/** Exit statuses of the command. */
export const exitCodes = {
  done: 0,
  /** Something failed, or the doctor found something that does not work. */
  failed: 1,
  /** The command line itself is wrong. */
  usage: 2,
  configuration: configurationExitCode,
} as const;

/** A failure whose message is all that the operator needs to read. */
export class CommandFailed extends Error {}

/** A wrong command line that commander cannot notice. Names the option, never its value. */
export class WrongCommandLine extends Error {}

/** Follows the reason why a command line is refused. */
export const usageHint = '(add --help for what it takes)';

/**
 * Writes the reason to stderr and answers the exit status. Own errors hold no secret; of others only kind and place are
 * shown.
 */
export function reportFailure(error: unknown): number {
  // Input of a command comes from its command line.
  if (error instanceof WrongCommandLine || error instanceof InvalidRequest) return reportUsage(error.message);
  if (error instanceof ConfigurationError) {
    const { faults } = error;
    if (faults.every(({ name }) => name.startsWith('--')))
      return reportUsage(faults.map(({ name, problem }) => `${name}: ${problem}.`).join('\n'));
    console.error(error.message);
    return exitCodes.configuration;
  }
  console.error(describe(error));
  // A status by which a supervisor knows that a restart with the same keys is of no use.
  const lacksKey = error instanceof KeyUnavailable && !(error instanceof KeyServiceAway);
  return lacksKey ? exitCodes.configuration : exitCodes.failed;
}

function reportUsage(problem: string): number {
  console.error(`error: ${problem}\n${usageHint}`);
  return exitCodes.usage;
}

/** Their messages are written for the operator. */
const ownErrors = [OAuthManagerError, CommandFailed, SandboxNotInstalled, KeyServiceRefusal, KeyServiceOutage];

function describe(error: unknown): string {
  if (error instanceof UnknownProvider)
    return 'No provider of that name is configured: "valetkey doctor" names those that are.';
  if (error instanceof KeyUnavailable) return `ENCRYPTION_KEYS: ${error.message}`;
  if (ownErrors.some((own) => error instanceof own) && error instanceof Error) return error.message;
  if (!(error instanceof Error)) return 'Failed.';
  return describeRefusal(error) ?? describeUnexpected(error);
}

/** An error of the operating system. Its file or port comes from the configuration or the command line. */
function describeRefusal(error: NodeJS.ErrnoException & { port?: number }): string | undefined {
  const { code, syscall, path, port } = error;
  if (code === 'EADDRINUSE') return `Port ${port} is in use: set PORT (of a worker, WORKER_PORT) to another one.`;
  if (syscall === 'listen' && code === 'EACCES')
    return `Port ${port} is not for this user: set PORT (of a worker, WORKER_PORT) to another one.`;
  if (syscall === 'listen' || syscall === 'getaddrinfo') return `HOST is no address of this machine (${code}).`;
  return path === undefined ? undefined : `${path}: ${reasonOf(error)}.`;
}

/** Why the operating system refuses something, in its own words. */
export function reasonOf({ code, errno = 0 }: NodeJS.ErrnoException): string {
  return getSystemErrorMap().get(errno)?.[1] ?? code ?? 'failed';
}

function describeUnexpected(error: Error): string {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  const frames = error.stack?.split('\n').filter((line) => /^\s+at /.test(line)) ?? [];
  return [`Failed: ${code}`, ...frames].join('\n');
}
