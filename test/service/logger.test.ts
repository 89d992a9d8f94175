import { describe, expect, it } from 'vitest';
import { InvalidRequest } from '../../src/core/errors.js';
import { Secret } from '../../src/core/secret.js';
import { createLogger } from '../../src/service/logger.js';

const canary = 'CANARY-7f3a';

function logged(fields: object): string {
  const lines: string[] = [];
  createLogger('info', { write: (line) => void lines.push(line) }).info(fields, 'told');
  return lines.join('');
}

describe('a log line (S7)', () => {
  it.each([
    ['a request', { req: { method: 'GET', url: `/?code=${canary}`, headers: { cookie: canary }, routeOptions: {} } }],
    ['a response', { res: { statusCode: 200, headers: { 'set-cookie': canary } } }],
    ['the message of a foreign error', { err: new Error(`failed at ${canary}`) }],
    ['the cause of an error', { err: new Error('failed', { cause: { access_token: canary } }) }],
    ['the fields of an error', { error: Object.assign(new Error('failed'), { body: canary }) }],
    ['what is thrown and no error', { err: canary }],
    ['a secret', { token: new Secret(canary) }],
    ['a field of a secret name', { access_token: canary, code_verifier: canary, connect_url: canary }],
    ['a field of a secret name, one level down', { answer: { refresh_token: canary, authorization: canary } }],
  ])('holds nothing of the content of %s', (_, fields) => {
    expect(logged(fields)).toContain('told');
    expect(logged(fields)).not.toContain(canary);
  });

  it('tells kind, code and place of an error, and the message of our own', () => {
    expect(logged({ err: new InvalidRequest('user', 'is too long') })).toMatch(
      /"type":"InvalidRequest","code":"invalid_request","message":"user: is too long","at":\["at /,
    );
    expect(logged({ err: new TypeError('x') })).toMatch(/"type":"TypeError","at":\["at /);
  });
});
