/** A receiver of webhooks: answers what the test sets, and checks signatures with its own code by the specification. */

import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import { onTestFinished } from 'vitest';
import { z } from 'zod';

const bodySchema = z.looseObject({
  type: z.string(),
  timestamp: z.iso.datetime(),
  data: z.looseObject({ event_id: z.string(), tenant: z.string(), user: z.string() }),
});

/** One received request. */
export interface Received {
  readonly id: string;
  readonly signatures: readonly string[];
  readonly signed: string;
  readonly body: z.infer<typeof bodySchema>;
  /** Path and query. */
  readonly target: string;
  /** Whether it was answered with 2xx. */
  readonly taken: boolean;
  /** `performance.now()`. */
  readonly at: number;
}

export interface WebhookReceiver {
  readonly url: string;
  readonly received: readonly Received[];
  /** The requests that were answered with 2xx. */
  readonly taken: () => readonly Received[];
}

/** The secrets of the tests, as operators write them. */
export const webhookSecrets = ['first', 'second'].map(
  (name) => `whsec_${Buffer.from(name.padEnd(32, '.')).toString('base64')}`,
);

/** Starts it on a free port. `answer` gives the status for the n-th request, counted from 0. */
export async function startWebhookReceiver(
  answer: (index: number) => number | { status: number; headers: Record<string, string> } = () => 204,
): Promise<WebhookReceiver> {
  const received: Received[] = [];
  const server = createServer(async (request, response) => {
    const at = performance.now();
    let text = '';
    for await (const chunk of request) text += chunk;
    const told = answer(received.length);
    const { status, headers } = typeof told === 'number' ? { status: told, headers: {} } : told;
    const header = (name: string) => String(request.headers[name]);
    const id = header('webhook-id');
    received.push({
      id,
      signatures: header('webhook-signature').split(' '),
      signed: `${id}.${header('webhook-timestamp')}.${text}`,
      body: bodySchema.parse(JSON.parse(text)),
      target: request.url ?? '',
      taken: status >= 200 && status < 300,
      at,
    });
    response.writeHead(status, headers).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return { url: `http://127.0.0.1:${port}/hook`, received, taken: () => received.filter(({ taken }) => taken) };
}

/** The signature by the specification: base64 of HMAC-SHA256 over `id.timestamp.body`. */
export function signatureBy(secret: string, signed: string): string {
  const key = Buffer.from(secret.replace('whsec_', ''), 'base64');
  return `v1,${createHmac('sha256', key).update(signed).digest('base64')}`;
}
