import { expect, it } from 'vitest';
import { connectionEventSchema, isTold } from '../../src/core/events.js';

const about = { at: 0, userId: 'ada', provider: 'github', account: 'default', connectionId: 'co_1', connectId: 'cn_1' };

it.each([
  ['connection.created', true],
  ['connection.updated', true],
  ['connection.needs_reauthorization', true],
  ['connection.deleted', true],
  ['connect.completed', true],
  ['connect.failed', true],
  ['connect.progressed', false],
])('subscribers are told of %s: %s', (type, told) => {
  expect(isTold(connectionEventSchema.parse({ ...about, type, error: 'x' }))).toBe(told);
});
