/** `valetkey sandbox`: only the authorization servers of the sandbox, for developing against them. */

import { Command } from 'commander';
import { stringify } from 'yaml';
import { currentEnvironment, loadConfig } from '../service/config.js';
import { makeDataDir } from '../service/generated-keys.js';
import { closeOnSignal } from '../service/server.js';
import { examples } from './examples.js';

/** Runs until a signal ends it. */
export function sandboxCommand(): Command {
  return new Command('sandbox')
    .description('run the sandbox authorization servers alone and print a PROVIDERS_FILE for them')
    .option('--json', 'print the PROVIDERS_FILE as JSON instead of YAML')
    .addHelpText('after', examples('sandbox > providers.yaml'))
    .action(async ({ json }: { json?: boolean }) => {
      const { startSandbox } = await import('../sandbox/index.js');
      const { baseUrl, dataDir } = loadConfig(currentEnvironment(), 'none');
      makeDataDir(dataDir);
      const sandbox = await startSandbox(baseUrl, dataDir);
      const file = { providers: sandbox.entries };
      console.log(json ? JSON.stringify(file) : stringify(file));
      process.exitCode = await closeOnSignal(() => sandbox.close());
    });
}
