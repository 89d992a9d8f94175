/** One server process of `bench:http`: the bare route, or the service with or without its audit trail. */

import { writeSync } from 'node:fs';

const [kind = 'bare', bytes = '400'] = process.argv.slice(2);

if (kind === 'bare') {
  const { fastify } = await import('fastify');
  const app = fastify();
  const filler = 'x'.repeat(Math.max(0, Number(bytes) - '{"body":""}'.length));
  app.get('/v1/users/:user/tokens/:provider', async () => ({ body: filler }));
  tell(await app.listen({ host: '127.0.0.1', port: 0 }));
} else {
  const { buildApp } = await import('../../dist/src/service/app.js');
  const { loadConfig } = await import('../../dist/src/service/config.js');
  const { createLogger } = await import('../../dist/src/service/logger.js');
  const config = loadConfig();
  const service = await buildApp(config, { log: createLogger(config.logLevel), backgroundWork: false });
  if (kind === 'without-audit') service.manager.recordAct = async () => {};
  tell(await service.app.listen({ host: '127.0.0.1', port: 0 }));
}

function tell(address) {
  writeSync(3, address);
}
