/** One registration for several processes, where one of them is behind what another has done. */

import { afterEach, describe, expect, it, vi } from 'vitest';
import { OAuthNotConnected } from '../../src/core/errors.js';
import type { OAuthManager } from '../../src/oauth-manager.js';
import { openManager } from '../../src/open-manager.js';
import { openStore } from '../../src/open-store.js';
import { type McpWorld, type McpWorldOptions, managerOptions, openMcpWorld } from '../support/mcp-world.js';

const open: { close(): Promise<void> }[] = [];

afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

async function openWorld(options: McpWorldOptions = {}): Promise<McpWorld> {
  const world = await openMcpWorld(options);
  open.push(world);
  return world;
}

const ask = (manager: OAuthManager, { url }: McpWorld, user = 'ada') =>
  manager.mcp.requireToken(user, url).catch((error: unknown) => error);

async function connect(world: McpWorld, user: string): Promise<void> {
  const error = await ask(world.manager, world, user);
  if (!(error instanceof OAuthNotConnected)) throw error;
  await world.connect(error.connectUrl);
}

const registrations = (world: McpWorld) => world.issuer.requestsTo('/register').length;

describe('a process that is behind', () => {
  it('looks for a client once more when its turn to register has come (M7)', async () => {
    const world = await openWorld();
    const store = await openStore({ encryptionKeys: managerOptions.encryptionKeys, ...world.place });
    const late = await openManager({ ...managerOptions, store, mcp: {}, now: world.clock.now });
    open.push(late);
    const acquire = store.leases.acquire.bind(store.leases);
    vi.spyOn(store.leases, 'acquire').mockImplementationOnce(async (...lease) => {
      expect(await ask(world.manager, world)).toBeInstanceOf(OAuthNotConnected);
      return acquire(...lease);
    });
    expect(await ask(late, world, 'grace')).toBeInstanceOf(OAuthNotConnected);
    expect(registrations(world)).toBe(1);
  });

  it('does not forget the client that another one has registered in place of its own (M-17)', async () => {
    const world = await openWorld();
    for (const user of ['ada', 'grace']) await connect(world, user);
    const sibling = await world.openSibling();
    expect(await ask(sibling, world, 'grace')).not.toBeInstanceOf(Error);
    world.clock.advance(3_600_000 + 1_000);
    world.issuer.answer('/token', ({ headers }) =>
      atob(headers.authorization?.slice(6) ?? '').startsWith('client-1:')
        ? { status: 401, json: { error: 'invalid_client' } }
        : { status: 400, json: { error: 'invalid_grant' } },
    );
    expect(await ask(world.manager, world)).toMatchObject({ code: 'reauthorization_required' });
    expect(registrations(world)).toBe(2);
    expect(await ask(sibling, world, 'grace')).toMatchObject({ code: 'provider_misconfigured' });
    expect(registrations(world)).toBe(2);
  });
});

it('a secret that is said to have ended before it was made is kept: some servers give a lifetime, not a time', async () => {
  const json = { client_id: 'a', client_secret: 's', client_secret_expires_at: 3600 };
  const world = await openWorld({ registration: { status: 201, json } });
  await ask(world.manager, world);
  await connect(world, 'grace');
  expect(registrations(world)).toBe(1);
});
