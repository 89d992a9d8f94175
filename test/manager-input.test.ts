/** What a program without types passes to the library is refused by name, and never taken for something else. */

import { expect, it } from 'vitest';
import { parseConnectRequest, parseTokenRequest } from '../src/manager-input.js';
import { openManager } from '../src/open-manager.js';

/** What JavaScript may pass although the types say otherwise. */
const untyped = (json: string) => JSON.parse(json);

it.each([
  ['scopes: must be a list', () => parseTokenRequest('u', 'github', untyped('{"scopes":"repo"}'))],
  ['scopes: must be a list', () => parseConnectRequest('u', 'github', untyped('{"scopes":"repo"}'))],
  ['proof: Invalid option', () => parseConnectRequest('u', 'github', untyped('{"proof":"chatcode"}'))],
  ['user: must not be empty', () => parseTokenRequest('', 'github', {})],
  ['user: must be at most 256 characters', () => parseTokenRequest('u'.repeat(257), 'github', {})],
])('"%s"', (problem, parse) => {
  expect(parse).toThrow(problem);
});

it('a manager without encryption keys says that they are missing', async () => {
  const opening = openManager(untyped('{"baseUrl":"http://localhost:3000","providers":{}}'));
  await expect(opening).rejects.toMatchObject({
    code: 'configuration_invalid',
    faults: [{ name: 'encryptionKeys', problem: expect.stringContaining('is missing') }],
  });
});
