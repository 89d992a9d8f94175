import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { catalogue } from '../../providers/index.js';
import { makeDataDir } from '../service/running.js';
import { startApprovingProvider } from '../support/approving-provider.js';
import { run } from '../support/command-line.js';
import { startScriptedServer } from '../support/scripted-server.js';

let dataDir: string;
const cleaning: (() => Promise<void> | void)[] = [];

beforeEach(() => {
  const made = makeDataDir();
  dataDir = made.path;
  cleaning.push(() => made.remove());
  vi.stubEnv('DATA_DIR', dataDir);
  vi.stubEnv('BASE_URL', 'http://localhost:3999');
});
afterEach(async () => {
  process.exitCode = undefined;
  for (const clean of cleaning.splice(0).reverse()) await clean();
});

describe('doctor', () => {
  const doctor = async (...options: string[]) => {
    const { status, out } = await run(['doctor --json', ...options].join(' '));
    return { status, findings: JSON.parse(out) };
  };

  const useProviders = (providers: object) => {
    const path = join(dataDir, 'providers.json');
    writeFileSync(path, JSON.stringify({ providers }));
    vi.stubEnv('PROVIDERS_FILE', path);
    vi.stubEnv('ALLOW_INSECURE_LOOPBACK_PROVIDERS', 'true');
  };

  /** GitHub as the catalogue has it, with the endpoints of a server of this test. */
  const useGithub = async (endpoints: { token_endpoint?: string } = {}) => {
    const provider = await startApprovingProvider();
    cleaning.push(() => provider.close());
    // Its authorization endpoint knows only whole requests.
    useProviders({ github: { ...provider.entry, authorization_endpoint: `${provider.origin}/consent`, ...endpoints } });
    return provider;
  };

  it('finds a first start in order and says what to register at each provider', async () => {
    const { origin, counts } = await useGithub();
    const { status, findings } = await doctor();
    expect(status).toBe(0);
    const text = expect.stringContaining('http://localhost:3999/oauth/github/callback');
    expect(findings).toContainEqual({ kind: 'ok', about: 'provider', text });
    for (const endpoint of ['authorization endpoint', 'token endpoint', 'revocation endpoint']) {
      const answers = expect.stringMatching(new RegExp(`^github: ${endpoint} ${origin}/\\w+ answers in \\d+ ms$`));
      expect(findings).toContainEqual({ kind: 'ok', about: 'endpoint', text: answers });
    }
    expect(counts.token).toBe(1);
    expect(findings.map(({ about }: { about: string }) => about)).toEqual(
      expect.arrayContaining(['store', 'clock', 'encryption', 'callers']),
    );
  });

  it('finds an endpoint that does not answer', async () => {
    await useGithub({ token_endpoint: 'http://127.0.0.1:1/token' });
    const { status, findings } = await doctor();
    const text = 'github: token endpoint http://127.0.0.1:1/token does not answer (connection)';
    expect(findings).toContainEqual({ kind: 'fault', about: 'endpoint', text });
    expect(status).toBe(1);
  });

  it('waits for an issuer that has to be asked for the endpoints of its provider', async () => {
    const server = await startScriptedServer();
    cleaning.push(() => server.close());
    server.answer('/.well-known/oauth-authorization-server', {
      json: {
        issuer: server.url,
        authorization_endpoint: `${server.url}/authorize`,
        token_endpoint: `${server.url}/token`,
        code_challenge_methods_supported: ['S256'],
      },
    });
    useProviders({ own: { issuer: server.url, client_id: 'c', client_secret: 's' } });
    const { findings } = await doctor();
    const texts = findings.filter(({ about }: { about: string }) => about === 'endpoint');
    expect(texts).toEqual([
      { kind: 'ok', about: 'endpoint', text: expect.stringContaining(`own: authorization endpoint ${server.url}`) },
      { kind: 'ok', about: 'endpoint', text: expect.stringContaining(`own: token endpoint ${server.url}`) },
    ]);
  });

  it('finds keys that others can read, each with what it is for', async () => {
    expect((await doctor('--offline')).status).toBe(0);
    for (const name of ['encryption-keys', 'api-key']) chmodSync(join(dataDir, name), 0o644);
    const { status, findings } = await doctor('--offline');
    const open = (name: string) => `${join(dataDir, name)} can be read by others; chmod 600 it`;
    expect(findings.filter(({ kind }: { kind: string }) => kind === 'fault')).toEqual([
      { kind: 'fault', about: 'encryption', text: open('encryption-keys') },
      { kind: 'fault', about: 'callers', text: open('api-key') },
    ]);
    expect(status).toBe(1);
  });

  it('names what no source confirmed about a configured provider', async () => {
    await useGithub();
    const { findings } = await doctor();
    const text = expect.stringMatching(/^github: not confirmed .*rotation rules of expiring OAuth App tokens/);
    expect(findings).toContainEqual({ kind: 'note', about: 'provider', text });
  });

  it('names every such fact of every provider of the catalogue that is configured', async () => {
    const providers = Object.fromEntries(
      [...catalogue.keys()].map((id) => [id, { client_id: 'c', client_secret: 's' }]),
    );
    useProviders({ ...providers, mine: { template: 'trello', client_id: 'c', client_secret: 's' } });
    // Nothing here may ask the world.
    const { findings } = await doctor('--offline');
    const notes: string[] = findings.map(({ text }: { text: string }) => text);
    for (const [id, { unverified = [] }] of catalogue) {
      const note = notes.find((text) => text.startsWith(`${id}: not confirmed`)) ?? '';
      expect(note === '', id).toBe(unverified.length === 0);
      for (const fact of unverified) expect(note).toContain(fact);
    }
    expect(notes.some((text) => /^mine: not confirmed .*endpoints and scope names/.test(text))).toBe(true);
  });

  it('finds a store that is down', async () => {
    vi.stubEnv('REDIS_URL', 'redis://127.0.0.1:1');
    vi.stubEnv('ENCRYPTION_KEYS', (await run('keys generate')).out);
    const { status, findings } = await doctor();
    expect(status).toBe(1);
    expect(findings).toContainEqual({ kind: 'fault', about: 'store', text: expect.any(String) });
  });
});
