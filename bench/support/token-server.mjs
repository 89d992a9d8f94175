/**
 * One server process of `bench:http`: the bare route, the same with a plain GET before each answer, or the service: as it
 * is, with cold reads, or without its audit trail.
 */

import { writeSync } from 'node:fs';
import { tellCpu } from './child.mjs';

const [kind = 'bare', bytes = '400'] = process.argv.slice(2);

if (kind === 'bare' || kind === 'bare-get') {
  const { fastify } = await import('fastify');
  const app = fastify();
  const body = 'x'.repeat(Math.max(0, Number(bytes) - '{"body":""}'.length));
  const ask = kind === 'bare' ? async () => body : await askingRedis(body);
  app.get('/v1/users/:user/tokens/:provider', async () => ({ body: await ask() }));
  tell(await app.listen({ host: '127.0.0.1', port: 0 }));
} else {
  const { buildApp } = await import('../../dist/src/service/app.js');
  const { loadConfig } = await import('../../dist/src/service/config.js');
  const { createLogger } = await import('../../dist/src/service/logger.js');
  const { managerOptions } = await import('../../dist/src/service/manager-options.js');
  const config = loadConfig();
  const service = await buildApp(config, { log: createLogger(config.logLevel), backgroundWork: false });
  if (kind === 'cold') service.store.connections.find = await openingEachAnew(managerOptions(config));
  if (kind === 'without-audit') service.manager.recordAct = async () => {};
  tell(await service.app.listen({ host: '127.0.0.1', port: 0 }));
}

tellCpu();

/** Reads one key for each answer: no authentication, nothing sealed, no audit trail. */
async function askingRedis(body) {
  const { connectPlain } = await import('./redis-server.mjs');
  const redis = await connectPlain(process.env.REDIS_URL);
  await redis.set('plain', body);
  return () => redis.get('plain');
}

/** Finds connections as the service does, but reuses no record that was opened before. */
async function openingEachAnew({ redisUrl, encryptionKeys }) {
  const { openEngine } = await import('../../dist/src/open-store.js');
  const { createStore } = await import('../../dist/src/store/sealed-store.js');
  const { Keyring } = await import('../../dist/src/store/sealing.js');
  const engine = await openEngine({ redisUrl });
  return createStore(engine, Keyring.parse(encryptionKeys), { keepOpened: 0 }).connections.find;
}

function tell(address) {
  writeSync(3, address);
}
