/** `valetkey link`: creates a one-time link by hand, for support and for trying things out. */

import { Command } from 'commander';
import { operatorActor } from '../core/audit.js';
import { parseAccount, parseOwner, parseProviderId } from '../core/parse-input.js';
import { toSeconds } from './epoch-seconds.js';
import { examples } from './examples.js';
import { withManager } from './open-local.js';

interface LinkOptions {
  readonly tenant?: string;
  readonly scopes?: string;
  readonly account?: string;
  readonly json?: boolean;
}

/** Links are bearer secrets: they are written to stdout and to no log. */
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
    .addHelpText('after', examples('link connect slack:T1:U2 github --scopes read:user,repo'))
    .action(connect);
  command
    .command('account')
    .argument('<user>', 'the user id that the bot uses')
    .description('a link to the page of what a user has connected')
    .option('--tenant <id>', 'tenant of the user')
    .option('--json', 'print {"url", "expires_at"}')
    .addHelpText('after', examples('link account slack:T1:U2'))
    .action(account);
  return command;
}

async function connect(user: string, provider: string, { scopes, json, account, tenant }: LinkOptions): Promise<void> {
  const wanted = scopes?.split(/[\s,]+/).filter((scope) => scope !== '');
  const started = await withManager(async (manager) => {
    const options = { account, tenant, ...(wanted ? { scopes: wanted } : {}) };
    const made = await manager.at({}).startConnect(user, provider, options);
    const whose = { ...ownerOf(user, tenant), provider: parseProviderId(provider), account: parseAccount(account) };
    await manager.recordAct({ act: 'connect.create', ...whose, object: made.connectId, outcome: 'ok' });
    return made;
  });
  print({ connect_id: started.connectId, url: started.connectUrl, expires_at: toSeconds(started.expiresAt) }, json);
}

async function account(user: string, { tenant, json }: LinkOptions): Promise<void> {
  const { url, expiresAt } = await withManager(async (manager) => {
    const made = await manager.at({}).createAccountLink(user, { tenant });
    await manager.recordAct({ act: 'account_link.create', ...ownerOf(user, tenant), outcome: 'ok' });
    return made;
  });
  print({ url, expires_at: toSeconds(expiresAt) }, json);
}

/** For the audit trail; a link that could not be recorded is not printed. */
function ownerOf(user: string, tenant: string | undefined) {
  const owner = parseOwner(user, tenant);
  return { actor: operatorActor, tenant: owner.tenant, user: owner.userId };
}

function print(link: { connect_id?: string; url: string; expires_at: number }, json: boolean | undefined): void {
  console.log(json ? JSON.stringify(link) : link.url);
}
