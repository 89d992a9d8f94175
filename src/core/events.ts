/** What happened to a connection, for the programs that wait to hear of it. Never a secret. */

import { z } from 'zod';
import { accountLabelSchema, providerIdSchema, userIdSchema } from './identifiers.js';

const about = {
  /** Epoch ms. */
  at: z.number().int(),
  userId: userIdSchema,
  provider: providerIdSchema,
  account: accountLabelSchema,
};

/** What the bot gave when it made the link, for it to find its way back: a thread, a message. */
const metadata = z.record(z.string(), z.string()).optional();

/** An event as it lies in the log, one shape per type. Times in epoch ms. */
export const connectionEventSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('connection.created'), connectionId: z.string(), ...about }),
  z.object({
    type: z.literal('connection.updated'),
    connectionId: z.string(),
    change: z.string().optional(),
    ...about,
  }),
  z.object({
    type: z.literal('connection.needs_reauthorization'),
    connectionId: z.string(),
    error: z.string(),
    ...about,
  }),
  z.object({ type: z.literal('connection.deleted'), connectionId: z.string(), ...about }),
  z.object({
    type: z.literal('connect.completed'),
    connectId: z.string(),
    connectionId: z.string(),
    metadata,
    ...about,
  }),
  z.object({ type: z.literal('connect.failed'), connectId: z.string(), error: z.string(), metadata, ...about }),
  /** A connect moved on without being over; wakes long-polls, is not shown to subscribers. */
  z.object({ type: z.literal('connect.progressed'), connectId: z.string(), ...about }),
]);
export type ConnectionEvent = Readonly<z.infer<typeof connectionEventSchema>>;

/** Told to subscribers. What else is in the log is for our own long-polls. */
const toldTypes: ReadonlySet<string> = new Set<ConnectionEvent['type']>([
  'connection.created',
  'connection.updated',
  'connection.needs_reauthorization',
  'connection.deleted',
  'connect.completed',
  'connect.failed',
]);

/** Whether subscribers are told of the event. */
export function isTold(event: ConnectionEvent): boolean {
  return toldTypes.has(event.type);
}

/** An event with its place in the tenant's log; `id` is what `Last-Event-ID` names. */
export interface StoredEvent {
  readonly id: string;
  readonly event: ConnectionEvent;
}
