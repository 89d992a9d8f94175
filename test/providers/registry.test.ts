import { describe, expect, test } from 'vitest';
import { catalogue, createRegistry, type ProviderEntry, providerEntrySchema } from '../../providers/index.js';
import { providerTemplateSchema } from '../../providers/template.js';
import { ConfigurationError, InvalidRequest } from '../../src/core/errors.js';
import { providerIdSchema } from '../../src/core/identifiers.js';
import { withParameters } from '../../src/core/provider-endpoints.js';
import { registeredProvider } from '../support/registered-provider.js';

const client = { client_id: 'client-1', client_secret: 'secret-1' };
const own: ProviderEntry = {
  ...client,
  authorization_endpoint: 'https://as.example.com/authorize',
  token_endpoint: 'https://as.example.com/token',
};

function faultsOf(work: () => unknown): readonly { name: string; problem: string }[] {
  try {
    work();
  } catch (error) {
    if (error instanceof ConfigurationError) return error.faults;
    throw error;
  }
  return [];
}

describe('the catalogue', () => {
  test.each([...catalogue])('%s is a whole template, with its documentation', (_id, template) => {
    expect(() => providerTemplateSchema.parse(template)).not.toThrow();
  });

  test.each([...catalogue])(
    '%s names every placeholder of its endpoints, and sets nothing that protects a request (S2-15)',
    (id, template) => {
      const parameters = Object.fromEntries(
        Object.keys(template.placeholders ?? {}).map((name) => [name, sampleOf(name)]),
      );
      const provider = withParameters(registeredProvider(id, { ...client, parameters }));
      const endpoints = [
        provider.authorizationEndpoint,
        provider.tokenEndpoint,
        provider.refreshEndpoint,
        provider.identity.endpoint,
        provider.revocation?.endpoint,
      ];
      for (const endpoint of endpoints) expect(endpoint ?? '').not.toMatch(/[{}]/);
    },
  );
});

const samples: Readonly<Record<string, string>> = {
  tenant: 'contoso.onmicrosoft.com',
  host: 'git.example.com:8443',
  api: 'git.example.com:8443/api/v3',
  login_host: 'test.salesforce.com',
  account_host: 'account-d.docusign.com',
};
const sampleOf = (name: string) => samples[name] ?? 'acme';

describe('placeholders', () => {
  const hostile = [
    'evil.example.com/',
    'evil.example.com#',
    'evil.com?x=',
    'a@evil.com',
    'a\\evil',
    'a b',
    '',
    '..',
    'ä',
    'a\n',
    '-a',
    '{tenant}',
    '%2f',
    'evil.com/.salesforce.com',
  ];
  const names = [...catalogue].flatMap(([id, { placeholders = {} }]) =>
    Object.keys(placeholders).map((name) => [id, name] as const),
  );

  test.each(names)('%s refuses a %s that would name another host, without repeating it', (id, name) => {
    for (const value of hostile) {
      const isFixed = catalogue.get(providerIdSchema.parse(id))?.placeholders?.[name]?.default !== undefined;
      const faults = faultsOf(() => registeredProvider(id, { ...client, parameters: { [name]: value } }));
      expect(faults, JSON.stringify(value)).toEqual([expect.objectContaining({ name: `${id}.parameters.${name}` })]);
      if (!isFixed) {
        const open = registeredProvider(id, client);
        expect(() => withParameters(open, { [name]: value })).toThrow(InvalidRequest);
      }
    }
  });

  test('that configuration does not fix are given by each connect', () => {
    const zendesk = registeredProvider('zendesk', client);
    expect(zendesk.tokenEndpoint).toBe('https://{subdomain}.zendesk.com/oauth/tokens');
    const acme = withParameters(zendesk, { subdomain: 'acme', other: 'x' });
    expect(acme.tokenEndpoint).toBe('https://acme.zendesk.com/oauth/tokens');
    expect(acme.revocation?.endpoint).toBe('https://acme.zendesk.com/api/v2/oauth/tokens/current.json');
    expect(() => withParameters(zendesk)).toThrow(expect.objectContaining({ field: 'parameters.subdomain' }));
    expect(zendesk.tokenEndpoint).toContain('{subdomain}');
  });

  test('that configuration fixes cannot be changed by a connect', () => {
    const fixed = registeredProvider('shopify', { ...client, parameters: { shop: 'ours' } });
    expect(withParameters(fixed, { shop: 'theirs' }).tokenEndpoint).toContain('ours.myshopify.com');
  });

  test('of Microsoft is the tenant, common unless configured', () => {
    expect(registeredProvider('microsoft', client).tokenEndpoint).toContain('/common/');
    expect(registeredProvider('microsoft', { ...client, tenant: 'contoso.com' }).tokenEndpoint).toContain(
      '/contoso.com/',
    );
  });

  test('client_id is encoded into a path', () => {
    const github = registeredProvider('github', { ...client, client_id: 'a/../b' });
    expect(github.revocation?.endpoint).toBe('https://api.github.com/applications/a%2F..%2Fb/token');
  });
});

describe('an entry', () => {
  test('is shown by its id where nothing names it', () => {
    expect(registeredProvider('acme-cloud', own).displayName).toBe('acme-cloud');
  });

  test('wins over its template, field by field', () => {
    const provider = registeredProvider('google', {
      ...client,
      token_endpoint: 'https://proxy.example.com/token',
      scopes: ['openid'],
      extra_authorization_params: { prompt: 'select_account', hd: 'example.com' },
      identity: { id: 'email' },
      display_name: 'Our Google',
      pkce: false,
      refresh_buffer: 60,
    });
    expect(provider).toMatchObject({
      displayName: 'Our Google',
      authorizationEndpoint: 'https://accounts.google.com/o/oauth2/v2/auth',
      tokenEndpoint: 'https://proxy.example.com/token',
      defaultScope: ['openid'],
      pkce: 'none',
      refreshBufferMs: 60_000,
      extraAuthorizationParameters: { access_type: 'offline', prompt: 'select_account', hd: 'example.com' },
      identity: { from: 'userinfo', endpoint: 'https://openidconnect.googleapis.com/v1/userinfo', id: 'email' },
    });
  });

  test('may start from a template of another name', () => {
    const provider = registeredProvider('microsoft-work', {
      ...client,
      template: 'microsoft',
      tenant: 'organizations',
    });
    expect(provider.id).toBe('microsoft-work');
    expect(provider.tokenEndpoint).toContain('/organizations/');
  });

  test('without a template takes cautious defaults', () => {
    expect(registeredProvider('own', own)).toMatchObject({
      pkce: 'S256',
      clientAuthentication: 'client_secret_basic',
      refreshReuse: 'strict',
      tokensExpire: true,
      defaultLifetimeMs: 3_600_000,
      issParameterSupported: false,
      identity: { from: 'none' },
    });
    expect(registeredProvider('own', own).revocation).toBeUndefined();
  });

  test('reads scopes from a list or from one text', () => {
    expect(providerEntrySchema.parse({ scopes: 'a,b  c' }).scopes).toEqual(['a', 'b', 'c']);
    expect(providerEntrySchema.parse({ scopes: ['a b'] }).scopes).toEqual(['a b']);
  });

  test.each([
    ['an unknown field', { clientid: 'x' }],
    ['a wrong kind', { tokens_expire: 'yes' }],
    ['an endpoint that is no URL', { token_endpoint: 'javascript:alert(1)' }],
    ['a parameter that protects the request (S2-15)', { extra_authorization_params: { state: 'x' } }],
    ['the same in other letters', { extra_authorization_params: { Redirect_URI: 'x' } }],
    ['the challenge', { extra_authorization_params: { code_challenge: 'x' } }],
  ])('is refused for %s', (_title, entry) => {
    expect(providerEntrySchema.safeParse(entry).success).toBe(false);
  });
});

describe('the registry', () => {
  test('lists all that is known, and finds only what has a client', () => {
    const registry = createRegistry({ google: client, github: { scopes: ['repo'] }, own });
    expect(registry.configured().map(({ id }) => id)).toEqual(['google', 'own']);
    expect(registry.find(providerIdSchema.parse('github'))).toBeUndefined();
    expect(registry.known()).toHaveLength(catalogue.size + 1);
    expect(
      registry
        .known()
        .slice(0, 3)
        .map(({ id, configured }) => [id, configured]),
    ).toEqual([
      ['github', false],
      ['github-app', false],
      ['google', true],
    ]);
  });

  test('reports all faults at once, by provider and field', () => {
    const faults = faultsOf(() =>
      createRegistry({
        plain: {
          ...own,
          token_endpoint: 'http://as.example.com/token',
          revocation_endpoint: 'https://u:p@as.example.com/',
        },
        empty: { client_id: 'x' },
        lost: { ...own, template: 'nowhere' },
        extra: { ...own, extra_authorization_params: { state: 'canary' } },
        'Bad Id': own,
      }),
    );
    expect(faults.map(({ name }) => name).sort()).toEqual([
      'empty.authorization_endpoint',
      'empty.token_endpoint',
      'extra.extra_authorization_params.state',
      'lost.template',
      'plain.revocation_endpoint',
      'plain.token_endpoint',
      'providers',
    ]);
    expect(JSON.stringify(faults)).not.toMatch(/canary|as\.example\.com/);
  });

  test('takes http endpoints only on loopback, and only where that is allowed', () => {
    const local = { own: { ...own, token_endpoint: 'http://127.0.0.1:9/token' } };
    expect(faultsOf(() => createRegistry(local))).toHaveLength(1);
    expect(faultsOf(() => createRegistry(local, { allowInsecureLoopback: true }))).toEqual([]);
    const remote = { own: { ...own, token_endpoint: 'http://127.0.0.1.example.com/token' } };
    expect(faultsOf(() => createRegistry(remote, { allowInsecureLoopback: true }))).toHaveLength(1);
  });

  test('does not ask a source without a browser for an authorization endpoint', () => {
    const { authorization_endpoint, ...machine } = own;
    expect(faultsOf(() => createRegistry({ own: machine }))).toHaveLength(1);
    expect(faultsOf(() => createRegistry({ own: { ...machine, source: 'client_credentials' } }))).toEqual([]);
  });
});
