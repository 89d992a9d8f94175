/** The audit trail as administrators read it: page by page as JSON, or as JSON lines to the end. */

import { Readable } from 'node:stream';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { StoredAuditEntry } from '../src/core/audit.js';
import type { TenantId } from '../src/core/identifiers.js';
import type { OAuthManager } from '../src/oauth-manager.js';
import { auditAnswer, auditQuery } from './administration-schemas.js';
import { callerOf } from './caller.js';
import { formatAuditEntry, problemAnswers } from './wire.js';

const answer = {
  description: 'A page of entries; or, as JSON lines, all of them.',
  content: {
    'application/json': { schema: auditAnswer },
    'application/x-ndjson': { schema: z.unknown() },
  },
};

/** How many entries are read at a time. */
const batch = 500;
/** A filter that matches nothing must not read the whole trail in one request. */
const mostScanned = 10_000;
const usualLimit = 100;

/** Which entries are wanted. */
interface Wish {
  readonly tenant: TenantId;
  readonly after?: string;
  readonly act?: string;
  readonly user?: string;
}

/** `GET /audit`. */
export const auditTrail: FastifyPluginAsyncZod<{ manager: Pick<OAuthManager, 'audit'> }> = async (app, { manager }) => {
  app.route({
    method: 'GET',
    url: '/audit',
    exposeHeadRoute: false,
    // Entries are about users at every provider.
    config: { roles: ['admin'], everyProvider: true },
    schema: {
      operationId: 'readAudit',
      summary: 'What was done, by whom, for whom; oldest first. With `Accept: application/x-ndjson` as JSON lines',
      tags: ['audit'],
      querystring: auditQuery,
      response: { 200: answer, ...problemAnswers },
    },
    handler: async (request, reply) => {
      const { limit, ...filter } = request.query;
      const wish = { tenant: callerOf(request).tenant, ...filter };
      if (!/\bapplication\/x-ndjson\b/i.test(request.headers.accept ?? '')) {
        return readPage(manager, wish, limit ?? usualLimit);
      }
      // Read before the answer begins, so that an outage of the store is a problem answer and not an empty file.
      const first = await manager.audit.read(wish.tenant, wish.after, batch);
      reply.header('content-type', 'application/x-ndjson');
      // A stream is not passed through the JSON serializer.
      return reply.send(Readable.from(lines(manager, wish, { first, limit }), { objectMode: false }));
    },
  });
};

/** Up to `limit` entries, and the id to go on after; `null` at the end of the trail. */
async function readPage({ audit }: Pick<OAuthManager, 'audit'>, wish: Wish, limit: number) {
  const found: StoredAuditEntry[] = [];
  let after = wish.after;
  for (let scanned = 0; scanned < mostScanned; ) {
    const entries = await audit.read(wish.tenant, after, batch);
    scanned += entries.length;
    for (const entry of entries) {
      after = entry.id;
      if (isWanted(entry, wish)) found.push(entry);
      if (found.length === limit) return { entries: found.map(formatAuditEntry), next: after };
    }
    if (entries.length < batch) return { entries: found.map(formatAuditEntry), next: null };
  }
  return { entries: found.map(formatAuditEntry), next: after ?? null };
}

async function* lines(
  { audit }: Pick<OAuthManager, 'audit'>,
  wish: Wish,
  { first, limit = Number.POSITIVE_INFINITY }: { first: readonly StoredAuditEntry[]; limit?: number },
): AsyncGenerator<string> {
  let left = limit;
  for (let entries = first; entries.length > 0 && left > 0; ) {
    const wanted = entries.filter((entry) => isWanted(entry, wish)).slice(0, left);
    left -= wanted.length;
    for (const entry of wanted) yield `${JSON.stringify(formatAuditEntry(entry))}\n`;
    entries = await audit.read(wish.tenant, entries.at(-1)?.id, batch);
  }
}

function isWanted({ entry }: StoredAuditEntry, { act, user }: Wish): boolean {
  return (act === undefined || entry.act === act) && (user === undefined || entry.user === user);
}
