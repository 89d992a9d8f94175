/** A strict token endpoint as a separate process: `node refreshing-endpoint.mjs <latency ms>`. Prints its origin first. */

import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';

const latencyMs = Number(process.argv[2] ?? 0);
const spent = new Set();
const counts = { redemptions: 0, reuses: 0 };

const server = createServer((request, response) => {
  const answer = (status, body) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };
  if (request.url === '/counts') {
    const { user, system } = process.cpuUsage();
    return answer(200, { ...counts, cpu: user + system });
  }
  let text = '';
  request.on('data', (chunk) => {
    text += chunk;
  });
  request.on('end', () => {
    const token = new URLSearchParams(text).get('refresh_token') ?? '';
    counts.redemptions += 1;
    if (spent.has(token)) {
      counts.reuses += 1;
      return answer(400, { error: 'invalid_grant' });
    }
    spent.add(token);
    const id = randomBytes(24).toString('base64url');
    const tokens = { access_token: `a${id}`, refresh_token: `r${id}`, token_type: 'Bearer', expires_in: 3600 };
    if (latencyMs === 0) return answer(200, tokens);
    setTimeout(answer, latencyMs, 200, tokens);
  });
});
server.listen(0, '127.0.0.1', () => process.stdout.write(`http://127.0.0.1:${server.address().port}\n`));
// Ends when the parent process is gone.
process.stdin.resume().on('end', () => process.exit(0));
