import { describe, expect, it, onTestFinished } from 'vitest';
import { OAuthNotConnected, ValetkeyClient } from '../../src/client/index.js';
import { defaultTenant } from '../../src/core/identifiers.js';
import { startApprovingProvider } from '../support/approving-provider.js';
import { Person } from '../support/person.js';
import { openService, secrets } from '../support/service.js';

const user = 'slack:T1:U2/ü';

async function openStage() {
  const provider = await startApprovingProvider();
  onTestFinished(() => provider.close());
  const service = await openService({ providers: async () => ({ example: provider.entry }) });
  const client = new ValetkeyClient({ baseUrl: `${service.address}/`, apiKey: secrets.botKey });
  return { ...service, provider, client };
}

async function refusalOf(client: ValetkeyClient, userId = user): Promise<OAuthNotConnected> {
  const refusal = await client.requireOAuthToken({ userId }, 'example').catch((error: unknown) => error);
  if (refusal instanceof OAuthNotConnected) return refusal;
  throw new Error('a token, or another error');
}

async function connect(client: ValetkeyClient, userId = user): Promise<string> {
  const { connectId, connectUrl } = await client.startConnect(userId, 'example');
  await client.submitProof(userId, await new Person().connect(connectUrl));
  return connectId;
}

describe('the client against a real service', () => {
  it('throws OAuthNotConnected with a link, and after the proof answers the token', async () => {
    const { client } = await openStage();
    const refusal = await refusalOf(client);
    expect(refusal).toMatchObject({ code: 'not_connected', reason: 'not_connected', provider: 'example' });
    expect(JSON.stringify(refusal)).not.toContain('link=');
    const code = await new Person().connect(refusal.connectUrl);
    expect(await refusalOf(client)).toMatchObject({ reason: 'awaiting_proof' });
    const proven = await client.submitProof(user, code);
    expect(proven).toMatchObject({ connectId: refusal.connectId, identity: { name: 'octo-alice' } });
    const token = await client.requireToken(user, 'example');
    expect(await client.requireOAuthToken({ userId: user }, 'example')).toBe(token.accessToken.reveal());
    expect(JSON.stringify(token)).not.toContain(token.accessToken.reveal());
    expect(token).toMatchObject({ tokenType: 'Bearer', provider: 'example', connectionId: proven.connectionId });
  });

  it('tells the errors of the service as those of the library', async () => {
    const { client, address } = await openStage();
    await expect(client.getToken(user, 'example')).resolves.toBeUndefined();
    await expect(client.getToken(user, 'nobody')).rejects.toMatchObject({ code: 'unknown_provider' });
    await expect(client.findConnect('cn_nothing')).rejects.toMatchObject({ code: 'unknown_connect' });
    await expect(client.submitProof(user, 'ABCDEFGH')).rejects.toMatchObject({
      code: expect.stringMatching(/gone|code_refused/),
    });
    await expect(client.startConnect(user, 'example', { scopes: ['"'] })).rejects.toMatchObject({
      code: 'invalid_request',
      field: expect.stringContaining('scopes'),
      message: expect.stringMatching(/^scopes[^:]*: (?!scopes)/),
    });
    const stranger = new ValetkeyClient({ baseUrl: address, apiKey: 'x'.repeat(40) });
    await expect(stranger.listUserConnections(user)).rejects.toMatchObject({ code: 'unauthorized' });
  });

  it('counts the tries that are left after a wrong code', async () => {
    const { client } = await openStage();
    await new Person().connect((await client.startConnect(user, 'example')).connectUrl);
    await expect(client.submitProof(user, '22222222')).rejects.toMatchObject({ code: 'code_refused', attemptsLeft: 4 });
  });

  it('names the scopes that are missing', async () => {
    const { client } = await openStage();
    await connect(client);
    const context = { userId: user, scopes: ['read', 'write'] };
    await expect(client.requireOAuthToken(context, 'example')).rejects.toMatchObject({
      reason: 'insufficient_scope',
      missingScopes: ['write'],
    });
  });

  it('says that the person paused the connection', async () => {
    const { client, manager } = await openStage();
    await connect(client);
    await manager.pauseConnection(user, 'example');
    const refused = client.requireOAuthToken({ userId: user }, 'example');
    await expect(refused).rejects.toMatchObject({ code: 'not_connected', paused: true });
    await expect(refused).rejects.toThrow('paused');
    expect(await client.listUserConnections(user)).toMatchObject([{ status: 'paused' }]);
    await manager.resumeConnection(user, 'example');
    await client.requireToken(user, 'example');
    await manager.deleteToken(user, 'example');
    await expect(client.requireToken(user, 'example')).rejects.toMatchObject({ paused: undefined });
  });

  it('lists, refreshes and disconnects', async () => {
    const { client, provider, manager } = await openStage();
    await connect(client);
    const [connection] = await client.listUserConnections(user);
    await client.requireToken(user, 'example', { purpose: 'list issues' });
    await expect
      .poll(() => manager.listTokenUses(user, 'example'), { timeout: 10_000 })
      .toMatchObject([{ purpose: 'list issues' }]);
    expect(connection).toMatchObject({ provider: 'example', account: 'default', status: 'active', scope: ['read'] });
    const { accessToken } = await client.requireToken(user, 'example');
    const answered = provider.counts.token;
    await client.refreshToken(user, 'example', { rejectedToken: 'not-the-stored-one' });
    expect(provider.counts.token).toBe(answered);
    // The approving provider knows no refresh: that it was asked shows that the digest was the right one.
    await client.refreshToken(user, 'example', { rejectedToken: accessToken.reveal() }).catch(() => undefined);
    expect(provider.counts.token).toBeGreaterThan(answered);
    expect(await client.deleteToken(user, 'example')).toEqual({ revoked: expect.stringMatching(/yes|no|unsupported/) });
    expect(await client.listUserConnections(user)).toEqual([]);
    expect((await client.createAccountLink(user)).url).toContain('/connections/enter?link=');
  });

  it('waits for a connect through all its steps, and hears of the proof within 250 ms', async () => {
    const { client } = await openStage();
    const { connectId, connectUrl } = await client.startConnect(user, 'example');
    const waiting = client.waitForConnect(connectId).then((view) => ({ view, at: performance.now() }));
    const code = await new Person().connect(connectUrl);
    expect((await client.findConnect(connectId)).status).toBe('awaiting_proof');
    await client.submitProof(user, code);
    const provenAt = performance.now();
    const { view, at } = await waiting;
    expect(view).toMatchObject({ status: 'connected', identity: { name: 'octo-alice' } });
    expect(at - provenAt).toBeLessThan(250);
  });

  it('answers where a connect stands when patience is over, and throws when the caller leaves', async () => {
    const { client } = await openStage();
    const { connectId } = await client.startConnect(user, 'example');
    expect((await client.waitForConnect(connectId, { timeoutMs: 50 })).status).toBe('pending');
    const leaving = new AbortController();
    const waiting = client.waitForConnect(connectId, { signal: leaving.signal });
    leaving.abort(new Error('left'));
    await expect(waiting).rejects.toThrow('left');
  });

  it('tells events as they happen, and from a given one on those that were missed', async () => {
    const { client, manager } = await openStage();
    const stream = client.events({ after: await manager.events.newest(defaultTenant) });
    const first = stream.next();
    const connectId = await connect(client);
    const created = (await first).value;
    expect(created).toMatchObject({
      type: 'connection.created',
      userId: user,
      provider: 'example',
      account: 'default',
    });
    const completed = (await stream.next()).value;
    expect(completed).toMatchObject({ type: 'connect.completed', connectId });
    await stream.return();
    for await (const event of client.events({ after: created?.id ?? '' })) {
      expect(event).toEqual(completed);
      break;
    }
  });

  it('gives the metadata of a connect back where it is followed, and with the events of its end', async () => {
    const { client, manager } = await openStage();
    const after = await manager.events.newest(defaultTenant);
    const metadata = { thread: '1712.0007', 'reply-to': 'a "message" in the chat' };
    const { connectId, connectUrl } = await client.startConnect(user, 'example', { metadata });
    expect(await client.findConnect(connectId)).toMatchObject({ status: 'pending', metadata });
    await client.submitProof(user, await new Person().connect(connectUrl));
    expect(await client.findConnect(connectId)).toMatchObject({ status: 'connected', metadata });
    const refused = await client.startConnect(user, 'example', { metadata });
    await new Person().connect(refused.connectUrl);
    for (let tries = 0; tries < 5; tries += 1) await client.submitProof(user, '22222222').catch(() => undefined);
    const told: unknown[] = [];
    for await (const { type, metadata: given } of client.events({ after })) {
      if (type.startsWith('connect.')) told.push([type, given]);
      if (type === 'connect.failed') break;
    }
    expect(told).toEqual([
      ['connect.completed', metadata],
      ['connect.failed', metadata],
    ]);
  });

  it('ends the events with their signal, and throws when the credential is refused', async () => {
    const { client, address } = await openStage();
    const leaving = new AbortController();
    const next = client.events({ signal: leaving.signal }).next();
    leaving.abort();
    expect(await next).toEqual({ done: true, value: undefined });
    const stranger = new ValetkeyClient({ baseUrl: address, apiKey: 'x'.repeat(40) });
    await expect(stranger.events().next()).rejects.toMatchObject({ code: 'unauthorized' });
  });
});
