/** `valetkey connections`: what people have connected, listed and ended by the operator. Never shows a secret. */

import { Command } from 'commander';
import { operatorActor } from '../core/audit.js';
import type { TenantId } from '../core/identifiers.js';
import { parseOwner } from '../core/parse-input.js';
import type { ConnectionDetails, ConnectionSummary, TokenUse } from '../core/views.js';
import type { OAuthManager } from '../oauth-manager.js';
import { readConnections } from '../transfer/export-connections.js';
import { secondsOrNull, toSeconds } from './epoch-seconds.js';
import { examples } from './examples.js';
import { CommandFailed } from './exit.js';
import { firstLines } from './first-lines.js';
import { parseTenant } from './named-tenant.js';
import { withEngine, withManager } from './open-local.js';
import { withProgress } from './progress.js';
import { retryCommand } from './retry-refused.js';
import { inOneLine, paint } from './terminal.js';

interface ConnectionOptions {
  readonly tenant: string;
  readonly account?: string;
  readonly json?: boolean;
}

/** Needs the whole configuration, as providers are asked to revoke. */
export function connectionsCommand(): Command {
  const command = new Command('connections').description('what people have connected');
  const tenant = ['--tenant <id>', 'tenant of the users', 'default'] as const;
  command
    .command('list')
    .argument('[user]', 'the user id that the bot uses; without it, everybody')
    .description('list connections, one a line')
    .option(...tenant)
    .option('--json', 'print one JSON object a line')
    .addHelpText('after', examples('connections list', 'connections list slack:T1:U2 --json'))
    .action(list);
  command
    .command('show')
    .arguments('<user> <provider>')
    .description('show one connection and who used it')
    .option('--account <label>', 'which of several accounts')
    .option(...tenant)
    .option('--json', 'print one JSON object, with "uses"')
    .addHelpText('after', examples('connections show slack:T1:U2 github'))
    .action(show);
  command
    .command('disconnect')
    .arguments('<user> <provider>')
    .description('revoke at the provider and forget here, at once; status 1 when there is no such connection')
    .option('--account <label>', 'which of several accounts')
    .option(...tenant)
    .option('--json', 'print {"revoked": "yes"|"no"|"unsupported", "also_ended"?}')
    .addHelpText('after', examples('connections disconnect slack:T1:U2 github --account work'))
    .action(disconnect);
  return command.addCommand(retryCommand());
}

async function list(user: string | undefined, { tenant, json }: ConnectionOptions): Promise<void> {
  const users = user === undefined ? await findUsers(parseTenant(tenant)) : [user];
  await withManager(async (manager) => {
    for (const each of users) {
      for (const connection of await manager.listUserConnections(each, { tenant })) {
        console.log(json ? JSON.stringify(wireOf(each, connection)) : describe(each, connection));
      }
    }
  }, 'read');
}

/** Everybody with a connection; a record that cannot be opened is reported and skipped. */
async function findUsers(tenant: TenantId): Promise<readonly string[]> {
  const users = new Set<string>();
  const unopened: string[] = [];
  await withEngine((beneath) =>
    withProgress('reading', async (onProgress) => {
      let done = 0;
      for await (const { userId } of readConnections(beneath, { tenant }, ({ where }) => unopened.push(where))) {
        users.add(userId);
        onProgress({ done: ++done });
      }
    }),
  );
  const lines = unopened.map((where) => `cannot be opened: ${where}`);
  for (const line of firstLines(lines, '"valetkey keys verify --json" prints all')) console.error(line);
  return [...users].sort();
}

async function show(user: string, provider: string, options: ConnectionOptions): Promise<void> {
  const { connection, uses } = await withManager((manager) => findOne(manager, { user, provider, ...options }), 'read');
  const wire = wireOf(user, connection);
  if (options.json) console.log(JSON.stringify({ ...wire, uses: uses.map(wireOfUse) }));
  else for (const [name, value] of Object.entries(wire)) console.log(`${name.padEnd(18)} ${formatValue(name, value)}`);
  if (!options.json) for (const use of uses) console.log(describeUse(use));
}

/** Recorded as the operator's: whoever can read the store's keys may do everything. */
async function disconnect(user: string, provider: string, options: ConnectionOptions): Promise<void> {
  const { tenant, json } = options;
  const { revoked, alsoEnded } = await withManager(async (manager) => {
    const { connection } = await findOne(manager, { user, provider, ...options });
    const { account, connectionId: connection_id } = connection;
    const ended = await manager.at({}).deleteToken(user, provider, { tenant, account });
    const owner = parseOwner(user, tenant);
    const about = { tenant: owner.tenant, user: owner.userId, provider: connection.provider, account, connection_id };
    const reason = `revoked: ${ended.revoked}`;
    await manager.recordAct({ act: 'disconnect', actor: operatorActor, ...about, outcome: 'ok', reason });
    return ended;
  });
  if (json) console.log(JSON.stringify({ revoked, also_ended: alsoEnded }));
  else console.log(`Disconnected. Revoked at the provider: ${revoked}.`);
}

interface Wanted extends ConnectionOptions {
  readonly user: string;
  readonly provider: string;
}

/** The connection that is meant: by its label, else the default or the only one. */
async function findOne(manager: OAuthManager, { user, provider, account, tenant }: Wanted): Promise<ConnectionDetails> {
  const details = await manager.describeConnections(user, { tenant });
  const there = details.filter(({ connection }) => connection.provider === provider);
  const chosen = there.find(({ connection }) => connection.account === (account ?? 'default'));
  const found = chosen ?? (account === undefined && there.length === 1 ? there[0] : undefined);
  if (found !== undefined) return found;
  const labels = there.map(({ connection }) => inOneLine(connection.account)).join(', ');
  throw new CommandFailed(`There is no such connection.${labels && ` Those of the user there: --account ${labels}.`}`);
}

/** Fields as over HTTP; times in epoch seconds. */
function wireOf(user: string, one: ConnectionSummary) {
  return {
    user,
    provider: one.provider,
    account_label: one.account,
    account: one.identity ?? null,
    connection_id: one.connectionId,
    status: one.status,
    scopes: one.scope,
    expires_at: secondsOrNull(one.expiresAt),
    has_refresh_token: one.hasRefreshToken,
    connected_at: toSeconds(one.connectedAt),
    paused_at: secondsOrNull(one.pausedAt),
    last_used_at: secondsOrNull(one.lastUsedAt),
  };
}

function wireOfUse({ at, caller, name, purpose }: TokenUse) {
  return { at: toSeconds(at), caller, name: name ?? null, purpose: purpose ?? null };
}

function describe(user: string, one: ConnectionSummary): string {
  const { identity, status, lastUsedAt } = one;
  const account = identity?.name ?? identity?.email ?? identity?.id ?? '-';
  const used = lastUsedAt === undefined ? 'never used' : `last used ${new Date(lastUsedAt).toISOString()}`;
  const tone = status === 'active' ? 'good' : status === 'paused' ? 'mind' : 'bad';
  const names = [user, one.provider, one.account, account].map(inOneLine);
  return [...names, paint(tone, status), used].join('\t');
}

function describeUse({ at, caller, name, purpose = '' }: TokenUse): string {
  return ['used', new Date(at).toISOString(), inOneLine(name ?? caller), inOneLine(purpose)].join('\t').trimEnd();
}

function formatValue(name: string, value: unknown): string {
  if (value === null) return '-';
  if (name.endsWith('_at')) return new Date(Number(value) * 1000).toISOString();
  return inOneLine(typeof value === 'string' ? value : JSON.stringify(value));
}
