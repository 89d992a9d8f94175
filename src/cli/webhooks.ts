/** `valetkey webhooks`: the results of deliveries, and sending events again by hand. */

import { Command } from 'commander';
import { isTold, type StoredEvent } from '../core/events.js';
import type { TenantId } from '../core/identifiers.js';
import type { EventStore, Store } from '../core/store.js';
import { messageOf } from '../service/webhooks/message.js';
import { findProgress, type LoggedAttempt } from '../service/webhooks/progress.js';
import { createSender, type WebhookSender } from '../service/webhooks/sender.js';
import { toSeconds } from './epoch-seconds.js';
import { examples } from './examples.js';
import { CommandFailed } from './exit.js';
import { parseTenant } from './named-tenant.js';
import { withStore } from './open-local.js';

interface WebhookOptions {
  readonly tenant: string;
  readonly json?: boolean;
}

/** Needs the configuration of the store; `replay` also WEBHOOK_URL and WEBHOOK_SECRETS. */
export function webhooksCommand(): Command {
  const command = new Command('webhooks').description('deliveries to WEBHOOK_URL');
  command
    .command('list')
    .description('list the latest attempts to deliver, oldest first')
    .option('--tenant <id>', 'whose events', 'default')
    .option('--json', 'print one JSON object a line')
    .addHelpText('after', examples('webhooks list --json'))
    .action(list);
  command
    .command('replay')
    .description('send events again, in order, with the ids they had; receivers that know them pass them over')
    .requiredOption('--since <event>', 'id of the first event to send, as list and the webhooks themselves show it')
    .option('--tenant <id>', 'whose events', 'default')
    .option('--json', 'print one JSON object a line')
    .addHelpText(
      'after',
      `\nExit status: 1 when an event was not taken.\n${examples('webhooks replay --since 1795233984521000')}`,
    )
    .action(replay);
  return command;
}

async function list({ tenant, json }: WebhookOptions): Promise<void> {
  const find = (store: Store) => findProgress(store.documents, parseTenant(tenant));
  const { attempts } = await withStore(find, 'read');
  for (const attempt of attempts) console.log(json ? JSON.stringify(wireOf(attempt)) : describeAttempt(attempt));
}

async function replay({ tenant: name, since, json }: WebhookOptions & { since: string }): Promise<void> {
  const tenant = parseTenant(name);
  const failed = await withStore(async (store, { webhooks }) => {
    if (webhooks === undefined) throw new CommandFailed('WEBHOOK_URL and WEBHOOK_SECRETS are not set.');
    const begun = (await store.now()) - performance.now();
    const now = () => Math.round(begun + performance.now());
    const sender = createSender(webhooks, now);
    try {
      return await sendAll(await readSince(store.events, tenant, since), { tenant, sender, now, json });
    } finally {
      await sender.close();
    }
  });
  if (failed > 0) throw new CommandFailed(`${failed} of the events were not taken.`);
}

const batch = 500;

/** From this event on, itself included; the log is read from its beginning, since event ids are opaque. */
async function readSince(events: EventStore, tenant: TenantId, since: string): Promise<readonly StoredEvent[]> {
  const found: StoredEvent[] = [];
  let after: string | undefined;
  for (;;) {
    const entries = await events.read(tenant, after, batch);
    const begin = found.length > 0 ? 0 : entries.findIndex(({ id }) => id === since);
    if (begin >= 0) found.push(...entries.slice(begin));
    after = entries.at(-1)?.id;
    if (after === undefined) break;
  }
  if (found.length === 0) throw new CommandFailed('No event of that id is kept for this tenant.');
  return found.filter(({ event }) => isTold(event));
}

interface Replay {
  readonly tenant: TenantId;
  readonly sender: WebhookSender;
  /** Epoch ms. */
  readonly now: () => number;
  readonly json: boolean | undefined;
}

/** Sends them one after the other, each once; answers how many were not accepted. */
async function sendAll(entries: readonly StoredEvent[], { tenant, sender, now, json }: Replay): Promise<number> {
  let failed = 0;
  for (const entry of entries) {
    const message = messageOf(tenant, entry);
    const { delivered, status, failure, durationMs } = await sender.send(message);
    if (!delivered) failed += 1;
    const attempt = { eventId: entry.id, webhookId: message.id, type: entry.event.type, at: now(), attempt: 1 };
    const outcome = delivered ? 'delivered' : 'failed';
    const line: LoggedAttempt = { ...attempt, outcome, status, failure, durationMs };
    console.log(json ? JSON.stringify(wireOf(line)) : describeAttempt(line));
  }
  return failed;
}

function wireOf({ eventId, webhookId, type, at, attempt, outcome, status, failure, durationMs }: LoggedAttempt) {
  return {
    event_id: eventId,
    webhook_id: webhookId,
    type,
    at: toSeconds(at),
    attempt,
    outcome,
    status,
    failure,
    duration_ms: durationMs,
  };
}

function describeAttempt({ eventId, type, at, attempt, outcome, status, failure, durationMs }: LoggedAttempt): string {
  const answer = status ?? failure ?? '-';
  return [new Date(at).toISOString(), eventId, type, `#${attempt}`, outcome, answer, `${durationMs} ms`].join('\t');
}
