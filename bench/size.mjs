/**
 * `npm run bench:size`: bytes in Redis for a whole connection: its record and all indexes. 1 = one string key with the
 * Fernet text of the same bundle, with the key name that such programs use.
 */

import { bundleOf, sealFernet } from './support/plain-design.mjs';
import { connectPlain, startRedis } from './support/redis-server.mjs';
import { printNote, printTable, readCounts } from './support/report.mjs';
import { openBenchManager } from './support/token-store.mjs';

const { users } = readCounts({ users: 2000 });
/** Token lengths as these providers give them, 2026. */
const bundles = {
  GitHub: { provider: 'github', access: 40, refresh: 80, scopes: ['repo', 'read:user'] },
  Google: { provider: 'google', access: 220, refresh: 103, scopes: ['openid', 'email', 'profile'] },
  Microsoft: {
    provider: 'microsoft',
    access: 1500,
    refresh: 1200,
    scopes: ['User.Read', 'Mail.Read', 'offline_access'],
  },
};
const providers = Object.fromEntries(
  Object.values(bundles).map(({ provider }) => [provider, { client_id: 'bench', client_secret: 'bench-secret' }]),
);
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const random = (length) => Array.from({ length }, () => alphabet[Math.floor(Math.random() * 64)]).join('');

const redis = await startRedis();
const plain = await connectPlain(redis.url);
const rows = [];
for (const [name, bundle] of Object.entries(bundles)) {
  const ours = await bytesPerUser(async (count) => {
    const manager = await openBenchManager({ redisUrl: redis.url, providers });
    await each(count, (index) => manager.storeToken(`telegram:${100_000_000 + index}`, tokenOf(bundle)));
    await manager.close();
    // The log of events does not count: it is not part of the connection, and expires.
    for (const log of await plain.keys('valetkey:log:*')) await plain.del(log);
  });
  const theirs = await bytesPerUser((count) =>
    each(count, (index) =>
      plain.set(
        `valetkey:oauth_tokens:telegram:${100_000_000 + index}:${bundle.provider}`,
        sealFernet(bundleOf(tokenOf(bundle))),
      ),
    ),
  );
  rows.push([name, Math.round(theirs), Math.round(ours), (ours / theirs).toFixed(2), '<= 0.90']);
}
printTable('Bytes in Redis for one connection', ['bundle', 'one Fernet key', 'valetkey', 'ratio', 'goal'], rows);
printNote(
  `${users.toLocaleString('en-US')} users each; the growth of used_memory_dataset and of the keys' overhead (INFO memory, used_memory), divided by users.`,
);
plain.disconnect();
await redis.stop();

function tokenOf({ provider, access, refresh, scopes }) {
  const expiresAt = Math.floor(Date.now() / 1000) + 3600;
  return { provider, accessToken: random(access), refreshToken: random(refresh), expiresAt, scopes };
}

async function each(count, act) {
  for (let first = 0; first < count; first += 100) {
    await Promise.all(Array.from({ length: Math.min(100, count - first) }, (_, index) => act(first + index)));
  }
}

/**
 * Starts with an empty database. A few are written before, since Redis keeps a histogram of latencies for each kind of
 * command (some 40 KB) and the scripts from their first use, whatever the number of users.
 */
async function bytesPerUser(write) {
  await write(100);
  await plain.flushall();
  const before = await usedMemory();
  await write(users);
  const after = await usedMemory();
  return (after - before) / users;
}

async function usedMemory() {
  return Number(/used_memory:(\d+)/.exec(await plain.info('memory'))[1]);
}
