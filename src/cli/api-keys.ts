/** `valetkey api-keys`: keys that are kept in the store; running services notice a change at once. */

import { Command, InvalidArgumentError, Option } from 'commander';
import { operatorActor } from '../core/audit.js';
import { type ApiKeyView, createApiKey, findApiKey, listApiKeys, revokeApiKey } from '../service/api-keys.js';
import { callerRoleSchema } from '../service/config-schema.js';
import { secondsOrNull, toSeconds } from './epoch-seconds.js';
import { examples } from './examples.js';
import { CommandFailed } from './exit.js';
import { parseProviders } from './named-providers.js';
import { parseTenant } from './named-tenant.js';
import { withStore } from './open-local.js';
import { inOneLine } from './terminal.js';

interface CreateOptions {
  readonly owner: string;
  readonly role: string;
  readonly tenant: string;
  readonly providers?: string;
  readonly days?: number;
  readonly json?: boolean;
}

/** Needs the configuration of the store. */
export function apiKeysCommand(): Command {
  const command = new Command('api-keys').description('API keys in the store, beside those of API_KEYS');
  command
    .command('create')
    .description('make a key and print it; it cannot be shown again')
    .requiredOption('--owner <name>', 'who answers for the key: a person or a team', parseOwner)
    .addOption(new Option('--role <role>', 'what it may do').choices(callerRoleSchema.options).default('bot'))
    .option('--tenant <id>', 'whose users it reaches', 'default')
    .option('--providers <ids>', 'comma-separated; without it, every provider')
    .option('--days <n>', 'how long it is good; without it, until revoked', parseDays)
    .option('--json', 'print {"id", "key", "role", …}')
    .addHelpText(
      'after',
      examples('api-keys create --owner team-bots', 'api-keys create --owner ci --role viewer --days 30'),
    )
    .action(create);
  command
    .command('list')
    .description('list keys, revoked and expired ones too; never the key itself')
    .option('--json', 'print an array')
    .addHelpText('after', examples('api-keys list --json'))
    .action(list);
  command
    .command('revoke')
    .argument('<id>', 'as list shows it')
    .description('refuse a key from now on')
    .option('--json', 'print {"id", "revoked": true}')
    .addHelpText('after', examples('api-keys revoke 5f1d6a1f7f2b4c10'))
    .action(revoke);
  return command;
}

async function create({ owner, role, tenant, providers, days, json }: CreateOptions): Promise<void> {
  const request = {
    owner,
    role: callerRoleSchema.parse(role),
    tenant: parseTenant(tenant),
  };
  await withStore(async (store, config) => {
    const allowed = providers === undefined ? undefined : parseProviders('--providers', providers, config);
    const now = await store.now();
    const expiresAt = days === undefined ? undefined : now + days * 86_400_000;
    const { key, view } = await createApiKey(store.documents, { ...request, providers: allowed, expiresAt }, now);
    // Recorded before it is shown: a key whose creation is not in the audit trail must not be handed out.
    await store.audit.append({ at: now, act: 'api_key.create', actor: operatorActor, ...aboutKey(view) });
    console.log(json ? JSON.stringify({ ...wireOf(view), key: key.reveal() }) : key.reveal());
  });
}

async function list({ json }: { json?: boolean }): Promise<void> {
  const keys = await withStore((store) => listApiKeys(store.documents), 'read');
  if (json) console.log(JSON.stringify(keys.map(wireOf)));
  else for (const key of keys) console.log(describeKey(key));
}

async function revoke(id: string, { json }: { json?: boolean }): Promise<void> {
  await withStore(async (store) => {
    const view = await findApiKey(store.documents, id);
    if (view === undefined) throw new CommandFailed('There is no key of that id.');
    const now = await store.now();
    await revokeApiKey(store.documents, id, now);
    await store.audit.append({ at: now, act: 'api_key.revoke', actor: operatorActor, ...aboutKey(view) });
    console.log(json ? JSON.stringify({ id, revoked: true }) : `The key ${id} is refused from now on.`);
  });
}

function aboutKey({ tenant, id, role }: ApiKeyView) {
  return { tenant, object: id, reason: `role: ${role}`, outcome: 'ok' } as const;
}

/** The same fields as in `GET /v1/api-keys`, for every tenant. */
function wireOf({ id, owner, role, tenant, ...key }: ApiKeyView) {
  return {
    ...{ id, owner, role, tenant },
    providers: key.providers ?? null,
    created_at: toSeconds(key.createdAt),
    expires_at: secondsOrNull(key.expiresAt),
    revoked_at: secondsOrNull(key.revokedAt),
    last_used_at: secondsOrNull(key.lastUsedAt),
  };
}

function describeKey(key: ApiKeyView): string {
  const when = (ms: number | undefined) => (ms === undefined ? '-' : new Date(ms).toISOString());
  const state = key.revokedAt ? `revoked ${when(key.revokedAt)}` : `expires ${when(key.expiresAt)}`;
  return [key.id, key.role, key.tenant, inOneLine(key.owner), state, `last used ${when(key.lastUsedAt)}`].join('\t');
}

function parseOwner(text: string): string {
  if (!/^\P{Cc}{1,128}$/u.test(text)) throw new InvalidArgumentError('1 to 128 characters, no control characters.');
  return text;
}

function parseDays(text: string): number {
  const days = Number(text);
  if (!Number.isInteger(days) || days < 1 || days > 3650) throw new InvalidArgumentError('1 to 3650 days.');
  return days;
}
