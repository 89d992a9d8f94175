/** `valetkey audit`: the audit trail on the command line, to follow it or to copy it elsewhere. */

import { Command, InvalidArgumentError } from 'commander';
import type { StoredAuditEntry } from '../core/audit.js';
import type { TenantId } from '../core/identifiers.js';
import type { AuditStore } from '../core/store.js';
import { checkKeys } from '../store/key-registry.js';
import { sealedAudit } from '../store/sealed-audit.js';
import { examples } from './examples.js';
import { interruptible } from './interruption.js';
import { parseTenant } from './named-tenant.js';
import { withEngine } from './open-local.js';
import { inOneLine, paint } from './terminal.js';

const batch = 500;

/** Needs the configuration of the store. */
export function auditCommand(): Command {
  const command = new Command('audit').description('read the audit trail');
  command
    .command('tail')
    .description('print the newest entries, oldest first')
    .option('--tenant <id>', 'whose trail', 'default')
    .option('--lines <n>', 'how many', parseLines, 20)
    .option('--follow', 'go on with what comes, until interrupted')
    .option('--json', 'print JSON lines')
    .addHelpText('after', examples('audit tail --lines 50', 'audit tail --follow --json'))
    .action(tail);
  command
    .command('export')
    .description('print every entry that is kept as JSON lines, oldest first')
    .option('--tenant <id>', 'whose trail', 'default')
    .option('--after <id>', 'only what follows this entry')
    .option('--json', 'JSON lines are what it prints in any case')
    .addHelpText('after', examples('audit export --tenant acme > audit.jsonl'))
    .action(exportAll);
  return command;
}

interface TailOptions {
  readonly tenant: string;
  readonly lines: number;
  readonly follow?: boolean;
  readonly json?: boolean;
}

async function tail({ tenant, lines, follow = false, json = false }: TailOptions): Promise<void> {
  const show = json ? formatLine : describe;
  await withAudit(async (audit) => {
    const newest = await audit.readEnd(parseTenant(tenant), lines);
    for (const entry of newest) console.log(show(entry));
    const from = { tenant: parseTenant(tenant), after: newest.at(-1)?.id, show };
    if (follow) await interruptible((ending) => followFrom(audit, from, ending));
  });
}

/** Follows until the signal. */
async function followFrom(
  audit: AuditStore,
  { tenant, after, show }: { tenant: TenantId; after: string | undefined; show: (entry: StoredAuditEntry) => string },
  ending: AbortSignal,
): Promise<void> {
  let position = after;
  while (!ending.aborted) {
    const entries = await audit.read(tenant, position, batch);
    for (const entry of entries) console.log(show(entry));
    position = entries.at(-1)?.id ?? position;
    if (entries.length === 0) await audit.wait(tenant, position, ending);
  }
}

async function exportAll({ tenant, after }: { tenant: string; after?: string }): Promise<void> {
  await withAudit(async (audit) => {
    let entries = await audit.read(parseTenant(tenant), after, batch);
    while (entries.length > 0) {
      for (const entry of entries) console.log(formatLine(entry));
      entries = await audit.read(parseTenant(tenant), entries.at(-1)?.id, batch);
    }
  });
}

/** Opens the engine alone, which a migrated store does not refuse: its audit trail was not moved and is read here. */
function withAudit<T>(work: (audit: AuditStore) => Promise<T>): Promise<T> {
  return withEngine(async ({ engine, keyring, config }) => {
    await checkKeys(engine, keyring);
    return work(sealedAudit(engine, keyring, config.trust.audit.keepMs));
  });
}

/** The same form as in `GET /v1/audit`. */
function formatLine({ id, entry }: StoredAuditEntry): string {
  return JSON.stringify({ id, ...entry, at: entry.at / 1000 });
}

function describe({ entry }: StoredAuditEntry): string {
  const { at, act, outcome, actor, user = '-', provider = '-', reason = '' } = entry;
  const tone = outcome === 'ok' ? 'good' : outcome === 'refused' ? 'mind' : 'bad';
  return [
    new Date(at).toISOString(),
    act,
    paint(tone, outcome),
    inOneLine(`${actor.kind} ${actor.id}`),
    inOneLine(user),
    provider,
    inOneLine(reason),
  ].join('\t');
}

function parseLines(text: string): number {
  const lines = Number(text);
  if (!Number.isInteger(lines) || lines < 1 || lines > 10_000) throw new InvalidArgumentError('1 to 10000 lines.');
  return lines;
}
