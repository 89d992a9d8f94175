/**
 * One process on a shared store, for the fault tests: `node fault-node.mjs <options>`. Takes orders as lines of JSON and
 * answers each by its number. A preload may have shifted its clock.
 */

import { createHash } from 'node:crypto';
import { createInterface } from 'node:readline';
import { openManager } from '../../dist/src/open-manager.js';

const logged = [];
const log = Object.fromEntries(
  ['debug', 'info', 'warn', 'error'].map((level) => [
    level,
    (fields, message) => logged.push({ level, message, ...fields }),
  ]),
);
const manager = await openManager({ backgroundWork: false, ...JSON.parse(process.argv[2] ?? '{}'), log });
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

const orders = {
  token: async ({ user }) => {
    const token = await manager.getToken(user, 'rotating');
    return { token: token?.accessToken.reveal(), expiresAt: token?.expiresAt };
  },
  /** Forces a refresh of whatever token is stored. */
  renew: async ({ user }) => {
    const current = (await manager.getToken(user, 'rotating'))?.accessToken.reveal();
    if (current === undefined) return {};
    const rejectedTokenSha256 = createHash('sha256').update(current).digest('hex');
    const token = await manager.refreshToken(user, 'rotating', { rejectedTokenSha256 });
    return { token: token.accessToken.reveal() };
  },
  many: async ({ users, count }) => {
    const calls = users.flatMap((user) => Array.from({ length: count }, () => orders.token({ user })));
    const answers = await Promise.allSettled(calls);
    return {
      tokens: [...new Set(answers.flatMap(({ value }) => value?.token ?? []))],
      failed: answers.filter(({ status }) => status === 'rejected').map(({ reason }) => reason.code),
    };
  },
  disconnect: async ({ user }) => manager.deleteToken(user, 'rotating'),
  erase: async ({ user }) => {
    await manager.eraseUser(user);
    return {};
  },
  prove: async ({ user, code }) => {
    await manager.submitProof(user, code);
    return {};
  },
  store: async ({ user, accessToken, refreshToken, expiresAt }) => {
    await manager.storeToken(user, { provider: 'rotating', accessToken, refreshToken, expiresAt, scopes: ['read'] });
    return {};
  },
  stopRefreshing: async () => {
    manager.stopRefreshing();
    return {};
  },
  log: async () => ({ logged }),
  figures: async () => manager.figures(),
  close: async () => {
    await manager.close();
    return {};
  },
};

say({ id: 0 });
const lines = createInterface({ input: process.stdin });
lines.on('line', async (line) => {
  const { id, order, ...input } = JSON.parse(line);
  try {
    say({ id, ...(await orders[order](input)) });
  } catch (error) {
    say({ id, error: error.code ?? error.name });
  }
  if (order === 'close') process.exit(0);
});
// Whoever gave the orders is gone.
lines.on('close', () => process.exit(0));
