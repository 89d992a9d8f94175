/** Requests that nobody can serve: each is a 4xx problem that names the field and repeats nothing of it. */

import { createHash } from 'node:crypto';
import net from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiUnderTest, bearer, buildApi, keys } from './api-app.js';

let api: ApiUnderTest;

beforeAll(async () => {
  api = await buildApi({ fastify: { genReqId: () => 'req-1' } });
});
afterAll(() => api.close());

const tokenPath = '/v1/users/u1/tokens/github';
const canary = 'canary_SeCrEt.4711';

describe('malformed requests', () => {
  const users = '/v1/users';
  const refresh = `${tokenPath}/refresh`;
  const connect = `${users}/u1/connect/github`;
  const hash = createHash('sha256').update('x').digest('hex');
  const long = (count: number) => 'x'.repeat(count);

  /** Method, address, body, then status, code and field. A text is sent as it stands. */
  type Row = [string, string, unknown, number, string, string | undefined];
  const invalid = (method: string, url: string, body: unknown, field: string): Row => [
    method,
    url,
    body,
    400,
    'invalid_request',
    field,
  ];
  const rows: Row[] = [
    // Ids in paths.
    invalid('GET', `${users}/${long(257)}/connections`, undefined, 'user'),
    invalid('GET', `${users}/${long(5000)}/connections`, undefined, 'user'),
    invalid('GET', `${users}/${'%F0%9F%98%80'.repeat(257)}/connections`, undefined, 'user'),
    invalid('GET', `${users}/a%00b/connections`, undefined, 'user'),
    invalid('GET', `${users}/a%0Ab/connections`, undefined, 'user'),
    invalid('GET', `${users}/a%7Fb/connections`, undefined, 'user'),
    invalid('GET', `${users}/a%C2%85b/connections`, undefined, 'user'),
    invalid('GET', `${users}/a%E2%80%A8b/connections`, undefined, 'user'),
    invalid('GET', `${users}//connections`, undefined, 'user'),
    invalid('GET', `${users}/%FF/connections`, undefined, 'user'),
    invalid('GET', `${users}/%C0%AF/connections`, undefined, 'user'),
    invalid('GET', `${users}/%ED%A0%80/connections`, undefined, 'user'),
    invalid('GET', `${users}/%zz/connections`, undefined, 'user'),
    invalid('GET', `${users}/100%/connections`, undefined, 'user'),
    invalid('DELETE', `${users}/%ff`, undefined, 'user'),
    invalid('POST', `${users}/%0a/account-link`, undefined, 'user'),
    invalid('GET', `${users}/u1/tokens/GitHub`, undefined, 'provider'),
    invalid('GET', `${users}/u1/tokens/__proto__`, undefined, 'provider'),
    invalid('GET', `${users}/u1/tokens/..%2f..`, undefined, 'provider'),
    invalid('GET', `${users}/u1/tokens/${long(65)}`, undefined, 'provider'),
    invalid('GET', `${users}/u1/tokens/%FF`, undefined, 'provider'),
    invalid('GET', `/v1/connects/${long(129)}`, undefined, 'connect_id'),
    invalid('GET', '/v1/connects/a%20b', undefined, 'connect_id'),
    // Queries.
    invalid('GET', `${tokenPath}?min_ttl=soon`, undefined, 'min_ttl'),
    invalid('GET', `${tokenPath}?min_ttl=-1`, undefined, 'min_ttl'),
    invalid('GET', `${tokenPath}?min_ttl=1e3`, undefined, 'min_ttl'),
    invalid('GET', `${tokenPath}?min_ttl=`, undefined, 'min_ttl'),
    invalid('GET', `${tokenPath}?min_ttl=99999`, undefined, 'min_ttl'),
    invalid('GET', `${tokenPath}?min_ttl=1&min_ttl=2`, undefined, 'min_ttl'),
    invalid('GET', `${tokenPath}?account=`, undefined, 'account'),
    invalid('GET', `${tokenPath}?account=a&account=b`, undefined, 'account'),
    invalid('GET', `${tokenPath}?account=${long(129)}`, undefined, 'account'),
    invalid('GET', `${tokenPath}?account=a%0ab`, undefined, 'account'),
    invalid('GET', `${tokenPath}?scopes=a%22b`, undefined, 'scopes.0'),
    invalid('GET', `${tokenPath}?scopes=a&scopes=b`, undefined, 'scopes'),
    invalid('GET', '/v1/connects/cn_1?wait=31', undefined, 'wait'),
    invalid('GET', '/v1/connects/cn_1?wait=x', undefined, 'wait'),
    // Bodies: no JSON, not ours, wrong kinds.
    invalid('POST', refresh, '{', 'body'),
    invalid('POST', refresh, '', 'body'),
    invalid('POST', refresh, undefined, 'body'),
    invalid('POST', refresh, 'null', 'body'),
    invalid('POST', refresh, '[]', 'body'),
    invalid('POST', refresh, '"x"', 'body'),
    invalid('POST', refresh, `{"a":1,"__proto__":{"x":1}}`, 'body'),
    invalid('POST', refresh, `{"constructor":{"prototype":{"x":1}}}`, 'body'),
    invalid('POST', refresh, {}, 'rejected_token_sha256'),
    invalid('POST', refresh, { rejected_token_sha256: 1 }, 'rejected_token_sha256'),
    invalid('POST', refresh, { rejected_token_sha256: canary }, 'rejected_token_sha256'),
    invalid('POST', refresh, { rejected_token_sha256: hash.slice(1) }, 'rejected_token_sha256'),
    invalid('POST', refresh, { rejected_token_sha256: hash, access_token: canary }, 'access_token'),
    invalid('POST', refresh, { rejected_token_sha256: hash, [canary]: 1 }, 'body'),
    invalid('POST', connect, { scopes: 'repo' }, 'scopes'),
    invalid('POST', connect, { scopes: ['repo', 7] }, 'scopes.1'),
    invalid('POST', connect, { scopes: ['a b'] }, 'scopes.0'),
    invalid('POST', connect, { scopes: Array.from({ length: 101 }, () => 'a') }, 'scopes'),
    invalid('POST', connect, { return_to: 7 }, 'return_to'),
    invalid('POST', connect, { return_to: `https://evil.example/${canary}` }, 'return_to'),
    invalid('POST', connect, { return_to: '//evil.example' }, 'return_to'),
    invalid('POST', connect, { chat_identity: {} }, 'chat_identity.platform'),
    invalid('POST', connect, { chat_identity: { platform: 'slack', name: '' } }, 'chat_identity.name'),
    invalid('POST', connect, { proof: 'trust-me' }, 'proof'),
    invalid('POST', connect, { proof: 'none' }, 'proof'),
    invalid('POST', connect, { metadata: { [canary]: 7 } }, 'metadata'),
    invalid('POST', connect, { metadata: { k: long(513) } }, 'metadata.k'),
    invalid('POST', connect, { account: '' }, 'account'),
    invalid('POST', connect, { tenant: 'other' }, 'tenant'),
    invalid('POST', `${users}/u1/proof`, { code: '' }, 'code'),
    invalid('POST', `${users}/u1/proof`, { code: long(65) }, 'code'),
    invalid('POST', '/v1/connects/cn_1/verify', { user: long(257) }, 'user'),
    invalid('POST', '/v1/connects/cn_1/verify', {}, 'user'),
    // What the HTTP layer refuses.
    ['POST', connect, JSON.stringify({ return_to: `/${long(70_000)}` }), 413, 'content_too_large', undefined],
    ['PUT', tokenPath, undefined, 405, 'method_not_allowed', undefined],
    ['POST', tokenPath, {}, 405, 'method_not_allowed', undefined],
    ['HEAD', tokenPath, undefined, 405, 'method_not_allowed', undefined],
    ['DELETE', '/v1/providers', undefined, 405, 'method_not_allowed', undefined],
    ['PATCH', '/v1/connects/cn_1', undefined, 405, 'method_not_allowed', undefined],
    ['OPTIONS', '/v1/events', undefined, 405, 'method_not_allowed', undefined],
    ['GET', '/v1', undefined, 404, 'not_found', undefined],
    ['GET', '/v1/nothing', undefined, 404, 'not_found', undefined],
    ['GET', '/v1/users/u1/tokens/github/', undefined, 404, 'not_found', undefined],
    ['GET', '/v1/users/u1/refresh_tokens', undefined, 404, 'not_found', undefined],
    ['GET', '/V1/providers', undefined, 404, 'not_found', undefined],
    ['GET', '/nothing', undefined, 404, 'not_found', undefined],
    // Well-formed, and about nothing.
    ['GET', `${users}/u1/tokens/nothing`, undefined, 404, 'unknown_provider', undefined],
    ['GET', `${users}/u1/tokens/constructor`, undefined, 404, 'unknown_provider', undefined],
    ['GET', '/v1/connects/cn_nothing', undefined, 404, 'unknown_connect', undefined],
  ];

  const titled = rows.map((row): [string, ...Row] => [
    `${row[0]} ${row[1].slice(0, 60)} ${JSON.stringify(row[2])?.slice(0, 60) ?? ''}`,
    ...row,
  ]);

  it.each(titled)('refuses %s', async (_title, ...[method, url, body, status, code, field]) => {
    const isJson = body !== undefined;
    const response = await api.app.inject({
      // The list holds the methods of the table and no others.
      method: method as 'GET',
      url,
      headers: { ...bearer(keys.bot), ...(isJson ? { 'content-type': 'application/json' } : {}) },
      payload: typeof body === 'string' || body === undefined ? body : JSON.stringify(body),
    });
    expect(response.statusCode).toBe(status);
    expect(response.headers['content-type']).toBe('application/problem+json');
    if (method === 'HEAD') return;
    const problem = response.json();
    expect(problem).toMatchObject({ status, code, request_id: 'req-1' });
    expect(problem.field).toBe(field);
    expect(response.body).not.toContain(canary);
    expect(response.body).not.toContain('evil');
  });

  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/xml',
    'application/vnd.api+json',
    'application/json-seq',
    'application/jsonx',
    '',
    'nonsense',
  ])('refuses a body of content type "%s"', async (type) => {
    const response = await api.app.inject({
      method: 'POST',
      url: connect,
      headers: { ...bearer(keys.bot), 'content-type': type },
      payload: '{"scopes":["a"]}',
    });
    expect([response.statusCode, response.json().code]).toEqual([415, 'unsupported_media_type']);
    expect(response.headers['content-type']).toBe('application/problem+json');
  });

  it.each([
    // As `curl -d ''` sends it.
    ['POST', connect, 'application/x-www-form-urlencoded', '0', 201],
    ['POST', `${users}/u1/account-link`, 'text/plain', '0', 201],
    ['POST', `${users}/u1/account-link`, 'text/plain', undefined, 201],
    ['DELETE', `${users}/u1/connections/github`, 'text/plain;charset=utf-8', '0', 200],
    ['POST', refresh, 'text/plain', '0', 400],
  ] as const)('takes %s %s with an empty body of type %s for one without a body', async (...row) => {
    const [method, url, type, length, status] = row;
    const headers = { ...bearer(keys.bot), 'content-type': type, ...(length && { 'content-length': length }) };
    expect((await api.app.inject({ method, url, headers })).statusCode).toBe(status);
  });

  it('names the methods that an address knows (RFC 9110 15.5.6)', async () => {
    const response = await api.app.inject({
      method: 'PUT',
      url: `${users}/u1/connections/github`,
      headers: bearer(keys.bot),
    });
    expect([response.statusCode, response.headers.allow]).toEqual([405, 'DELETE']);
  });

  it('answers what is no HTTP at all with a problem', async () => {
    const port = Number(new URL(await api.app.listen({ port: 0, host: '127.0.0.1' })).port);
    const ask = (bytes: string) =>
      new Promise<string>((resolve, reject) => {
        let got = '';
        const socket = net.connect(port, '127.0.0.1', () => socket.write(bytes));
        socket.on('data', (chunk) => {
          got += chunk;
        });
        socket.on('end', () => resolve(got)).on('error', reject);
      });
    const nonsense = await ask('NONSENSE\r\n\r\n');
    expect(nonsense).toMatch(/^HTTP\/1\.1 400 Bad Request\r\nContent-Type: application\/problem\+json\r\n/);
    expect(nonsense).toContain('"code":"invalid_request"');
    const large = await ask(`GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`);
    expect(large).toMatch(/^HTTP\/1\.1 431 /);
    expect(large).toContain('"code":"headers_too_large"');
  });
});
