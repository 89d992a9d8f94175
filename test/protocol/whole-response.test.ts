import { expect, test } from 'vitest';
import { wholeResponse } from '../../src/protocol/whole-response.js';

const init = { status: 400, headers: { 'content-type': 'application/json' } };

test('a whole response is read as any other, as often as one likes', async () => {
  const response = wholeResponse('{"error":"invalid_grant"}', init);
  expect(response).toBeInstanceOf(Response);
  for (const each of [response, response, response.clone(), response.clone().clone()]) {
    expect(each).toMatchObject({ status: 400, ok: false, bodyUsed: false });
    expect(each.headers.get('content-type')).toBe('application/json');
    expect(await each.text()).toBe('{"error":"invalid_grant"}');
    expect(await each.json()).toEqual({ error: 'invalid_grant' });
  }
});

test('what is no JSON rejects, as it does of any other response', async () => {
  await expect(wholeResponse('<html>', init).json()).rejects.toThrow(SyntaxError);
});
