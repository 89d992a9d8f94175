import { describe, expect, it } from 'vitest';
import { isAllowedEndpoint } from '../../src/core/endpoint.js';

const isAllowed = (url: string, loopback: boolean) => isAllowedEndpoint(new URL(url), loopback);

describe('an endpoint', () => {
  it.each([true, false])('may be any https URL, also on this machine (loopback over http allowed: %s)', (loopback) => {
    for (const url of [
      'https://as.example/token',
      'https://as.example:8443',
      'https://127.0.0.1/x',
      'https://localhost',
    ])
      expect([url, isAllowed(url, loopback)]).toEqual([url, true]);
  });

  it.each([
    'localhost',
    'localhost:3000',
    '127.0.0.1',
    '127.0.0.1:8080',
    '127.255.255.254',
    '127.1',
    '[::1]',
    '[::1]:9',
  ])('may be http at %s only where that is allowed', (host) => {
    expect([isAllowed(`http://${host}/token`, true), isAllowed(`http://${host}/token`, false)]).toEqual([true, false]);
  });

  it.each([
    'http://as.example/',
    'http://localhost.evil.example/',
    'http://evil.localhost/',
    'http://127.0.0.1.evil.example/',
    'http://evil.example/127.0.0.1',
    'http://a127.0.0.1/',
    'http://128.0.0.1/',
    'http://10.0.0.1/',
    'http://[::2]/',
    'http://[::ffff:127.0.0.1]/',
    'ftp://127.0.0.1/',
    'ws://localhost/',
    'file:///etc/passwd',
    'javascript:alert(1)',
  ])('may not be %s, whatever is allowed', (url) => {
    if (URL.canParse(url)) expect([isAllowed(url, true), isAllowed(url, false)]).toEqual([false, false]);
    else expect(() => new URL(url)).toThrow();
  });

  it.each([
    'https://user@as.example/',
    'https://:secret@as.example/',
    'https://user:secret@as.example/',
    'http://user@localhost/',
  ])('may not hold credentials: %s', (url) => expect(isAllowed(url, true)).toBe(false));
});
