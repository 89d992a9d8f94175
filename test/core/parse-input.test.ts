/** What callers name is parsed once; a fault names the field and never repeats the value. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { InvalidRequest } from '../../src/core/errors.js';
import { providerIdSchema, tenantIdSchema, userIdSchema } from '../../src/core/identifiers.js';
import { parseAccount, parseInput, parseOwner, parseProviderId, parseTenant } from '../../src/core/parse-input.js';

/** The fault that a call throws. */
function faultOf(call: () => unknown): InvalidRequest {
  try {
    call();
  } catch (error) {
    if (error instanceof InvalidRequest) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('parsers of input', () => {
  it('give what was named, as it was named', () => {
    expect(parseOwner('slack:T1:U2', 'acme')).toEqual({ tenant: 'acme', userId: 'slack:T1:U2' });
    expect(parseProviderId('github')).toBe('github');
    expect(parseAccount('work')).toBe('work');
  });

  it('take the tenant default and no account where none is named', () => {
    expect(parseOwner('u', undefined)).toEqual({ tenant: 'default', userId: 'u' });
    expect(parseAccount(undefined)).toBeUndefined();
  });

  it.each([
    ['user', () => parseOwner('', undefined)],
    ['user', () => parseOwner('a\0b', 'acme')],
    ['user', () => parseOwner('u'.repeat(257), 'acme')],
    ['tenant', () => parseOwner('u', '')],
    ['tenant', () => parseOwner('u', '../other')],
    ['tenant', () => parseTenant('valetkey.internal')],
    ['provider', () => parseProviderId('GitHub')],
    ['account', () => parseAccount('')],
    ['account', () => parseAccount('\ud83d')],
    ['return_to', () => parseInput(z.string(), 'return_to', 17)],
  ])('name the field %s in code, field and message', (field, call) => {
    const fault = faultOf(call);
    expect(fault.code).toBe('invalid_request');
    expect(fault.whoMustAct).toBe('caller');
    expect(fault.field).toBe(field);
    expect(fault.message).toMatch(new RegExp(`^${field}: .+`));
  });

  it('say what is wrong in the words of the schema', () => {
    expect(faultOf(() => parseOwner('u', '../x')).message).toBe('tenant: must be 1-64 characters of A-Z a-z 0-9 . _ -');
    expect(faultOf(() => parseTenant('valetkey.internal')).message).toBe('tenant: is reserved');
  });

  it('never repeat the value, whatever it is', () => {
    const hostile = fc
      .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 300 })
      .map((codes) => `CANARY-${String.fromCharCode(...codes)}\0`);
    fc.assert(
      fc.property(hostile, fc.constantFrom(userIdSchema, tenantIdSchema, providerIdSchema), (value, schema) => {
        const fault = faultOf(() => parseInput(schema, 'field', value));
        expect(`${fault.message} ${fault.stack} ${JSON.stringify(fault)}`).not.toContain('CANARY');
        expect(fault.cause).toBeUndefined();
      }),
    );
  });
});
