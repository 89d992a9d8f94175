/** Fills a Redis with many users' connections: records and due index in the store's own form, in large batches. */

import { ownerKeyOf } from '../../dist/src/core/identifiers.js';
import { parseOwner } from '../../dist/src/core/parse-input.js';
import { Secret } from '../../dist/src/core/secret.js';
import { connectionFieldOf, dueMemberOf } from '../../dist/src/store/field-names.js';
import { packText, unpackText } from '../../dist/src/store/packed-text.js';
import { formatConnection } from '../../dist/src/store/records.js';
import { nameKeys } from '../../dist/src/store/redis/keys.js';
import { formatFields } from '../../dist/src/store/redis/stored-fields.js';
import { fieldSeal } from '../../dist/src/store/sealed-fields.js';
import { Keyring } from '../../dist/src/store/sealing.js';
import { connectPlain } from './redis-server.mjs';
import { encryptionKeys, tokenOf, userOf } from './token-store.mjs';

/** The providers of each user. None has a revocation endpoint, so erasing a user waits for no other server. */
export const perUser = ['one', 'two', 'three', 'four'];
export const seedProviders = Object.fromEntries(
  perUser.map((id) => [
    id,
    {
      authorization_endpoint: 'https://provider.example/authorize',
      token_endpoint: 'https://provider.example/token',
      client_id: 'bench',
      client_secret: 'bench-secret',
      scopes: [],
    },
  ]),
);

const keyring = Keyring.parse(encryptionKeys);
const keys = nameKeys('valetkey');
const usersPerBatch = 500;
/** Stands for the user's id in the template of a record; long enough to occur nowhere else. */
const placeholder = 'the-user-who-is-to-come';

/** Writes four connections for each of so many users. */
export async function seedConnections(redisUrl, users) {
  const redis = await connectPlain(redisUrl);
  const now = Date.now();
  const templates = new Map(perUser.map((provider) => [provider, templateOf(provider, now)]));
  for (let first = 0; first < users; first += usersPerBatch) {
    const pipeline = redis.pipeline();
    const due = new Map();
    for (let user = first; user < Math.min(first + usersPerBatch, users); user += 1) {
      const owner = ownerKeyOf(parseOwner(userOf(user)));
      const fields = perUser.map((provider) => {
        const field = connectionFieldOf({ provider, account: 'default' });
        const member = Buffer.from(dueMemberOf(owner, field), 'latin1');
        const shard = keys.due(member);
        due.set(shard, [...(due.get(shard) ?? []), now + 7 * 3_600_000 + user, member]);
        return [field, recordOf(templates.get(provider), { user, owner, field, version: now * 1000 })];
      });
      pipeline.set(keys.fieldsOf(owner), formatFields(new Map(fields)));
    }
    for (const [shard, entries] of due) pipeline.zadd(shard, ...entries);
    await pipeline.exec();
  }
  redis.disconnect();
}

/** The store's own text of a connection; checked against the schemas once instead of a million times. */
function templateOf(provider, now) {
  const { accessToken, refreshToken, scopes, expiresAt } = tokenOf(0);
  const tokenSet = {
    accessToken: new Secret(accessToken),
    refreshToken: new Secret(refreshToken),
    tokenType: 'bearer',
    expiresAt: expiresAt * 1000,
    obtainedAt: now,
    scope: scopes,
  };
  const { tenant, userId } = parseOwner(placeholder);
  const record = formatConnection({
    connectionId: `co_${'x'.repeat(22)}`,
    tenant,
    userId,
    provider,
    account: 'default',
    tokenSet,
    requestedScope: scopes,
    state: { kind: 'active' },
    proof: { mode: 'host', provenAt: now },
    connectedAt: now,
    updatedAt: now,
  });
  return unpackText(record);
}

function recordOf(template, { user, owner, field, version }) {
  const plaintext = packText(template.replace(placeholder, userOf(user)));
  return { version, bytes: keyring.seal(plaintext, fieldSeal({ owner, field }, version)) };
}
