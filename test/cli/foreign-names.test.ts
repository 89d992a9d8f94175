/** Names that others chose, at their provider, in their token or by an older program, on the terminal of an operator. */

import { expect, it } from 'vitest';
import { defaultTenant } from '../../src/core/identifiers.js';
import { parseOwner } from '../../src/core/parse-input.js';
import { openStore } from '../../src/open-store.js';
import { createApiKey } from '../../src/service/api-keys.js';
import { aConnection } from '../store/samples.js';
import { run } from '../support/command-line.js';
import { operator } from '../support/operator-store.js';

/** Rings, colours, goes to another line and column, and turns the reading direction; in C0, C1 and as a format. */
const hostile = 'Ada\x07\x1b[31m\n\u009b2J\u202e\u2028\u{e0041}';
const shown = 'Ada\\u0007\\u001b[31m\\u000a\\u009b2J\\u202e\\u2028\\udb40\\udc41';
const turned = 'slack:T1:\u202ebob';

it.each([
  ['connections list', `\t${shown}\t`],
  [`connections list ${turned}`, 'slack:T1:\\u202ebob\t'],
  [`connections show ${turned} github`, 'slack:T1:\\u202ebob\n'],
  ['api-keys list', `\t${shown}\t`],
  ['audit tail', `\t${shown}`],
])('%s prints nothing that a terminal would act on', async (line, expected) => {
  const store = await openStore(operator);
  const owner = parseOwner(turned, undefined);
  const connection = aConnection(owner, { identity: { id: '4711', name: hostile } });
  await store.connections.write(owner, [{ kind: 'put_connection', connection, expect: 'absent', generation: 1 }]);
  await createApiKey(store.documents, { owner: hostile, role: 'bot', tenant: defaultTenant }, 1);
  const actor = { kind: 'caller', id: turned } as const;
  await store.audit.append({ at: 1, act: 'token.issue', tenant: defaultTenant, actor, outcome: 'ok', reason: hostile });
  await store.close();
  const { status, out } = await run(line);
  expect(status).toBe(0);
  expect(out).toContain(expected);
  expect(out.replace(/[\n\t]/g, '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
});
