/**
 * The steps of a safe refresh with ioredis, node:crypto and undici only, which `bench:ahead` shows beside ours: GET, open,
 * intent, POST, seal, compare-and-set with the due index. No audit trail, no event, no renewal of the lease, no metrics.
 * `node bare-steps.mjs <origin> <Redis URL> <how many at a time>`; answers each line `<name> <count>` with one line: how
 * many per second, and µs of CPU for each.
 */

import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { Agent, request } from 'undici';
import { answerLines } from './answer-lines.mjs';
import { rate } from './measure.mjs';
import { connectPlain } from './redis-server.mjs';

const [origin, redisUrl, atOnce] = process.argv.slice(2);
const headers = { 'content-type': 'application/x-www-form-urlencoded' };
const key = randomBytes(32);
const redis = await connectPlain(redisUrl);
const isSame = "if string.sub(redis.call('GET', KEYS[1]), 1, 8) ~= ARGV[1] then return 0 end\n";
redis.defineCommand('intend', {
  numberOfKeys: 2,
  lua: `${isSame} return redis.call('SET', KEYS[2], ARGV[2], 'NX', 'PX', 6000) and 1 or 0`,
});
redis.defineCommand('commit', {
  numberOfKeys: 3,
  lua: `${isSame} redis.call('SET', KEYS[1], ARGV[2])
    redis.call('DEL', KEYS[2])
    redis.call('ZADD', KEYS[3], ARGV[3], KEYS[1])
    return 1`,
});

function seal(text) {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  return Buffer.concat([nonce, cipher.update(text), cipher.final(), cipher.getAuthTag()]);
}

function open(sealed) {
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, 12));
  decipher.setAuthTag(sealed.subarray(-16));
  return decipher.update(sealed.subarray(12, -16), undefined, 'utf8') + decipher.final('utf8');
}

/** A record: 8 bytes of version, then the sealed bytes. */
const formatRecord = (version, record) => Buffer.concat([Buffer.alloc(8, version), seal(JSON.stringify(record))]);

async function fill(name, count) {
  await rate(count, 1_000, (number) => {
    const user = { tenant: 'default', userId: `user-${number}`, provider: 'strict', account: 'default' };
    const record = { ...user, accessToken: 'a', refreshToken: `${name}-${number}`, expiresAt: 1, scope: [] };
    return redis.set(`${name}:${number}`, formatRecord(1, record));
  });
}

async function refreshAll(name, count) {
  await fill(name, count);
  const dispatcher = new Agent();
  const before = process.cpuUsage();
  const perSecond = await rate(count, Number(atOnce), async (number) => {
    const place = `${name}:${number}`;
    const stored = await redis.getBuffer(place);
    const [version, record] = [stored.subarray(0, 8), JSON.parse(open(stored.subarray(8)))];
    if ((await redis.intend(place, `${place}:intent`, version, 'holder')) !== 1) throw new Error('held');
    const body = `grant_type=refresh_token&client_id=bench&client_secret=s&refresh_token=${record.refreshToken}`;
    const answer = await request(`${origin}/token`, { method: 'POST', headers, body, dispatcher });
    const { access_token: accessToken, refresh_token: refreshToken } = await answer.body.json();
    const renewed = formatRecord(2, { ...record, accessToken, refreshToken, expiresAt: Date.now() + 3_600_000 });
    const committed = await redis.commit(place, `${place}:intent`, `${name}:due`, version, renewed, Date.now());
    if (committed !== 1) throw new Error('moved');
  });
  const { user, system } = process.cpuUsage(before);
  await dispatcher.close();
  return { perSecond, cpu: (user + system) / count };
}

await answerLines((line) => {
  const [name, count] = line.split(' ');
  return refreshAll(name, Number(count));
});
