/** One process on a shared store, for tests: asks for one token many times at once. `node refresh-race-child.mjs <options> <calls> [MCP server]` */

import { once } from 'node:events';
import { openManager } from '../../dist/src/open-manager.js';

const [options = '{}', calls = '1', serverUrl = ''] = process.argv.slice(2);
const manager = await openManager({ ...JSON.parse(options), backgroundWork: false });

process.stdout.write('ready\n');
await once(process.stdin, 'data');
const ask = () =>
  serverUrl === '' ? manager.requireToken('racer', 'strict') : manager.mcp.requireToken('racer', serverUrl);
const asked = Array.from({ length: Number(calls) }, ask);
const tokens = await Promise.all(asked);
process.stdout.write(`${JSON.stringify(tokens.map(({ accessToken }) => accessToken.reveal()))}\n`);
await manager.close();
process.stdin.destroy();
