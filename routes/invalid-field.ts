/** Finds the name of the field that is wrong in a request; its value is never repeated. */

import type { FastifyRequest } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import { InvalidRequest } from '../src/core/errors.js';

/** Our own names have this form; anything else in a path of fields is the caller's and could be a secret. */
const speakable = /^[a-z][a-z_-]{0,31}\d{0,3}$/;

/** The error as one that names a field of the request, or `undefined` if it is about something else. */
export function findInvalidField(error: unknown, request: FastifyRequest): InvalidRequest | undefined {
  if (error instanceof InvalidRequest) return error;
  if (hasZodFastifySchemaValidationErrors(error)) return readValidation(error);
  const code = typeof error === 'object' && error !== null ? Reflect.get(error, 'code') : undefined;
  if (code === 'FST_ERR_BAD_URL')
    return new InvalidRequest(findBadSegment(request.url), 'is not percent-encoded UTF-8');
  if (code === 'FST_ERR_MAX_PARAM_LENGTH') return new InvalidRequest(findLongSegment(request.url), 'is too long');
  if (typeof code === 'string' && unreadableBody.has(code)) return new InvalidRequest('body', 'is not readable JSON');
  return undefined;
}

const unreadableBody = new Set([
  'FST_ERR_CTP_INVALID_JSON_BODY',
  'FST_ERR_CTP_EMPTY_JSON_BODY',
  'FST_ERR_CTP_INVALID_CONTENT_LENGTH',
]);

function readValidation(error: {
  validation: { instancePath: string; keyword: string; message?: string; params: object }[];
}): InvalidRequest {
  const [first] = error.validation;
  const path = (first?.instancePath ?? '').split('/').filter((part) => part !== '');
  if (first?.keyword === 'unrecognized_keys') path.push(...readKeys(first.params));
  const said = first?.keyword === 'unrecognized_keys' ? 'is not a field of this request' : describe(first?.message);
  return new InvalidRequest(nameOf(path), said);
}

function readKeys(params: object): string[] {
  const keys: unknown = Reflect.get(params, 'keys');
  return Array.isArray(keys) ? keys.slice(0, 1).map(String) : [];
}

/** `chat_identity.platform`, `scopes.0`; stops before the first part that is not a name of ours. */
function nameOf(path: readonly string[]): string {
  const foreign = path.findIndex((part) => !speakable.test(part) && !/^\d{1,4}$/.test(part));
  const known = foreign === -1 ? path : path.slice(0, foreign);
  return known.length === 0 ? 'body' : known.join('.');
}

function describe(message: string | undefined): string {
  return (message ?? 'is not valid').replace(/^Invalid input: |^Invalid string: /, '');
}

/** The names of a path's segments, from the contract: /v1/users/{user}/…/{provider}, /v1/connects/{connect_id}. */
function segmentNames(url: string): { name: string; text: string }[] {
  const named: Readonly<Record<string, string>> = {
    users: 'user',
    connects: 'connect_id',
    tokens: 'provider',
    connect: 'provider',
    connections: 'provider',
  };
  const [path = ''] = url.split('?', 1);
  const segments = path.split('/');
  return segments.map((text, at) => ({ text, name: named[segments[at - 1] ?? ''] ?? 'path' }));
}

function findBadSegment(url: string): string {
  return segmentNames(url).find(({ text }) => decode(text) === undefined)?.name ?? 'path';
}

function findLongSegment(url: string): string {
  const longest = [...segmentNames(url)].sort((a, b) => b.text.length - a.text.length)[0];
  return longest?.name ?? 'path';
}

/** Returns the decoded text only because the bundler would drop a call whose result is not used. */
function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
