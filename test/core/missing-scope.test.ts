/** Which scope a connection lacks, by what its provider calls it and what it never lists. */

import { describe, expect, it } from 'vitest';
import { missingScopeAt } from '../../src/core/provider.js';
import { registeredProvider } from '../support/registered-provider.js';

const plain = registeredProvider('github', { client_id: 'c', client_secret: 's' });
const provider = { ...plain, unlistedScope: ['offline_access'], scopeAliases: { email: 'https://as.example/email' } };

describe('the missing scope', () => {
  it.each([
    ['nothing, when nothing is wanted', [], [], []],
    ['what is wanted and not granted', ['read'], ['read', 'write'], ['write']],
    ['nothing that is granted under its other name', ['https://as.example/email'], ['email'], []],
    ['a token that is granted under neither name', ['read'], ['email'], ['email']],
    ['nothing that the provider never lists', [], ['offline_access'], []],
    ['no name that every object has', [], ['constructor'], ['constructor']],
  ])('is %s', (_title, granted, wanted, missing) => {
    expect(missingScopeAt(provider, granted, wanted)).toEqual(missing);
  });

  it('is told as well where the provider has no other names', () => {
    expect(missingScopeAt(plain, ['repo'], ['repo', 'gist'])).toEqual(['gist']);
  });
});
