/** Where a connected account is: the instance or company it belongs to, and the one site of several that is used. */

import { describe, expect, it } from 'vitest';
import { withPlace } from '../../src/core/identity-place.js';
import { withChosenSite } from '../../src/core/site.js';

const mapping = { from: 'userinfo', id: 'sub', place: '{shop}.example' } as const;
const ada = { id: '7', name: 'Ada' };

describe('an identity', () => {
  it('is one within its place, where its id alone does not name it', () => {
    expect(withPlace(mapping, ada, { shop: 'acme' })).toEqual({ id: 'acme.example:7', name: 'Ada' });
  });

  it('stays as it is without a place, or without the parameter that the place wants', () => {
    expect(withPlace({ from: 'userinfo', id: 'sub' }, ada, { shop: 'acme' })).toEqual(ada);
    expect(withPlace(mapping, ada, { realm: 'acme' })).toEqual(ada);
  });

  it('is the place itself where the token response names nobody: a shop’s own token belongs to no person', () => {
    const own = { ...mapping, from: 'token_response' } as const;
    expect(withPlace(own, undefined, { shop: 'acme' })).toEqual({ id: 'acme.example', name: 'acme.example' });
  });

  it('is unknown where another source of it names nobody, place or not', () => {
    expect(withPlace(mapping, undefined, { shop: 'acme' })).toBeUndefined();
    expect(withPlace({ ...mapping, from: 'id_token' }, undefined, { shop: 'acme' })).toBeUndefined();
  });
});

describe('the site to use', () => {
  const provider = { sites: { endpoint: 'https://api.example/sites', id: 'id', parameter: 'cloud_id' } };
  const [one, two] = [{ id: 'c1' }, { id: 'c2' }];

  it.each([
    ['the only one there is', {}, [one], { cloud_id: 'c1' }],
    ['the one that was asked for', { cloud_id: 'c2' }, [one, two], { cloud_id: 'c2' }],
    ['left open where the caller has the choice', {}, [one, two], {}],
    ['left open where there is none', {}, [], {}],
    ['left open where the consent does not cover the one that was asked for', { cloud_id: 'c3' }, [one], {}],
    ['the one that was asked for, when the sites could not be read', { cloud_id: 'c3' }, undefined, { cloud_id: 'c3' }],
  ])('is %s', (_title, asked, sites, chosen) => {
    expect(withChosenSite(provider, { realm: 'r', ...asked }, sites)).toEqual({ realm: 'r', ...chosen });
  });

  it('is no question at a provider without sites', () => {
    expect(withChosenSite({}, { cloud_id: 'c3' }, [one])).toEqual({ cloud_id: 'c3' });
  });
});
