/**
 * `npm run bench:peers`: how fast other libraries hand out a stored token in process. 1 = ours, on Redis. Better Auth is
 * installed into a temporary folder for the run; if that fails, it is not measured, and the table says so.
 */

import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { inTurns, perSecond } from './support/measure.mjs';
import { openPlainDesign } from './support/plain-design.mjs';
import { connectPlain, startRedis } from './support/redis-server.mjs';
import { printNote, printTable, readCounts, shown } from './support/report.mjs';
import { fill, openBenchManager, tokenOf, userOf } from './support/token-store.mjs';

/** Few users, as Better Auth's memory adapter searches all of them. */
const { users, rounds, ms } = readCounts({ users: 100, rounds: 5, ms: 500 });
const version = '1.6.34';

const redis = await startRedis();
const filling = await openBenchManager({ redisUrl: redis.url });
await fill(filling, users);
await filling.close();
const manager = await openBenchManager({ redisUrl: redis.url });
const plain = await connectPlain(redis.url);
const fernet = openPlainDesign(plain);
await fernet.fill(users, tokenOf);
const folder = await mkdtemp(join(tmpdir(), 'valetkey-peers-'));
const betterAuth = await openBetterAuth(folder).catch(() => undefined);

const rows = [];
for (const callers of [1, 64]) {
  const subject = (name, once) => [name, () => perSecond((turn) => once(turn % users), { callers, ms })];
  const subjects = Object.fromEntries([
    subject('valetkey, Redis', (index) => manager.getToken(userOf(index), 'github')),
    subject('plain design (GET, Fernet, no lock), Redis', (index) => fernet.getToken(index)),
    ...(betterAuth ? [subject(`Better Auth ${version} getAccessToken, in memory`, betterAuth)] : []),
  ]);
  for (const [name, { median: rate, ratio }] of Object.entries(await inTurns(subjects, rounds))) {
    rows.push([callers, name, shown(rate), ratio.toFixed(2)]);
  }
}
printTable(`A stored token in process, ${users} users`, ['callers', 'subject', 'per second', 'ratio'], rows);
printNote(
  betterAuth
    ? 'Better Auth keeps its accounts in the memory of the process here, its tokens encrypted; a data base would come on top.'
    : 'Better Auth could not be installed here, so it was not measured.',
);
await manager.close();
plain.disconnect();
await redis.stop();
await rm(folder, { recursive: true, force: true });

/** Answers a function that gets one user's token. */
async function openBetterAuth(place) {
  await writeFile(join(place, 'package.json'), '{"type":"module"}');
  const args = ['install', '--no-audit', '--no-fund', `better-auth@${version}`];
  const { status } = spawnSync('npm', args, { cwd: place, timeout: 90_000, stdio: 'ignore' });
  if (status !== 0) throw new Error('npm install failed');
  const load = (name) => import(pathToFileURL(createRequire(join(place, 'package.json')).resolve(name)).href);
  const [{ betterAuth: create }, { memoryAdapter }, { symmetricEncrypt }] = await Promise.all(
    ['better-auth', 'better-auth/adapters/memory', 'better-auth/crypto'].map(load),
  );
  const accounts = { user: [], session: [], account: [], verification: [] };
  const auth = create({
    secret: 'a secret of the bench, which is long enough',
    baseURL: 'http://localhost:3000',
    database: memoryAdapter(accounts),
    socialProviders: { github: { clientId: 'bench', clientSecret: 'bench-secret' } },
    account: { encryptOAuthTokens: true },
    logger: { disabled: true },
  });
  const { internalAdapter, secret: key } = await auth.$context;
  const sealed = (data) => symmetricEncrypt({ key, data });
  for (let index = 0; index < users; index += 1) {
    const { accessToken, refreshToken, expiresAt, scopes } = tokenOf(index);
    const email = `user${index}@bench.example`;
    const { id: userId } = await internalAdapter.createUser({ name: email, email, emailVerified: true });
    await internalAdapter.createAccount({
      userId,
      providerId: 'github',
      accountId: String(index),
      accessToken: await sealed(accessToken),
      refreshToken: await sealed(refreshToken),
      accessTokenExpiresAt: new Date(expiresAt * 1000),
      scope: scopes.join(' '),
    });
  }
  const getToken = (index) =>
    auth.api.getAccessToken({ body: { providerId: 'github', userId: accounts.user[index].id } });
  const { accessToken } = await getToken(0);
  if (accessToken !== tokenOf(0).accessToken) throw new Error('it answers another token');
  return getToken;
}
