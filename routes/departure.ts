/** Ends long answers that nobody waits for any more. */

import type { FastifyInstance, FastifyReply } from 'fastify';

/**
 * Creates signals for the answers of `app`: each aborts when its client leaves, when its answer is done, or when the server
 * starts to close, whichever comes first. Otherwise a closing server would wait for its longest stream.
 */
export function createDepartures(app: FastifyInstance): (reply: FastifyReply) => AbortSignal {
  const waiting = new Set<AbortController>();
  let closing = false;
  app.addHook('preClose', async () => {
    closing = true;
    for (const departure of waiting) departure.abort();
  });
  return (reply) => {
    const departure = new AbortController();
    if (closing || reply.raw.destroyed) departure.abort();
    waiting.add(departure);
    reply.raw.once('close', () => {
      waiting.delete(departure);
      departure.abort();
    });
    return departure.signal;
  };
}
