import { expect, test } from 'vitest';
import { OAuthNotConnected } from '../../src/core/errors.js';
import { connectAccounts, templateAt } from '../support/connected-accounts.js';
import { openSourced } from '../support/sourced-manager.js';

const user = 'slack:T1:U2';

/** A person connected with these scopes asked for, and this in the answer. */
async function connected(scopes: readonly string[], answer: object) {
  const sourced = await openSourced({}, { unsafeConnectWithoutProof: true, connectProof: 'none' });
  const { server, openAnother } = sourced;
  // Google names in `scope` what was granted; nothing is asked for beside what the caller wants.
  const entry = { ...templateAt(server.url, 'google'), scopes: ['openid'] };
  const manager = await openAnother({ providers: { here: entry } });
  await connectAccounts({ manager, server }, user, [{ account: 'default', id: 'ada', scopes, answer }]);
  const granted = async () => (await manager.listUserConnections(user))[0]?.scope;
  const refusal = async (wanted: readonly string[]) => {
    const error = await manager.requireToken(user, 'here', { scopes: wanted }).catch((thrown: unknown) => thrown);
    if (error instanceof OAuthNotConnected) return error;
    throw new Error('a token, or another error');
  };
  /** What the provider is asked for when the person opens that link. */
  const askedBy = async (connectUrl: string) => {
    const code = new URL(connectUrl).searchParams.get('link') ?? '';
    const { authorizationUrl } = await manager.startAuthorization('here', code);
    return new URL(authorizationUrl).searchParams.get('scope')?.split(' ').sort();
  };
  return { ...sourced, manager, granted, refusal, askedBy };
}

test('what was granted counts, not what was asked for', async () => {
  const { granted, refusal, manager } = await connected(['calendar', 'mail'], { scope: 'calendar' });
  expect(await granted()).toEqual(['calendar']);
  expect(await refusal(['mail'])).toMatchObject({ reason: 'insufficient_scope', missingScopes: ['mail'] });
  expect((await manager.requireToken(user, 'here', { scopes: ['calendar'] })).scope).toEqual(['calendar']);
});

test('an answer without a word about scope grants what was asked for (RFC 6749 5.1)', async () => {
  const { granted } = await connected(['calendar', 'mail'], {});
  expect(await granted()).toEqual(['calendar', 'mail']);
});

test('what is missing is named, and the link asks for it and for all that was granted', async () => {
  const { refusal, askedBy } = await connected(['calendar', 'mail'], { scope: 'calendar mail' });
  const refused = await refusal(['mail', 'drive', 'photos']);
  expect(refused.missingScopes).toEqual(['drive', 'photos']);
  expect(await askedBy(refused.connectUrl)).toEqual(['calendar', 'drive', 'mail', 'photos']);
});

test('nothing is asked of the provider when a scope is missing: no refresh could bring it', async () => {
  const { refusal, server, clock } = await connected(['calendar'], { scope: 'calendar' });
  const asked = server.requestsTo('/token').length;
  clock.advance(3_600_000);
  await refusal(['drive']);
  expect(server.requestsTo('/token')).toHaveLength(asked);
});

test.each([
  ['without a word about scope', {}],
  ['with an empty scope', { scope: '' }],
  ['with null for a scope', { scope: null }],
  ['with a part of the scope', { scope: 'calendar' }],
])('a refresh %s never narrows what is recorded (RFC 6749 6)', async (_title, fields) => {
  const { manager, server, clock, granted } = await connected(['calendar', 'mail'], { scope: 'calendar mail' });
  server.answer('/token', { json: { access_token: 'at-2', expires_in: 3600, ...fields } });
  clock.advance(3_600_000);
  const token = await manager.requireToken(user, 'here', { scopes: ['mail'] });
  expect([token.accessToken.reveal(), token.scope]).toEqual(['at-2', ['calendar', 'mail']]);
  expect(await granted()).toEqual(['calendar', 'mail']);
  expect(server.requestsTo('/token').at(-1)?.form.get('scope')).toBeNull();
});
