import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import type { ProviderEntry } from '../../providers/index.js';
import { openSourced } from '../support/sourced-manager.js';

const user = 'slack:T1:U2';
const token = { access_token: 'at', token_type: 'Bearer', expires_in: 3600, refresh_token: 'rt', scope: 'read' };

/** A provider of the catalogue at a scripted server, and a browser that comes back with what the test says. */
async function connectAt(
  template: string,
  more: { entry?: ProviderEntry; answer?: object; parameters?: Record<string, string> },
) {
  const opened = await openSourced({}, { unsafeConnectWithoutProof: true, connectProof: 'none' });
  const { server, openAnother } = opened;
  const entry: ProviderEntry = {
    template,
    client_id: 'c',
    client_secret: 'shop-secret',
    token_endpoint: `${server.url}/token`,
    userinfo_endpoint: `${server.url}/userinfo`,
    ...more.entry,
  };
  server.answer('/token', { json: { ...token, ...more.answer } });
  server.answer('/userinfo', { json: { sub: 'u1', organization_id: 'o', user_id: 'u' } });
  const manager = await openAnother({ providers: { here: entry } });
  const code = await manager.createLinkCode(user, 'here', { parameters: more.parameters });
  const { authorizationUrl, browserSecret } = await manager.startAuthorization('here', code);
  const state = new URL(authorizationUrl).searchParams.get('state') ?? '';
  const comeBack = (parameters: Record<string, string>) =>
    manager.finishAuthorization(
      'here',
      new URLSearchParams({ code: 'x', state, ...parameters }),
      browserSecret.reveal(),
    );
  return { manager, server, state, comeBack };
}

test('QuickBooks: the company of the authorization response is kept with the connection', async () => {
  const { manager, comeBack } = await connectAt('quickbooks', {});
  await comeBack({ realmId: '9130357' });
  const { parameters, identity } = await manager.requireToken(user, 'here');
  expect(parameters).toEqual({ realm_id: '9130357' });
  expect(identity?.id).toBe('9130357:u1');
});

test('Salesforce: the instance of the token response is kept with the connection', async () => {
  const { manager, comeBack } = await connectAt('salesforce', {
    answer: { instance_url: 'https://acme.my.salesforce.com' },
  });
  await comeBack({});
  const { parameters } = await manager.requireToken(user, 'here');
  expect(parameters).toEqual({ instance_url: 'https://acme.my.salesforce.com' });
});

test.each([[{ a: 1 }], ['x'.repeat(513)], ['two\nlines']])(
  'what is no short text is not kept: %j',
  async (instance_url) => {
    const { manager, comeBack } = await connectAt('salesforce', { answer: { instance_url } });
    await comeBack({});
    expect((await manager.requireToken(user, 'here')).parameters).toBeUndefined();
  },
);

const sign = (parameters: Record<string, string>, secret = 'shop-secret') =>
  createHmac('sha256', secret)
    .update(
      Object.keys(parameters)
        .sort()
        .map((name) => `${name}=${encodeURIComponent(parameters[name] ?? '')}`)
        .join('&'),
    )
    .digest('hex');

test.each([
  ['per connection', {}, { shop: 'acme' }],
  ['by configuration', { parameters: { shop: 'acme' } }, undefined],
])('Shopify: a response with its signature is taken, the shop known %s', async (_title, entry, parameters) => {
  const { manager, state, comeBack } = await connectAt('shopify', { entry, parameters });
  const sent = { shop: 'acme.myshopify.com', host: 'YWRtaW4=', timestamp: '1' };
  await comeBack({ ...sent, hmac: sign({ code: 'x', state, ...sent }) });
  const { accessToken, identity } = await manager.requireToken(user, 'here');
  expect(accessToken.reveal()).toBe('at');
  expect(identity).toEqual({ id: 'acme.myshopify.com', name: 'acme.myshopify.com' });
});

test('Shopify: a person’s own token is of that person in that shop', async () => {
  const answer = { associated_user: { id: 7, email: 'ada@example.com' } };
  const { manager, state, comeBack } = await connectAt('shopify', { answer, parameters: { shop: 'acme' } });
  const sent = { shop: 'acme.myshopify.com', timestamp: '1' };
  await comeBack({ ...sent, hmac: sign({ code: 'x', state, ...sent }) });
  const { identity } = await manager.requireToken(user, 'here');
  expect(identity).toEqual({ id: 'acme.myshopify.com:7', email: 'ada@example.com' });
});

test.each([
  ['slack', { team: { id: 'T1' }, enterprise: null, authed_user: { id: 'U1' } }, { team_id: 'T1' }],
  ['notion', { workspace_id: 'W1', bot_id: 'B1' }, { workspace_id: 'W1' }],
  [
    'discord',
    { guild: { id: '41' }, webhook: { id: '42', token: 'hook-secret' } },
    { guild_id: '41', webhook_id: '42' },
  ],
  ['zoom', { api_url: 'https://api-eu.zoom.us' }, { api_url: 'https://api-eu.zoom.us' }],
])('%s: what its API wants to know beside the token is kept', async (template, answer, kept) => {
  const { manager, comeBack } = await connectAt(template, { answer });
  await comeBack({});
  expect((await manager.requireToken(user, 'here')).parameters).toEqual(kept);
});

test.each([
  ['without signature', (sent: Record<string, string>) => sent, 'hmac'],
  ['signed by somebody else', (sent: Record<string, string>) => ({ ...sent, hmac: sign(sent, 'other') }), 'hmac'],
  ['changed afterwards', (sent: Record<string, string>) => ({ ...sent, timestamp: '2', hmac: sign(sent) }), 'hmac'],
  [
    'of another shop',
    (sent: Record<string, string>) => {
      const other = { ...sent, shop: 'evil.myshopify.com' };
      return { ...other, hmac: sign(other) };
    },
    'shop',
  ],
])('Shopify: a response %s is refused, and nothing is spent', async (_title, change, field) => {
  const { server, state, comeBack } = await connectAt('shopify', { parameters: { shop: 'acme' } });
  const sent = { code: 'x', state, shop: 'acme.myshopify.com', timestamp: '1' };
  await expect(comeBack(change(sent))).rejects.toMatchObject({ code: 'invalid_request', field });
  expect(server.requestsTo('/token')).toEqual([]);
  await comeBack({ ...sent, hmac: sign(sent) });
  expect(server.requestsTo('/token')).toHaveLength(1);
});

test('Microsoft: an administrator’s consent is no authorization: nothing is spent, and its tenant is not believed', async () => {
  const { server, manager, comeBack } = await connectAt('microsoft', {});
  const consent = { code: '', admin_consent: 'True', tenant: 'evil', scope: 'https://graph.microsoft.com/.default' };
  await expect(comeBack(consent)).rejects.toMatchObject({ code: 'invalid_request' });
  expect(server.requestsTo('/token')).toEqual([]);
  await comeBack({ tenant: 'evil' });
  expect((await manager.requireToken(user, 'here')).parameters).toBeUndefined();
});

test('Microsoft: where an administrator has to consent first, the connect ends and says so', async () => {
  const { server, manager, state } = await connectAt('microsoft', {});
  const code = await manager.createLinkCode(user, 'here');
  const { authorizationUrl, browserSecret } = await manager.startAuthorization('here', code);
  const back = new URLSearchParams({
    error: 'consent_required',
    error_description: 'AADSTS65001: The user or administrator has not consented.',
    state: new URL(authorizationUrl).searchParams.get('state') ?? '',
  });
  expect(back.get('state')).not.toBe(state);
  await manager.finishAuthorization('here', back, browserSecret.reveal());
  const view = await manager.describeFinished('here', browserSecret.reveal());
  expect(view).toMatchObject({ status: 'failed', error: 'consent_required' });
  expect(server.requestsTo('/token')).toEqual([]);
});
