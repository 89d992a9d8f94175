import { expect, onTestFinished, test } from 'vitest';
import { type ConnectedAccount, connectAccounts, templateAt } from '../support/connected-accounts.js';
import { Person } from '../support/person.js';
import { startScriptedServer } from '../support/scripted-server.js';
import { openService } from '../support/service.js';

const user = 'slack:T1:U2';
const ada = { account: 'default', id: 'ada' };
const adaAtWork = { account: 'work', id: 'ada-at-work' };

/** A service with some accounts of one person at one provider. */
async function withAccounts(...accounts: readonly ConnectedAccount[]) {
  const server = await startScriptedServer();
  onTestFinished(() => server.close());
  const service = await openService({
    variables: { CONNECT_PROOF: 'none', UNSAFE_CONNECT_WITHOUT_PROOF: 'true' },
    providers: async () => ({ here: templateAt(server.url, 'google') }),
  });
  const connect = (...more: readonly ConnectedAccount[]) =>
    connectAccounts({ manager: service.manager, server }, user, more);
  await connect(...accounts);
  const tokenOf = async (account?: string) =>
    (await service.manager.requireToken(user, 'here', { account })).accessToken.reveal();
  return { ...service, server, connect, tokenOf };
}

const encoded = encodeURIComponent(user);
const tokenPath = `/users/${encoded}/tokens/here`;

test('without a label the default account is meant; another is found by label, provider id or address', async () => {
  const { tokenOf } = await withAccounts(ada, adaAtWork);
  expect(await tokenOf()).toBe('at-default');
  const named = ['work', 'ada-at-work', 'ada-at-work@example.com'];
  expect(await Promise.all(named.map(tokenOf))).toEqual(named.map(() => 'at-work'));
});

test('the only account is meant although it has a label; of several none is guessed', async () => {
  const { tokenOf, connect } = await withAccounts(adaAtWork);
  expect(await tokenOf()).toBe('at-work');
  await connect({ account: 'home', id: 'ada-at-home' });
  await expect(tokenOf()).rejects.toMatchObject({ code: 'not_connected' });
  expect(await tokenOf('home')).toBe('at-home');
});

test('a label that nobody has is asked for by a link, which connects under that label', async () => {
  const { manager, bot, tokenOf, server } = await withAccounts(ada);
  const { status, body } = await bot.call('GET', `${tokenPath}?account=work`);
  expect([status, body.code]).toEqual([409, 'not_connected']);
  server.answer('/token', { json: { access_token: 'at-linked', expires_in: 3600 } });
  const code = new URL(body.connect_url ?? '').searchParams.get('link') ?? '';
  const { authorizationUrl, browserSecret } = await manager.startAuthorization('here', code);
  const state = new URL(authorizationUrl).searchParams.get('state') ?? '';
  await manager.finishAuthorization('here', new URLSearchParams({ code: 'x', state }), browserSecret.reveal());
  expect([await tokenOf('work'), await tokenOf()]).toEqual(['at-linked', 'at-default']);
});

test('a list names all of them, each with the id that the provider gave, and its label if it is not the default one', async () => {
  const { bot, manager } = await withAccounts(adaAtWork, ada);
  const { body } = await bot.call('GET', `/users/${encoded}/connections`);
  expect(body.connections).toMatchObject([
    { provider: 'here', account: { id: 'ada', email: 'ada@example.com' } },
    { provider: 'here', account_label: 'work', account: { id: 'ada-at-work' } },
  ]);
  expect(JSON.stringify(body).match(/account_label/g)).toHaveLength(1);
  expect((await manager.requireToken(user, 'here', { account: 'work' })).identity?.id).toBe('ada-at-work');
});

test('the id of the provider is kept through refreshes and reconnects', async () => {
  const { manager, server, clock, connect } = await withAccounts(ada);
  const before = await manager.listUserConnections(user);
  server.answer('/token', { json: { access_token: 'at-2', expires_in: 3600 } });
  server.answer('/userinfo', { status: 500 });
  clock.advance(3_600_000);
  const { accessToken, identity } = await manager.requireToken(user, 'here');
  expect([accessToken.reveal(), identity?.id]).toEqual(['at-2', 'ada']);
  await connect(ada);
  const after = await manager.listUserConnections(user);
  expect(after.map(({ connectionId, identity: kept }) => [connectionId, kept?.id])).toEqual([
    [before[0]?.connectionId, 'ada'],
  ]);
});

test('the account page warns beside each account of what its end would end as well', async () => {
  const { manager, address } = await withAccounts(ada, adaAtWork, { account: 'again', id: 'ada' });
  const person = new Person();
  await person.press((await manager.createAccountLink(user)).url);
  const page = await (await person.get(`${address}/connections`)).text();
  const warned = [...page.matchAll(/This also ends your other access to the same account: (\w+)\./g)];
  expect(warned.map(([, label]) => label)).toEqual(['default', 'again']);
});

test('disconnecting one leaves the others, and tells over HTTP which of them ended with it', async () => {
  const same = { account: 'again', id: 'ada' };
  const { bot, manager, server, tokenOf } = await withAccounts(ada, adaAtWork, same);
  const idOf = async (label: string) =>
    (await manager.listUserConnections(user)).find(({ account }) => account === label)?.connectionId;
  const ended = await idOf('default');
  server.answer('/token', { status: 400, json: { error: 'invalid_grant' } });
  const { body } = await bot.call('DELETE', `/users/${encoded}/connections/here?account=again`);
  expect(body).toEqual({ revoked: 'yes', also_ended: [ended] });
  expect(await tokenOf('work')).toBe('at-work');
  expect((await bot.call('GET', tokenPath)).body.code).toBe('reauthorization_required');
});
