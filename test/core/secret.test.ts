/** A Secret shows itself as `[secret]` wherever it is printed by accident. */

import { Console } from 'node:console';
import { stringify } from 'node:querystring';
import { PassThrough } from 'node:stream';
import { format, inspect } from 'node:util';
import { serialize } from 'node:v8';
import { describe, expect, it } from 'vitest';
import { Secret } from '../../src/core/secret.js';

const canary = 'CANARY-5d1f0c';
const secret = new Secret(canary);

/** What a console writes when told to. */
function printed(write: (console: Console) => void): string {
  const stream = new PassThrough();
  write(new Console(stream, stream));
  return String(stream.read());
}

/** Ways that tell a reader that a secret stands there. */
const saying: readonly (readonly [string, () => string])[] = [
  ['String()', () => String(secret)],
  ['toString()', () => secret.toString()],
  ['a template', () => `token=${secret}`],
  ['concatenation', () => appended('token=')],
  ['Array.prototype.join', () => [secret, secret].join()],
  ['JSON.stringify', () => JSON.stringify(secret)],
  ['JSON.stringify in a structure', () => JSON.stringify({ token: [secret] })],
  ['util.inspect', () => inspect(secret)],
  ['util.inspect of a structure', () => inspect({ list: [secret], map: new Map([[secret, new Set([secret])]]) })],
  ['util.inspect with hidden fields', () => inspect({ secret }, { showHidden: true, depth: null })],
  ['util.format %s', () => format('%s', secret)],
  ['util.format %o', () => format('%o', secret)],
  ['util.format %O', () => format('%O', { secret })],
  ['util.format %j', () => format('%j', secret)],
  ['console.log', () => printed((console) => console.log('token', secret, { secret }))],
  ['console.table', () => printed((console) => console.table([{ secret }]))],
  ['console.error of an error that carries one', () => printed((console) => console.error(errorWith(secret)))],
  ['URLSearchParams', () => new URLSearchParams([['token', String(secret)]]).get('token') ?? ''],
];

/** Ways that show nothing useful, but must not show the value either. */
const silent: readonly (readonly [string, () => string])[] = [
  ['Object.entries', () => JSON.stringify(Object.entries(secret))],
  ['own keys', () => Reflect.ownKeys(secret).map(String).join()],
  ['a spread', () => JSON.stringify({ ...secret })],
  ['structuredClone', () => JSON.stringify(structuredClone({ secret }))],
  ['v8.serialize', () => serialize({ secret }).toString('latin1')],
  ['inspect without the custom form', () => inspect(secret, { customInspect: false, showHidden: true })],
  ['console.dir, which skips the custom form', () => printed((console) => console.dir({ secret }, { depth: null }))],
  ['Number()', () => String(Number(secret))],
  ['util.format %d', () => format('%d', secret)],
  ['querystring', () => stringify(JSON.parse(JSON.stringify({ secret })))],
];

/** The plus operator asks for a primitive by default, not for a string. */
function appended(text: string): string {
  let result = text;
  result += secret;
  return result;
}

function errorWith(token: Secret): Error {
  return Object.assign(new Error(`refused ${token}`, { cause: { token } }), { token });
}

describe('Secret', () => {
  it('hands out its value to whoever asks for it by name', () => {
    expect(secret.reveal()).toBe(canary);
  });

  it.each(saying)('reads [secret] by way of %s', (_, print) => {
    const text = print();
    expect(text).toContain('[secret]');
    expect(text).not.toContain(canary);
  });

  it.each(silent)('does not show by way of %s', (_, print) => {
    expect(print()).not.toContain(canary);
  });
});
