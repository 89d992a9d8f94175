/** Providers at which every customer has a host of its own: what goes wrong at one of them stops nobody at the others. */

import { describe, expect, it, onTestFinished, test } from 'vitest';
import { ProviderError, ProviderUnavailable } from '../../src/core/errors.js';
import { providerIdSchema } from '../../src/core/identifiers.js';
import { ProviderCircuits } from '../../src/flows/provider-circuits.js';
import { createManualClock } from '../support/clock.js';
import { startScriptedServer } from '../support/scripted-server.js';
import { openService } from '../support/service.js';

const hour = 3_600_000;

/** A service, and a connection of one user to each of these hosts. */
async function connectedTo(...hosts: readonly string[]) {
  const server = await startScriptedServer();
  onTestFinished(() => server.close());
  const entry = {
    template: 'zendesk',
    client_id: 'c',
    client_secret: 's',
    token_endpoint: `${server.url}/{subdomain}/token`,
    userinfo_endpoint: `${server.url}/{subdomain}/me`,
  };
  const service = await openService({
    variables: { CONNECT_PROOF: 'none', UNSAFE_CONNECT_WITHOUT_PROOF: 'true' },
    providers: async () => ({ desk: entry }),
  });
  const { manager } = service;
  for (const subdomain of hosts) {
    server.answer(`/${subdomain}/token`, { json: { access_token: 'at-1', refresh_token: 'rt-1', expires_in: 3600 } });
    server.answer(`/${subdomain}/me`, { json: { user: { id: 1 } } });
    const code = await manager.createLinkCode(subdomain, 'desk', { parameters: { subdomain } });
    const { authorizationUrl, browserSecret } = await manager.startAuthorization('desk', code);
    const state = new URL(authorizationUrl).searchParams.get('state') ?? '';
    await manager.finishAuthorization('desk', new URLSearchParams({ code: 'x', state }), browserSecret.reveal());
  }
  return { ...service, server };
}

test.each([
  ['closed', { status: 404 }],
  ['sent on', { status: 302, headers: { location: 'https://www.example.com/closed' } }],
  ['throttled', { status: 429, headers: { 'retry-after': '3600' } }],
])('a host that is %s costs one request, and the tokens of the others are refreshed as ever', async (_what, answer) => {
  const { manager, server, clock } = await connectedTo('one', 'other');
  server.answer('/one/token', answer);
  server.answer('/other/token', { json: { access_token: 'at-2', refresh_token: 'rt-2', expires_in: 3600 } });
  clock.advance(hour);
  const asked = server.requestsTo('/one/token').length;
  for (const _again of [1, 2, 3]) await expect(manager.requireToken('one', 'desk')).rejects.toThrow();
  expect(server.requestsTo('/one/token')).toHaveLength(asked + 1);
  const { accessToken } = await manager.requireToken('other', 'desk');
  expect(accessToken.reveal()).toBe('at-2');
});

describe('the circuit of one customer’s own host', () => {
  const desk = providerIdSchema.parse('desk');
  const about = { provider: desk } as const;
  const gone = () => new ProviderError('Not found.', { ...about, misconfigured: true, status: 404 });
  const later = (status: number) =>
    new ProviderUnavailable('Later.', { ...about, reached: 'no', status, retryAfterMs: 5_000 });
  const notUs = () =>
    new ProviderError('Who?', { ...about, misconfigured: true, status: 401, oauthError: 'invalid_client' });

  const openStage = () => {
    const clock = createManualClock();
    const circuits = new ProviderCircuits(clock.now);
    const isOpen = (place?: string) => {
      try {
        circuits.check(desk, place);
        return false;
      } catch {
        return true;
      }
    };
    const sendTo = (place: string, error: unknown) => {
      circuits.enter(desk, place);
      circuits.failed(desk, error, place);
    };
    return { clock, circuits, isOpen, sendTo };
  };

  it.each([
    ['is not there', gone()],
    ['was asked too often', later(429)],
  ])('that %s opens, and no other one', (_what, failure) => {
    const { circuits, isOpen, sendTo } = openStage();
    sendTo('closed', failure);
    expect([isOpen('closed'), isOpen('open'), isOpen()]).toEqual([true, false, false]);
    expect(circuits.open()).toEqual(new Map());
  });

  it('has longer pauses, whatever the others answer, lets one probe through, and closes when it answers', () => {
    const { clock, circuits, isOpen, sendTo } = openStage();
    for (let probes = 0; probes <= 10; probes += 1) {
      clock.advance(75_000);
      sendTo('closed', gone());
      circuits.succeeded(desk, 'open');
    }
    clock.advance(10_000);
    expect(isOpen('closed')).toBe(true);
    clock.advance(75_000);
    circuits.enter(desk, 'closed');
    expect(isOpen('closed')).toBe(true);
    circuits.succeeded(desk, 'closed');
    expect(isOpen('closed')).toBe(false);
  });

  it.each([
    ['a word about our client', notUs()],
    ['a server that has failed', later(503)],
  ])('is not meant by %s: that is about all of them', (_what, failure) => {
    const { clock, circuits, isOpen, sendTo } = openStage();
    sendTo('one', gone());
    clock.advance(2_000);
    sendTo('one', failure);
    expect([isOpen(), isOpen('another')]).toEqual([true, true]);
    circuits.succeeded(desk, 'another');
    expect([isOpen(), isOpen('one')]).toEqual([false, false]);
  });
});
