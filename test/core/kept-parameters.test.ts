import { describe, expect, it } from 'vitest';
import { createRegistry } from '../../providers/index.js';
import { providerIdSchema } from '../../src/core/identifiers.js';
import { keptParameters } from '../../src/core/kept-parameters.js';
import type { JsonObject } from '../../src/core/provider.js';

const github = createRegistry({ github: { client_id: 'c', client_secret: 's' } }).find(
  providerIdSchema.parse('github'),
);
if (github === undefined) throw new Error('github is not in the catalogue');
const provider = {
  ...github,
  keepFromCallback: { company: 'realmId', shop: 'shop' },
  keepFromResponse: { host: 'api.host', number: 'api.id', team: 'team' },
};
const kept = (callback?: string, answer?: JsonObject) =>
  keptParameters(provider, { callback: callback === undefined ? undefined : new URLSearchParams(callback), answer });

describe('what a connection keeps of its provider', () => {
  it('comes from the callback and from the answer, numbers as text', () => {
    expect(
      kept('realmId=123&shop=a.example&other=x', { api: { host: 'eu.example', id: 7 }, team: 'T1', more: 'y' }),
    ).toEqual({
      company: '123',
      shop: 'a.example',
      host: 'eu.example',
      number: '7',
      team: 'T1',
    });
  });

  it('is nothing where nothing was said, or nothing is wanted', () => {
    expect([
      kept(),
      kept(''),
      kept('realm=1', {}),
      keptParameters(github, { callback: new URLSearchParams('realmId=1') }),
    ]).toEqual([{}, {}, {}, {}]);
  });

  it('is short printable text: at most 512 characters', () => {
    expect(kept('', { team: 'x'.repeat(512) })).toEqual({ team: 'x'.repeat(512) });
    const unfit = ['x'.repeat(513), '', 'a\nb', '\u0000', 'a\u007f', '\u00e9', null, true, ['a'], { a: 1 }];
    for (const team of unfit) expect([team, kept('', { team })]).toEqual([team, {}]);
    expect(kept('', { team: ' ~' })).toEqual({ team: ' ~' });
  });

  it('is no number that was rounded when it was read: it would name another', () => {
    expect(kept('', JSON.parse('{"api":{"id":12345678901234567891}}'))).toEqual({});
    expect(kept('', JSON.parse('{"api":{"id":9007199254740991}}'))).toEqual({ number: '9007199254740991' });
  });

  it('is not found in prototypes, in text or beyond its path', () => {
    for (const api of [null, 'host', 7, [], { hosts: 'x' }, Object.create({ host: 'x' })])
      expect(kept('', { api })).toEqual({});
    const inherited = { ...provider, keepFromResponse: { name: 'constructor.name', size: 'team.length' } };
    expect(keptParameters(inherited, { answer: { team: 'T1' } })).toEqual({});
  });
});
