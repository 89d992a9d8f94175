/** The TypeScript of README and the manual compiles in a strict project that has the package installed. */

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { listFiles, readText, root } from './support/source-tree.js';

let project: string;

beforeAll(() => {
  execFileSync(process.execPath, [join(root, 'scripts/build.mjs'), '--if-changed'], { stdio: 'pipe' });
  project = mkdtempSync(join(tmpdir(), 'valetkey-manual-'));
  install('valetkey', root);
  for (const name of ['@types/node', 'fastify', '@modelcontextprotocol/client', '@opentelemetry/api']) {
    install(name, join(root, 'node_modules', name));
  }
  writeFileSync(join(project, 'package.json'), '{"type": "module"}');
}, 120_000);
afterAll(() => rmSync(project, { recursive: true, force: true }));

function install(name: string, from: string): void {
  const place = join(project, 'node_modules', name);
  mkdirSync(dirname(place), { recursive: true });
  symlinkSync(from, place, 'dir');
}

/** One file for each block, each a module. */
const manual = ['README.md', ...listFiles(['docs'], ['.md'])].flatMap((path) =>
  [...readText(path).matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code = ''], at) => ({
    file: `${basename(path, '.md')}-${at + 1}.ts`,
    code: `${code}export {};\n`,
  })),
);

/** What a host exports of what the manager answers has to have names that the package exports, too (TS2742). */
const wrappers = {
  file: 'wrappers.ts',
  code: `
    import type { OAuthManager } from 'valetkey';
    import type { ValetkeyClient } from 'valetkey/client';
    declare const manager: OAuthManager;
    declare const client: ValetkeyClient;
    export const places = [manager.at({}), manager.audit, manager.counters, manager.events, manager.mcp, manager.signals] as const;
    export const ask = {
      store: () => [manager.checkStore(), manager.figures(), manager.retryRefused()] as const,
      user: () => [manager.listUserConnections('u'), manager.describeConnections('u'), manager.eraseUser('u')] as const,
      token: () => [manager.getToken('u', 'p'), manager.listTokenUses('u', 'p'), manager.deleteToken('u', 'p')] as const,
      connect: () => [manager.startConnect('u', 'p'), manager.findConnect('c'), manager.submitProof('u', 'c')] as const,
      link: () => [manager.resolveLinkCode('l'), manager.takePendingAction('c'), manager.redeemAccountLink('l')] as const,
      remote: () => [client.getToken('u', 'p'), client.listUserConnections('u'), client.deleteToken('u', 'p')] as const,
      connectThere: () => [client.startConnect('u', 'p'), client.findConnect('c'), client.events()] as const,
    };
  `,
};

/** What is not always known is passed as it is: options, environment variables, fields of a request. */
const callers = {
  file: 'callers.ts',
  code: `
    import type { FastifyInstance } from 'fastify';
    import { OAuthNotConnected, openManager, requireOAuthToken, type TokenSource } from 'valetkey';
    import { ValetkeyClient } from 'valetkey/client';
    import { valetkey } from 'valetkey/fastify';
    import { createMcpFetch } from 'valetkey/mcp';
    declare const app: FastifyInstance;
    export async function ask(some: string | undefined, number: number | undefined, list: string[] | undefined) {
      const client_secret = process.env.GITHUB_CLIENT_SECRET;
      const providers = { github: { client_id: 'id', client_secret, scopes: list } };
      const store = { redisUrl: process.env.REDIS_URL, dataDir: some, keyPrefix: some, spoolDir: some, log: undefined };
      const settings = { refreshBufferSeconds: number, proofDeepLink: some, returnToOrigins: list, onRotate: undefined };
      const manager = await openManager({ baseUrl: 'https://bot.example', encryptionKeys: '', providers, ...store, ...settings });
      const whose = { tenant: some, account: some };
      await requireOAuthToken({ userId: 'u', scopes: list, minTtlSeconds: number, ...whose }, 'github');
      await manager.startConnect('u', 'github', { scopes: list, returnTo: some, proof: undefined, ...whose });
      await manager.findConnect('c', { waitMs: number, signal: undefined });
      const answer = await manager.exchangeCode('github', 'c', { codeVerifier: 'v', redirectUri: some });
      await manager.storeToken('u', { provider: 'github', account: some, ...answer });
      const kept = { access_token: 'at', refresh_token: some, expires_in: number, scope: some, token_type: some };
      await manager.storeToken('u', { provider: 'github', ...kept });
      await manager.deleteToken('u', 'github', whose);
      const client = new ValetkeyClient({ baseUrl: 'https://bot.example', apiKey: 'k', timeoutMs: number, retries: number });
      await client.requireToken('u', 'github', { account: some, scopes: list, purpose: some, subjectToken: some });
      await app.register(valetkey, { manager, apiKeys: [{ id: 'bot', role: 'bot', secret: 's', tenant: some }], heartbeatMs: number });
      const source: TokenSource = { requiresSubjectToken: false, resolve: async () => ({ accessToken: 'at', expiresAt: number }) };
      const refusal = new OAuthNotConnected({ provider: 'github', reason: 'expired', connectUrl: '', connectId: '', missingScopes: list });
      if (refusal.provider !== 'github') throw refusal;
      return [createMcpFetch({ userId: 'u', manager, ...whose }, 'https://mcp.example'), source];
    }
  `,
};
const blocks = [...manual, wrappers, callers];

it.each([
  ['node16', 'node16'],
  ['nodenext', 'nodenext'],
  ['esnext', 'bundler'],
])(
  'with module %s and its resolution %s',
  (module, resolution) => {
    for (const { file, code } of blocks) writeFileSync(join(project, file), code);
    const options = [
      '--noEmit',
      '--declaration',
      '--strict',
      '--exactOptionalPropertyTypes',
      '--skipLibCheck',
      '--target',
      'es2022',
      '--types',
      'node',
    ];
    const args = [...options, '--module', module, '--moduleResolution', resolution, ...blocks.map(({ file }) => file)];
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    const { stdout } = spawnSync(process.execPath, [tsc, ...args], { cwd: project, encoding: 'utf8' });
    // Names that are the reader's own: TS2304 cannot find, TS2552 the same with a guess, TS18004 in the short form.
    const faults = stdout.split('\n').filter((line) => /error TS(?!2304|2552|18004)/.test(line));
    expect(faults).toEqual([]);
    expect(blocks.length).toBeGreaterThan(5);
  },
  120_000,
);
