/** `valetkey link`: mints a one-time link by hand, for support and for trying things out. */

import { Command } from 'commander';
import { withManager } from './open-local.js';

interface LinkOptions {
  readonly tenant?: string;
  readonly scopes?: string;
  readonly account?: string;
  readonly json?: boolean;
}

/** Links are bearer secrets: they go to stdout and to nobody's log. */
export function linkCommand(): Command {
  const command = new Command('link').description('mint a one-time link for one person');
  command
    .command('connect')
    .argument('<user>', 'the user id that the bot uses')
    .argument('<provider>')
    .description('a link to connect an account at a provider')
    .option('--scopes <list>', 'comma- or space-separated; without it, the default of the provider')
    .option('--account <label>', 'which of several accounts')
    .option('--tenant <id>', 'tenant of the user')
    .option('--json', 'print {"connect_id", "url", "expires_at"}')
    .action(connect);
  command
    .command('account')
    .argument('<user>', 'the user id that the bot uses')
    .description('a link to the page of what a user has connected')
    .option('--tenant <id>', 'tenant of the user')
    .option('--json', 'print {"url", "expires_at"}')
    .action(account);
  return command;
}

async function connect(user: string, provider: string, { scopes, json, account, tenant }: LinkOptions): Promise<void> {
  const wanted = scopes?.split(/[\s,]+/).filter((scope) => scope !== '');
  const started = await withManager((manager) =>
    manager.startConnect(user, provider, { account, tenant, ...(wanted ? { scopes: wanted } : {}) }),
  );
  print({ connect_id: started.connectId, url: started.connectUrl, expires_at: seconds(started.expiresAt) }, json);
}

async function account(user: string, { tenant, json }: LinkOptions): Promise<void> {
  const { url, expiresAt } = await withManager((manager) => manager.createAccountLink(user, { tenant }));
  print({ url, expires_at: seconds(expiresAt) }, json);
}

function print(link: { connect_id?: string; url: string; expires_at: number }, json: boolean | undefined): void {
  console.log(json ? JSON.stringify(link) : link.url);
}

const seconds = (ms: number) => Math.floor(ms / 1000);
