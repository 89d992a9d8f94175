/** Whatever comes in, a parser answers with a value or throws its own error: nothing else, and nothing of the input in it. */

import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readAuthorizationResponse } from '../src/core/authorization-response.js';
import { ConfigurationError, InvalidRequest, OAuthManagerError, StoredTokenUnreadable } from '../src/core/errors.js';
import { accountLabelSchema, ownerKeyOf, providerIdSchema } from '../src/core/identifiers.js';
import { parseAccount, parseOwner, parseProviderId, parseTenant } from '../src/core/parse-input.js';
import { parseReturnTo } from '../src/core/return-to.js';
import { parseScope } from '../src/core/scope.js';
import { soleState } from '../src/flows/browser-binding.js';
import { readChallenge } from '../src/flows/mcp-token.js';
import { normalizeReturnCode } from '../src/flows/one-time-values.js';
import { connectionFieldOf } from '../src/store/field-names.js';
import {
  parseAuditEntries,
  parseConnection,
  parseDocument,
  parseEvents,
  parseExpiring,
  parseGrant,
  parseIntent,
} from '../src/store/records.js';
import { Keyring } from '../src/store/sealing.js';
import { FernetRefused, openFernet, parseFernetKey } from '../src/transfer/fernet.js';
import { keyring } from './store/samples.js';

const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.string({ maxLength: 300 }),
  fc.base64String(),
  fc.webUrl(),
  fc.json(),
);
const anyBytes = fc.oneof(
  fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  anyText.map((text) => Buffer.from(text)),
  fc.json().map((json) => Buffer.from(`[1,${json}]`)),
);
const parameters = fc
  .array(fc.tuple(fc.oneof(fc.constantFrom('code', 'state', 'iss', 'error'), anyText), anyText), { maxLength: 8 })
  .map((pairs) => new URLSearchParams(pairs));

const keys = keyring('k1');
const fernet = parseFernetKey(`${Buffer.alloc(32, 1).toString('base64url')}=`);

/** The parser, what it takes, and the one kind of error it may throw. */
const parsers: readonly [
  name: string,
  input: fc.Arbitrary<unknown>,
  parse: (input: never) => unknown,
  own: abstract new (...args: never[]) => Error,
][] = [
  [
    'parseOwner',
    fc.tuple(anyText, fc.option(anyText, { nil: undefined })),
    ([user, tenant]: [string, string | undefined]) => parseOwner(user, tenant),
    InvalidRequest,
  ],
  ['parseTenant', anyText, parseTenant, InvalidRequest],
  ['parseProviderId', anyText, parseProviderId, InvalidRequest],
  ['parseAccount', anyText, parseAccount, InvalidRequest],
  ['parseReturnTo', anyText, (text: string) => parseReturnTo(text, ['https://app.example']), InvalidRequest],
  ['parseScope', fc.oneof(anyText, fc.array(anyText)), parseScope, NoError()],
  ['normalizeReturnCode', anyText, normalizeReturnCode, NoError()],
  ['soleState', parameters, soleState, InvalidRequest],
  [
    'readAuthorizationResponse',
    parameters,
    (query: URLSearchParams) =>
      readAuthorizationResponse(query, { issuer: 'https://as.example', issParameterSupported: true }),
    InvalidRequest,
  ],
  ['readChallenge', anyText, readChallenge, OAuthManagerError],
  ['parseConnection', anyBytes, parseConnection, StoredTokenUnreadable],
  ['parseGrant', anyBytes, parseGrant, StoredTokenUnreadable],
  ['parseIntent', anyBytes, parseIntent, StoredTokenUnreadable],
  ['parseEvents', anyBytes, parseEvents, StoredTokenUnreadable],
  ['parseAuditEntries', anyBytes, parseAuditEntries, StoredTokenUnreadable],
  ['parseDocument', anyBytes, parseDocument, StoredTokenUnreadable],
  ['parseExpiring', anyBytes, (bytes: Buffer) => parseExpiring('connect_link', bytes), StoredTokenUnreadable],
  ['Keyring.parse', anyText, Keyring.parse, ConfigurationError],
  ['Keyring.open', anyBytes, (bytes: Buffer) => keys.open(bytes, 'place'), OAuthManagerError],
  ['openFernet', anyText, (text: string) => openFernet(text, fernet ? [fernet] : []), FernetRefused],
];

/** For parsers that take everything. */
function NoError() {
  return class extends Error {};
}

describe('any input at all', () => {
  it.each(parsers)('%s answers, or throws its own error without the input', (_name, input, parse, own) => {
    fc.assert(
      fc.property(input, (value) => {
        try {
          parse(value as never);
        } catch (error) {
          expect(error).toBeInstanceOf(own);
          const text = String(value);
          if (text.length >= 12) expect(inspect(error)).not.toContain(text);
        }
      }),
      { numRuns: 400 },
    );
  });
});

describe('names in storage', () => {
  const text = fc.oneof(
    fc.string({ minLength: 1, maxLength: 40 }),
    fc
      .array(fc.constantFrom('/', ':', '{', '}', 'c', 'g', 'a', '\u00e9', '.'), { minLength: 1, maxLength: 6 })
      .map((parts) => parts.join('')),
  );
  const ref = fc
    .record({
      tenant: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,5}$/),
      user: text,
      provider: fc.stringMatching(/^[a-z0-9][a-z0-9_-]{0,4}$/),
      account: text,
    })
    .filter(
      ({ user, account }) =>
        accountLabelSchema.safeParse(account).success && accountLabelSchema.safeParse(user).success,
    );

  it('of two connections are the same only when owner, provider and account are (S8)', () => {
    const nameOf = ({
      tenant,
      user,
      provider,
      account,
    }: {
      tenant: string;
      user: string;
      provider: string;
      account: string;
    }) => {
      const place = { provider: providerIdSchema.parse(provider), account: accountLabelSchema.parse(account) };
      return `${ownerKeyOf(parseOwner(user, tenant))}/${connectionFieldOf(place)}`;
    };
    fc.assert(
      fc.property(ref, ref, fc.subarray(['tenant', 'user', 'provider', 'account'] as const), (one, other, shared) => {
        const near = { ...other, ...Object.fromEntries(shared.map((part) => [part, one[part]])) };
        expect(nameOf(one) === nameOf(near)).toBe(
          JSON.stringify(Object.entries(one).sort()) === JSON.stringify(Object.entries(near).sort()),
        );
      }),
      { numRuns: 2_000 },
    );
  });
});
