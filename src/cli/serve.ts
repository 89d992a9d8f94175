/** `valetkey serve`: runs the service until a signal ends it. */

import { Command } from 'commander';
import { isLoopbackPage } from '../core/endpoint.js';
import type { OAuthManager } from '../oauth-manager.js';
import type { Sandbox } from '../sandbox/index.js';
import { buildApp } from '../service/app.js';
import { closeInOrder } from '../service/close-in-order.js';
import { type Config, configuredProviders, loadConfig } from '../service/config.js';
import { makeDataDir } from '../service/generated-keys.js';
import { createLogger, type Logger } from '../service/logger.js';
import { closeOnSignal, listen } from '../service/server.js';
import { examples } from './examples.js';
import { describeStart, startFacts } from './start-banner.js';
import { readVersion } from './version.js';

/** Needs the whole configuration. */
export function serveCommand(): Command {
  return new Command('serve')
    .description('run the service until SIGTERM or SIGINT')
    .option('--sandbox-if-unconfigured', 'with no provider configured, start sandbox authorization servers on loopback')
    .option('--json', 'print where it runs as one JSON object instead of the lines for people')
    .addHelpText('after', examples('serve', 'serve --sandbox-if-unconfigured'))
    .action(async (options: ServeOptions) => {
      process.exitCode = await serve(options);
    });
}

interface ServeOptions {
  readonly sandboxIfUnconfigured?: boolean;
  readonly json?: boolean;
}

async function serve({ sandboxIfUnconfigured = false, json = false }: ServeOptions): Promise<number> {
  const configured = loadConfig();
  const log = createLogger(configured.logLevel);
  for (const warning of configured.warnings) log.warn({}, warning);
  const sandbox = sandboxIfUnconfigured && wantsSandbox(configured) ? await openSandbox(configured) : undefined;
  const config = sandbox ? { ...configured, ...sandbox.settings } : configured;
  const { service, server } = await start(config, log).catch(async (error: unknown) => {
    await sandbox?.close();
    throw error;
  });
  const ended = closeOnSignal(() => closeInOrder([() => server.close(), () => sandbox?.close()]));
  const accountLink = await mintAccountLink(service.manager, config);
  const extras = { hasSandbox: sandbox !== undefined, accountLink };
  process.stdout.write(json ? `${JSON.stringify(startFacts(config, extras))}\n` : describeStart(config, extras));
  const status = await ended;
  log.info({ status }, 'closed');
  return status;
}

async function start(config: Config, log: Logger) {
  const service = await buildApp(config, { log, version: readVersion() });
  return { service, server: await listen(service, config) };
}

/** Browsers elsewhere cannot reach a sandbox on loopback, so a public service gets none. */
function wantsSandbox(config: Config): boolean {
  const unconfigured = configuredProviders(config).length === 0 && !config.hasProvidersFile;
  return unconfigured && isLoopbackPage(new URL(config.baseUrl).hostname);
}

/** The sandbox and its changes to the configuration; as no other provider is configured, only it uses http. */
async function openSandbox(config: Config): Promise<Sandbox & { settings: Partial<Config> }> {
  const { startSandbox } = await import('../sandbox/index.js');
  makeDataDir(config.dataDir);
  const sandbox = await startSandbox(config.baseUrl, config.dataDir);
  return { ...sandbox, settings: { providers: sandbox.entries, allowInsecureLoopbackProviders: true } };
}

/** For the person at this terminal; no link is shown if the output is a log that others read. */
async function mintAccountLink(manager: OAuthManager, config: Config): Promise<string | undefined> {
  if (config.generated.apiKey === undefined || !isLoopbackPage(new URL(config.baseUrl).hostname)) return undefined;
  return (await manager.createAccountLink('me')).url;
}
