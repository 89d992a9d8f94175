import { describe, expect, it, onTestFinished } from 'vitest';
import { loadConfig } from '../../src/service/config.js';
import { makeDataDir } from './running.js';

function warningsOf(variables: Readonly<Record<string, string>>): readonly string[] {
  const { path, remove } = makeDataDir();
  onTestFinished(remove);
  return loadConfig({ DATA_DIR: path, ...variables }).warnings;
}

describe('a name that nothing reads', () => {
  it.each([
    ['API_KEY', 'API_KEYS'],
    ['ENCRYPTION_KEY_FILE', 'ENCRYPTION_KEYS_FILE'],
    ['REDIS_URI', 'REDIS_URL'],
    ['GITHUB_CLIENTID', 'GITHUB_CLIENT_ID'],
    ['RETURN_TO_ORIGIN', 'RETURN_TO_ORIGINS'],
    ['LOGLEVEL', 'LOG_LEVEL'],
  ])('%s is warned of, since %s may be meant', (name, meant) => {
    expect(warningsOf({ [name]: 'canary' })).toEqual([`${name} is set, but nothing reads it; is ${meant} meant?`]);
  });

  it.each([
    ['is unlike all others', { REDIS_PASSWORD: 'x', PORTS: 'x', PATH: 'x', API_KEYS_OF_OTHERS: 'x' }],
    ['is near to one that is given', { LOGLEVEL: 'x', LOG_LEVEL: 'warn' }],
  ])('and %s is left alone', (_, variables) => {
    expect(warningsOf(variables)).toEqual([]);
  });
});
