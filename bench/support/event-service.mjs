/** One service of `bench:events` in a separate process, with webhooks: listens at EVENT_PORT and reports that. */

import { writeSync } from 'node:fs';
import { buildApp } from '../../dist/src/service/app.js';
import { loadConfig } from '../../dist/src/service/config.js';
import { createLogger } from '../../dist/src/service/logger.js';

const config = loadConfig();
const service = await buildApp(config, { log: createLogger(config.logLevel) });
writeSync(3, await service.app.listen({ host: '127.0.0.1', port: Number(process.env.EVENT_PORT) }));
