import { describe, expect, it, onTestFinished } from 'vitest';
import type { ProviderEntry } from '../../providers/index.js';
import { startOidcProvider } from '../support/authorization-servers.js';
import { Person } from '../support/person.js';
import { startScriptedServer } from '../support/scripted-server.js';
import { openService } from '../support/service.js';
import { openSourced } from '../support/sourced-manager.js';

const user = 'slack:T1:U2';

/** Nothing but what an operator has at hand: the issuer, and our client there. */
const byIssuer = ({ issuer, client_id, client_secret }: ProviderEntry): ProviderEntry => ({
  issuer,
  client_id,
  client_secret,
});

describe('a provider by its issuer alone', () => {
  it('goes from link to token, renews it and gives it back, at oidc-provider', async () => {
    const { bot, clock } = await openService({
      providers: async (callback) => {
        const server = await startOidcProvider({ redirectUri: callback('acme') });
        onTestFinished(() => server.close());
        return { acme: byIssuer(server.entry) };
      },
    });
    const { connectUrl } = await bot.connect(user, 'acme');
    const proof = await bot.prove(user, await new Person().connect(connectUrl));
    expect(proof).toMatchObject({ status: 200, body: { account: { id: 'ada', email: 'ada@example.com' } } });
    const first = (await bot.token(user, 'acme')).body.access_token;
    clock.advance(3_600_000);
    const second = (await bot.token(user, 'acme')).body.access_token;
    expect(second).not.toBe(first);
    expect((await bot.disconnect(user, 'acme')).body).toMatchObject({ revoked: 'yes' });
  });

  it('is known but unavailable while its issuer is, and usable without a restart when it is back', async () => {
    const server = await startScriptedServer();
    onTestFinished(() => server.close());
    server.answer('/.well-known/oauth-authorization-server', { status: 503 });
    const acme = { issuer: server.url, client_id: 'c', client_secret: 's', source: 'client_credentials' as const };
    const { manager } = await openSourced({}, { providers: { acme }, issuerRetrySeconds: 0.05 });
    expect(manager.isProviderConfigured('acme')).toBe(true);
    const unavailable = { code: 'provider_unavailable', retryAfterMs: expect.any(Number) };
    await expect(manager.requireToken(user, 'acme')).rejects.toMatchObject(unavailable);
    server.answer('/token', { json: { access_token: 'at', expires_in: 60 } });
    const metadata = { issuer: server.url, token_endpoint: `${server.url}/token` };
    server.answer('/.well-known/oauth-authorization-server', { status: 404 });
    server.answer('/.well-known/openid-configuration', { json: metadata });
    const isThere = () =>
      manager.requireToken(user, 'acme').then(
        () => true,
        () => false,
      );
    await expect.poll(isThere).toBe(true);
    expect(server.requestsTo('/token')[0]?.headers.authorization).toMatch(/^Basic /);
  });

  const whole = (url: string) => ({
    issuer: url,
    authorization_endpoint: `${url}/authorize`,
    token_endpoint: `${url}/token`,
    code_challenge_methods_supported: ['S256'],
  });

  it.each([
    ['of another issuer (RFC 8414 3.3)', (url: string) => ({ ...whole(url), issuer: `${url}/` }), 'another issuer'],
    [
      'without PKCE S256',
      (url: string) => ({ ...whole(url), code_challenge_methods_supported: ['plain'] }),
      'acme.pkce',
    ],
    ['without token endpoint', (url: string) => ({ ...whole(url), token_endpoint: undefined }), 'token_endpoint'],
    [
      'without authorization endpoint',
      (url: string) => ({ ...whole(url), authorization_endpoint: undefined }),
      'authorization_endpoint',
    ],
    [
      'with an endpoint that is not https',
      (url: string) => ({ ...whole(url), token_endpoint: 'http://as.example/token' }),
      'token_endpoint',
    ],
  ])('with metadata %s is the operator’s to mend; the others are not touched', async (_title, metadata, named) => {
    const server = await startScriptedServer();
    onTestFinished(() => server.close());
    server.answer('/.well-known/oauth-authorization-server', { json: metadata(server.url) });
    const other = { source: 'static' as const, access_token: 'at' };
    const acme = { issuer: server.url, client_id: 'c' };
    const { manager, logged } = await openSourced({}, { providers: { acme, other } });
    const error = await manager.startConnect(user, 'acme').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'provider_misconfigured', message: expect.stringContaining(named) });
    expect(logged.join()).toContain('an issuer could not be used');
    expect((await manager.requireToken(user, 'other')).accessToken.reveal()).toBe('at');
  });

  it('under an id that no provider can have is refused before it is asked', async () => {
    const entry = { issuer: 'https://as.example.com', client_id: 'c' };
    const opened = openSourced(
      {},
      { providers: { 'Bad Id': entry, plain: { ...entry, issuer: 'http://as.example.com' } } },
    );
    await expect(opened).rejects.toMatchObject({
      code: 'configuration_invalid',
      faults: [{ name: 'providers' }, { name: 'plain.issuer' }],
    });
  });

  it('may do without PKCE where the entry says so, and keeps what it says itself', async () => {
    const server = await startScriptedServer();
    onTestFinished(() => server.close());
    const metadata = {
      ...whole(server.url),
      code_challenge_methods_supported: undefined,
      scopes_supported: ['openid', 'other'],
    };
    server.answer('/.well-known/oauth-authorization-server', { json: metadata });
    const acme = {
      issuer: server.url,
      client_id: 'c',
      pkce: 'none' as const,
      token_endpoint_auth_method: 'client_secret_post' as const,
    };
    const { manager } = await openSourced({}, { providers: { acme } });
    expect(manager.listProviders().find(({ id }) => id === 'acme')?.scope).toEqual(['openid']);
    const url = manager.getAuthorizeUrl('acme', 'state', { codeChallenge: 'x', redirectUri: 'http://127.0.0.1:9/cb' });
    expect(new URL(url).searchParams.has('code_challenge')).toBe(false);
  });
});
