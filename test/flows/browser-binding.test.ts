/** What a browser brings back belongs to what that very browser was sent away with. */

import { expect, it } from 'vitest';
import { openBrowserHalf } from './browser-half.js';

it('is bound to its state, path and cookie; each refusal names the part and burns nothing', async () => {
  const { manager, link, consent } = await openBrowserHalf();
  const { answer, cookie } = await consent((await link()).code);
  const back = (provider: string, parameters: URLSearchParams, secret?: string) =>
    manager.finishAuthorization(provider, parameters, secret);
  const state = answer.get('state') ?? '';
  const field = (name: string, message: string) => ({
    code: 'invalid_request',
    field: name,
    message: expect.stringContaining(message),
  });
  for (const parameters of [
    new URLSearchParams(),
    new URLSearchParams('state='),
    new URLSearchParams([
      ['state', state],
      ['state', state],
    ]),
  ])
    await expect(back('one', parameters, cookie)).rejects.toMatchObject(field('state', 'exactly once'));
  await expect(back('two', answer, cookie)).rejects.toMatchObject(field('state', 'another provider'));
  for (const secret of [undefined, '', `${cookie}x`, cookie.slice(1), cookie.toUpperCase()])
    await expect(back('one', answer, secret)).rejects.toMatchObject(field('cookie', 'did not start'));
  await back('one', answer, cookie);
  await expect(back('one', answer, cookie)).rejects.toMatchObject({ code: 'gone' });
});
