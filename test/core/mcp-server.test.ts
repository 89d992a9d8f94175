/** What an MCP server is called here, and what tells one of its settings from another. */

import { describe, expect, it } from 'vitest';
import {
  discoveredIdOf,
  isDiscoveredId,
  isSameIssuer,
  registrationKeyOf,
  rulesDigestOf,
} from '../../src/core/mcp-server.js';

const server = 'https://mcp.example/mcp';
const issuer = 'https://login.example';

describe('the provider id of an MCP server', () => {
  it('is always the same for one server, of a form that configured providers need not have', () => {
    // Connections are stored under it: another version must come to the same.
    expect(discoveredIdOf(server)).toBe('mcp-b1b747a21dbf8cf4');
    expect(isDiscoveredId(discoveredIdOf(server))).toBe(true);
  });

  it('is another one for another server, and with another authorization server', () => {
    const ids = [discoveredIdOf(server), discoveredIdOf(`${server}2`), discoveredIdOf(server, issuer)];
    const others = [discoveredIdOf(server, `${issuer}2`), discoveredIdOf(server, issuer, '')];
    expect(new Set([...ids, ...others]).size).toBe(5);
  });

  it.each([
    'github',
    'mcp',
    'mcp-0123456789abcde',
    'mcp-0123456789abcdef0',
    'xmcp-0123456789abcdef',
    'mcp-0123456789abcdeg',
  ])('is not %s', (id) => {
    expect(isDiscoveredId(id)).toBe(false);
  });
});

it.each([
  [issuer, `${issuer}/`, true],
  [`${issuer}/`, issuer, true],
  [`${issuer}/a/b`, `${issuer}/a/b`, true],
  [`${issuer}/a`, `${issuer}/a//`, false],
  [`${issuer}/a`, `${issuer}/b`, false],
  [`${issuer}/ab`, `${issuer}/a/b`, false],
])('the operator who names %s means %s: %s', (named, other, isSame) => {
  expect(isSameIssuer(named, other)).toBe(isSame);
});

describe('the digest of rules', () => {
  it('is none where there are no rules', () => {
    expect(rulesDigestOf({})).toBeUndefined();
  });

  it('is the same in whatever order they were written, and another one when one of them changes', () => {
    const digest = rulesDigestOf({ omit_resource: true, issuer });
    expect(digest).toMatch(/^[0-9a-f]{16}$/);
    expect(rulesDigestOf({ issuer, omit_resource: true })).toBe(digest);
    expect(rulesDigestOf({ issuer, omit_resource: false })).not.toBe(digest);
    expect(rulesDigestOf({ issuer })).not.toBe(digest);
  });
});

it('a registration belongs to one issuer and one redirect URI', () => {
  const keys = [
    [issuer, server],
    [server, issuer],
    [issuer, issuer],
    [`${issuer}${server}`, ''],
  ] as const;
  expect(new Set(keys.map(([as, redirectUri]) => registrationKeyOf(as, redirectUri))).size).toBe(keys.length);
});
