/** Providers at which every customer has a host of its own: what goes wrong at one of them stops nobody at the others. */

import { expect, onTestFinished, test } from 'vitest';
import { defaultTenant } from '../../src/core/identifiers.js';
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

/** A service with Salesforce at a scripted server, where each login host has its own path. */
async function openSalesforce(parameters?: Record<string, string>) {
  const server = await startScriptedServer();
  onTestFinished(() => server.close());
  const entry = {
    template: 'salesforce',
    client_id: 'c',
    client_secret: 's',
    authorization_endpoint: `${server.url}/{login_host}/authorize`,
    token_endpoint: `${server.url}/{login_host}/token`,
    userinfo_endpoint: `${server.url}/{login_host}/me`,
    ...(parameters && { parameters }),
  };
  const service = await openService({
    variables: { CONNECT_PROOF: 'none', UNSAFE_CONNECT_WITHOUT_PROOF: 'true' },
    providers: async () => ({ crm: entry }),
  });
  const { manager } = service;
  for (const host of ['login', 'test', 'acme.my']) {
    const tokens = { access_token: `at-${host}`, refresh_token: `rt-${host}`, instance_url: `https://${host}.example` };
    server.answer(`/${host}.salesforce.com/token`, { json: tokens });
    server.answer(`/${host}.salesforce.com/me`, { json: { organization_id: 'o', user_id: host } });
  }
  /** Answers the path to which the browser was sent. */
  const connect = async (user: string, given?: Record<string, string>) => {
    const code = await manager.createLinkCode(user, 'crm', given && { parameters: given });
    const { authorizationUrl, browserSecret } = await manager.startAuthorization('crm', code);
    const { pathname, searchParams } = new URL(authorizationUrl);
    const answer = new URLSearchParams({ code: 'x', state: searchParams.get('state') ?? '' });
    await manager.finishAuthorization('crm', answer, browserSecret.reveal());
    return pathname;
  };
  return { ...service, server, connect };
}

test('a connect may name another host than the usual one; refreshes and reconnects go there as well', async () => {
  const { manager, server, clock, connect } = await openSalesforce();
  const sandbox = { login_host: 'test.salesforce.com' };
  expect(await connect('one')).toBe('/login.salesforce.com/authorize');
  expect(await connect('two', sandbox)).toBe('/test.salesforce.com/authorize');
  expect((await manager.requireToken('two', 'crm')).parameters).toMatchObject(sandbox);
  clock.advance(2 * hour);
  const renewed = [await manager.requireToken('two', 'crm'), await manager.requireToken('one', 'crm')];
  expect(renewed.map(({ accessToken }) => accessToken.reveal())).toEqual(['at-test', 'at-login']);
  expect(server.requestsTo('/test.salesforce.com/token').at(-1)?.form.get('refresh_token')).toBe('rt-test');
  expect(await connect('two')).toBe('/test.salesforce.com/authorize');
});

test('an account is the same by whichever of the provider’s hosts it came (L12)', async () => {
  const { manager, server, connect } = await openSalesforce();
  for (const host of ['login', 'test']) {
    server.answer(`/${host}.salesforce.com/me`, { json: { organization_id: 'o', user_id: 'u' } });
  }
  await connect('one');
  await connect('two', { login_host: 'test.salesforce.com' });
  const told = (await manager.events.read(defaultTenant, undefined, 100)).map(({ event }) => event);
  expect(told).toContainEqual(expect.objectContaining({ change: 'account_shared', userId: 'one' }));
});

test('such a host must be one of the provider’s', async () => {
  const { connect } = await openSalesforce();
  const refused = { code: 'invalid_request', field: 'parameters.login_host' };
  await expect(connect('one', { login_host: 'evil.example' })).rejects.toMatchObject(refused);
});

test('what the operator has fixed stands', async () => {
  const { connect } = await openSalesforce({ login_host: 'acme.my.salesforce.com' });
  expect(await connect('one', { login_host: 'test.salesforce.com' })).toBe('/acme.my.salesforce.com/authorize');
});

test('an address that an answer to a refresh names takes the place of the one before', async () => {
  const { manager, server, clock, connect } = await openSalesforce();
  await connect('one');
  const tokens = { access_token: 'at-2', instance_url: 'https://moved.example' };
  server.answer('/login.salesforce.com/token', { json: tokens });
  clock.advance(2 * hour);
  const { accessToken, parameters } = await manager.requireToken('one', 'crm');
  expect([accessToken.reveal(), parameters]).toEqual(['at-2', { instance_url: 'https://moved.example' }]);
  server.answer('/login.salesforce.com/token', { json: { access_token: 'at-3' } });
  clock.advance(2 * hour);
  expect((await manager.requireToken('one', 'crm')).parameters).toEqual({ instance_url: 'https://moved.example' });
});
