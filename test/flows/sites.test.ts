/** What one grant reaches, where that may be several places (Atlassian's sites), and which of them is used. */

import { expect, test } from 'vitest';
import { z } from 'zod';
import type { ProviderEntry } from '../../providers/index.js';
import { defaultTenant } from '../../src/core/identifiers.js';
import type { ScriptedAnswer } from '../support/scripted-server.js';
import { openSourced } from '../support/sourced-manager.js';

const user = 'slack:T1:U2';
const client = { client_id: 'c', client_secret: 'secret-1' };
const acme = { id: 'cloud-1', name: 'acme', url: 'https://acme.atlassian.net' };
const other = { id: 'cloud-2', name: 'other', url: 'https://other.atlassian.net' };

/** A manager with one provider of the catalogue at a scripted server; `answers` counts what the list said so far. */
async function openAt(id: string, list: ScriptedAnswer, entry: ProviderEntry = {}) {
  const opened = await openSourced({}, { unsafeConnectWithoutProof: true, connectProof: 'none' });
  const { server } = opened;
  const here = {
    ...client,
    token_endpoint: `${server.url}/token`,
    userinfo_endpoint: `${server.url}/me`,
    sites_endpoint: `${server.url}/sites`,
    ...entry,
  };
  const token = { access_token: 'at', token_type: 'Bearer', expires_in: 3600, refresh_token: 'rt' };
  server.answer('/token', { json: token });
  server.answer('/me', { json: { account_id: 'u1', user: { id: 1 } } });
  server.answer('/sites', list);
  const manager = await opened.openAnother({ providers: { [id]: here } });
  const finish = async (code: string) => {
    const { authorizationUrl, browserSecret } = await manager.startAuthorization(id, code);
    const url = new URL(authorizationUrl);
    const back = new URLSearchParams({ code: 'x', state: url.searchParams.get('state') ?? '' });
    await manager.finishAuthorization(id, back, browserSecret.reveal());
    return url;
  };
  const connect = async (parameters?: Record<string, string>) =>
    finish(await manager.createLinkCode(user, id, { parameters }));
  return { ...opened, manager, connect, finish, token: () => manager.requireToken(user, id) };
}

test('the only site is the one to use, and is kept with its name and address', async () => {
  const { connect, token, server } = await openAt('atlassian', { json: [{ ...acme, scopes: ['x'], avatarUrl: 'y' }] });
  await connect();
  expect(await token()).toMatchObject({
    identity: { id: 'u1' },
    parameters: { cloud_id: 'cloud-1' },
    sites: [acme],
  });
  expect(server.requestsTo('/sites')).toMatchObject([{ method: 'GET', headers: { authorization: 'Bearer at' } }]);
});

test('of several sites, each is listed once and the caller chooses', async () => {
  const { connect, token } = await openAt('atlassian', { json: [acme, other, { ...acme, scopes: ['confluence'] }] });
  await connect();
  expect((await token()).sites).toEqual([acme, other]);
  expect((await token()).parameters).toBeUndefined();
  await connect({ cloud_id: 'cloud-2' });
  expect(await token()).toMatchObject({ parameters: { cloud_id: 'cloud-2' }, sites: [acme, other] });
});

test('a site that the consent does not cover is not the one to use', async () => {
  const { connect, token } = await openAt('atlassian', { json: [acme] });
  await connect({ cloud_id: 'cloud-2' });
  expect((await token()).parameters).toBeUndefined();
});

test('connecting again is for the same site, unless another is named', async () => {
  const { connect, token } = await openAt('atlassian', { json: [acme, other] });
  await connect({ cloud_id: 'cloud-2' });
  await connect();
  expect((await token()).parameters).toEqual({ cloud_id: 'cloud-2' });
  await connect({ cloud_id: 'cloud-1' });
  expect((await token()).parameters).toEqual({ cloud_id: 'cloud-1' });
});

test.each([
  ['refused', { status: 403 }],
  ['no list', { json: { message: 'no' } }],
  ['not there', { status: 503 }],
])('a list that is %s does not cost the grant, and leaves the choice as it was asked', async (_title, list) => {
  const { connect, token, logged } = await openAt('atlassian', list);
  await connect({ cloud_id: 'cloud-2' });
  expect(await token()).toMatchObject({ parameters: { cloud_id: 'cloud-2' } });
  expect((await token()).sites).toBeUndefined();
  expect(logged.join()).toContain('sites of the connected account could not be read');
});

test('what is no site, and an address that is not https, is left out', async () => {
  const long = { id: 'cloud-3', url: `https://acme.example/${'x'.repeat(512)}` };
  const sites = [{ id: 'cloud-1', url: 'http://evil.example', name: 7 }, { id: 'cloud-2', url: 'evil' }, long];
  const hostile = [{ name: 'no id' }, 'x', null, { id: {} }, ...sites];
  const { connect, token } = await openAt('atlassian', { json: hostile });
  await connect();
  expect((await token()).sites).toEqual([{ id: 'cloud-1', name: '7' }, { id: 'cloud-2' }, { id: 'cloud-3' }]);
});

test('of a name that is too long the beginning is kept, and of many sites the first hundred', async () => {
  const many = Array.from({ length: 101 }, (_, at) => ({ id: `cloud-${at}`, name: 'n'.repeat(201) }));
  const { connect, token } = await openAt('atlassian', { json: many });
  await connect();
  const { sites = [] } = await token();
  expect(sites).toHaveLength(100);
  expect(sites[0]).toEqual({ id: 'cloud-0', name: 'n'.repeat(200) });
});

test('one account under two users is noticed whatever site each has chosen (L12)', async () => {
  const { connect, finish, manager } = await openAt('atlassian', { json: [acme, other] });
  await connect({ cloud_id: 'cloud-1' });
  await finish(await manager.createLinkCode('slack:T1:OTHER', 'atlassian', { parameters: { cloud_id: 'cloud-2' } }));
  const trail = await manager.audit.read(defaultTenant, undefined, 100);
  expect(trail.map(({ entry }) => entry.act)).toContain('account.share');
});

test('a shop that the connect named is known to the link of a token that does not do', async () => {
  const { connect, finish, token, manager } = await openAt('zendesk', { status: 404 });
  await connect({ subdomain: 'acme' });
  expect((await token()).parameters).toEqual({ subdomain: 'acme' });
  const error: unknown = await manager.requireToken(user, 'zendesk', { scopes: ['admin'] }).catch((thrown) => thrown);
  expect(error).toMatchObject({ code: 'insufficient_scope', missingScopes: ['admin'] });
  const { connectUrl } = z.object({ connectUrl: z.url() }).parse(error);
  const { hostname } = await finish(new URL(connectUrl).searchParams.get('link') ?? '');
  expect(hostname).toBe('acme.zendesk.com');
});
