/** A bounded map keeps what is used, and lets go of what is not. */

import { describe, expect, it } from 'vitest';
import { RecentMap } from '../../src/core/recent-map.js';

/** A map with these keys; each value is its key in capitals. */
function mapOf(most: number, ...keys: string[]) {
  const map = new RecentMap<string, string>(most);
  for (const key of keys) map.set(key, key.toUpperCase());
  return map;
}
const kept = (map: RecentMap<string, string>, ...keys: string[]) => keys.map((key) => map.get(key));

describe('a map of recent things', () => {
  it('keeps as many as it was told, and at most twice as many', () => {
    const map = mapOf(3, 'a', 'b', 'c', 'd', 'e');
    expect(map.size).toBe(5);
    map.set('f', 'F');
    expect(map.size).toBe(3);
    expect(kept(map, 'a', 'b', 'c', 'd', 'e', 'f')).toEqual([undefined, undefined, undefined, 'D', 'E', 'F']);
  });

  it('lets go of what was not used since it was told to age the time before', () => {
    const map = mapOf(9, 'used', 'unused');
    map.age();
    expect(map.get('used')).toBe('USED');
    map.age();
    expect(kept(map, 'used', 'unused')).toEqual(['USED', undefined]);
  });

  it('counts what is used again once', () => {
    const map = mapOf(9, 'a', 'b');
    map.age();
    map.get('a');
    expect(map.size).toBe(2);
  });

  it('is not filled by asking for what it has not', () => {
    const map = mapOf(2, 'a');
    map.get('b');
    map.get('c');
    expect(map.size).toBe(1);
  });

  it('is not filled by asking again and again for what is new in it', () => {
    const map = mapOf(3, 'a', 'b');
    for (let asked = 0; asked < 9; asked += 1) map.get('b');
    map.set('b', 'B');
    map.get('b');
    expect(kept(map, 'a', 'b')).toEqual(['A', 'B']);
  });

  it('gives what was set last, though an older value is still remembered', () => {
    const map = mapOf(9, 'a');
    map.age();
    map.set('a', 'new');
    expect(map.get('a')).toBe('new');
    expect(map.size).toBe(1);
  });

  it('forgets what is deleted, new or old', () => {
    const map = mapOf(9, 'old');
    map.age();
    map.set('new', 'NEW');
    map.delete('old');
    map.delete('new');
    expect(kept(map, 'old', 'new')).toEqual([undefined, undefined]);
    expect(map.size).toBe(0);
  });

  it('keeps nothing where nothing may be kept', () => {
    const map = mapOf(0, 'a');
    expect(map.get('a')).toBeUndefined();
    expect(map.size).toBe(0);
  });

  it('keeps keys in a form of its own, also of what is used again', () => {
    const kept: string[] = [];
    const map = new RecentMap<string, number>(9, (key) => {
      kept.push(key);
      return key.toLowerCase();
    });
    map.set('A', 1);
    map.age();
    expect(map.get('a')).toBe(1);
    map.age();
    expect([map.get('a'), kept]).toEqual([1, ['A', 'a', 'a']]);
  });
});
