import { expect, test } from 'vitest';
import { openSourced } from '../support/sourced-manager.js';

const user = 'slack:T1:U2';

/** Accounts of one person at one provider of the catalogue, by label; each with the id that the provider tells. */
async function connectAccounts(template: string, accounts: Readonly<Record<string, string>>) {
  const { server, openAnother } = await openSourced({}, { unsafeConnectWithoutProof: true, connectProof: 'none' });
  const entry = {
    template,
    client_id: 'c',
    client_secret: 's',
    token_endpoint: `${server.url}/token`,
    userinfo_endpoint: `${server.url}/userinfo`,
    revocation_endpoint: `${server.url}/revoke`,
  };
  const manager = await openAnother({ providers: { here: entry } });
  server.answer('/revoke', { status: 200 });
  for (const [account, id] of Object.entries(accounts)) {
    server.answer('/token', {
      json: { access_token: `at-${account}`, refresh_token: `rt-${account}`, expires_in: 3600 },
    });
    server.answer('/userinfo', { json: { sub: id, id, user_id: id, email: `${id}@example.com` } });
    const code = await manager.createLinkCode(user, 'here', { account });
    const { authorizationUrl, browserSecret } = await manager.startAuthorization('here', code);
    const state = new URL(authorizationUrl).searchParams.get('state') ?? '';
    await manager.finishAuthorization('here', new URLSearchParams({ code: 'x', state }), browserSecret.reveal());
  }
  const connections = await manager.listUserConnections(user);
  const idOf = (label: string) => connections.find(({ account }) => account === label)?.connectionId;
  return { manager, connections, idOf };
}

test('where a revocation ends everything of a person, the others of that account are warned of and told', async () => {
  const { manager, connections, idOf } = await connectAccounts('google', { default: 'ada', work: 'ada', home: 'bob' });
  const ends = Object.fromEntries(connections.map(({ account, endsToo }) => [account, endsToo]));
  expect(ends).toEqual({ default: ['work'], work: ['default'], home: undefined });
  expect(await manager.deleteToken(user, 'here', { account: 'work' })).toEqual({
    revoked: 'yes',
    alsoEnded: [idOf('default')],
  });
  expect(await manager.deleteToken(user, 'here', { account: 'home' })).toEqual({ revoked: 'yes' });
});

test('where it ends one grant, nothing is said of the others', async () => {
  const { manager, connections } = await connectAccounts('salesforce', { default: 'ada', work: 'ada' });
  expect(connections.map(({ endsToo }) => endsToo)).toEqual([undefined, undefined]);
  expect(await manager.deleteToken(user, 'here', { account: 'work' })).toEqual({ revoked: 'yes' });
});

test('without a label the default account is meant; another is found by label, id or address', async () => {
  const { manager } = await connectAccounts('google', { work: 'ada', default: 'bob' });
  const tokenOf = async (account?: string) =>
    (await manager.requireToken(user, 'here', { account })).accessToken.reveal();
  expect(await tokenOf()).toBe('at-default');
  expect([await tokenOf('work'), await tokenOf('ada'), await tokenOf('ada@example.com')]).toEqual(
    Array.from({ length: 3 }, () => 'at-work'),
  );
});
