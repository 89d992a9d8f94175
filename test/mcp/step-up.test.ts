/** A 403 that wants more scope: the union is asked for, once, and nothing is asked for in circles. */

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OAuthNotConnected } from '../../src/core/errors.js';
import { createMcpFetch, type McpFetch } from '../../src/mcp/mcp-fetch.js';
import { needed } from '../support/mcp-caller.js';
import { type McpWorld, type McpWorldOptions, openMcpWorld } from '../support/mcp-world.js';
import { storeKinds } from '../support/service.js';

let world: McpWorld;
let mcpFetch: McpFetch;

async function start(options: McpWorldOptions = {}): Promise<void> {
  world = await openMcpWorld({ tokens: { extra: { scope: undefined } }, ...options });
  mcpFetch = createMcpFetch({ userId: 'ada', manager: world.manager }, world.url);
}

afterEach(() => world.close());

async function outcomeOf(work: Promise<Response>): Promise<Response | OAuthNotConnected> {
  return work.catch((error: unknown) => {
    if (error instanceof OAuthNotConnected) return error;
    throw error;
  });
}

async function connectOn(outcome: Response | OAuthNotConnected): Promise<string | null> {
  if (!(outcome instanceof OAuthNotConnected)) throw new TypeError('nobody was needed');
  return (await world.connect(outcome.connectUrl)).searchParams.get('scope');
}

const demand = (scope: string) =>
  world.server.answer('/mcp', {
    status: 403,
    headers: { 'www-authenticate': `Bearer error="insufficient_scope", scope="${scope}"` },
  });

/** Asked for more, the person says no. */
async function declined(): Promise<void> {
  await connectOn(await outcomeOf(mcpFetch(world.url)));
  demand('write');
  const outcome = await outcomeOf(mcpFetch(world.url));
  if (!(outcome instanceof OAuthNotConnected)) throw new TypeError('nobody was needed');
  await world.connect(outcome.connectUrl, (answer) => {
    answer.delete('code');
    answer.set('error', 'access_denied');
  });
}

describe.each(storeKinds)('a 403, on the %s store', (store) => {
  beforeEach(() => start({ store }));

  it('without insufficient_scope starts nothing (M-33)', async () => {
    await connectOn(await outcomeOf(mcpFetch(world.url)));
    for (const header of [undefined, 'Bearer', 'Bearer scope="more"', 'Bearer error="invalid_request", scope="more"']) {
      world.server.answer('/mcp', { status: 403, ...(header && { headers: { 'www-authenticate': header } }) });
      const outcome = await outcomeOf(mcpFetch(world.url));
      expect(outcome).toMatchObject({ status: 403 });
    }
  });

  it('with it asks for what was asked before and what is missing, without a refresh (M-33, M-34)', async () => {
    expect(await connectOn(await outcomeOf(mcpFetch(world.url)))).toBe('read');
    demand('write');
    const outcome = await outcomeOf(mcpFetch(world.url));
    expect(outcome).toMatchObject({ reason: 'insufficient_scope', missingScopes: ['write'] });
    expect(await connectOn(outcome)).toBe('read write');
    expect(world.tokens.refreshCount()).toBe(0);
  });

  it('that goes on after the person agreed is passed on, not asked for again (M-35)', async () => {
    await connectOn(await outcomeOf(mcpFetch(world.url)));
    demand('write');
    await connectOn(await outcomeOf(mcpFetch(world.url)));
    for (let count = 0; count < 3; count += 1)
      expect(await outcomeOf(mcpFetch(world.url))).toMatchObject({ status: 403 });
  });

  it('after the person declined is passed on, not asked for again (M-35)', async () => {
    await declined();
    for (let count = 0; count < 3; count += 1)
      expect(await outcomeOf(mcpFetch(world.url))).toMatchObject({ status: 403 });
  });

  it('that one person has declined is still asked of another', async () => {
    const { connectUrl } = await needed(world.manager.mcp.requireToken('grace', world.url));
    await world.connect(connectUrl);
    await declined();
    const grace = createMcpFetch({ userId: 'grace', manager: world.manager }, world.url);
    expect(await outcomeOf(grace(world.url))).toMatchObject({ reason: 'insufficient_scope' });
  });

  it('that wants ever more comes to an end (C7)', async () => {
    await connectOn(await outcomeOf(mcpFetch(world.url)));
    let rounds = 0;
    for (; rounds < 10; rounds += 1) {
      demand(`more-${rounds}`);
      const outcome = await outcomeOf(mcpFetch(world.url));
      if (outcome instanceof Response) break;
      await connectOn(outcome);
    }
    expect(rounds).toBe(3);
  });

  it('cannot ask for scope that the operator does not allow (C7)', async () => {
    await world.close();
    await start({ store, policy: ({ server }) => ({ servers: { [server]: { allowed_scopes: ['read', 'write'] } } }) });
    await connectOn(await outcomeOf(mcpFetch(world.url)));
    demand('admin');
    expect(await outcomeOf(mcpFetch(world.url))).toMatchObject({ status: 403 });
    demand('admin write');
    expect(await connectOn(await outcomeOf(mcpFetch(world.url)))).toBe('read write');
  });

  it('is sent again when somebody else has had the token widened meanwhile', async () => {
    await connectOn(await outcomeOf(mcpFetch(world.url)));
    let widened = false;
    world.server.answer('/mcp', async () => {
      if (widened) return { json: { ok: true } };
      widened = true;
      const { connectUrl } = await world.manager.startConnect(
        'ada',
        (await world.manager.listUserConnections('ada'))[0]?.provider ?? '',
        { scopes: ['read', 'write'] },
      );
      await world.connect(connectUrl);
      return { status: 403, headers: { 'www-authenticate': 'Bearer error="insufficient_scope", scope="write"' } };
    });
    expect(await outcomeOf(mcpFetch(world.url))).toMatchObject({ status: 200 });
  });
});

// Redis counts by its own clock; here it is the test's.
it('what the person declined is asked for again after ten minutes (M-35)', async () => {
  await start();
  await declined();
  expect(await outcomeOf(mcpFetch(world.url))).toMatchObject({ status: 403 });
  world.clock.advance(10 * 60_000 + 1_000);
  expect(await outcomeOf(mcpFetch(world.url))).toMatchObject({ reason: 'insufficient_scope' });
});
