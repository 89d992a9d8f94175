/** Pages in browsers that do not send `Sec-Fetch-Site`, by which the others tell from which site a form came. */

import { describe, expect, it } from 'vitest';
import { Secret } from '../../../src/core/secret.js';
import { links } from '../../support/fixed-manager.js';
import { serve, serveElsewhere, visit } from '../../support/served-pages.js';

describe('in a browser that does not say from which site a form came (Safari before 16.4)', () => {
  it('a link is followed to the provider, which learns nothing of our address', async () => {
    const told: unknown[] = [];
    const provider = await serveElsewhere(({ headers }, response) => {
      told.push(headers.referer, headers.origin);
      response.end('provider');
    });
    const origin = await serve(
      {
        describeLink: async () => ({ ...links.named, authorizationOrigin: provider }) as (typeof links)[string],
        startAuthorization: async () => ({
          authorizationUrl: `${provider}/authorize`,
          browserSecret: new Secret('b'),
          expiresAt: Date.UTC(2026, 10, 21, 15),
        }),
      },
      {},
      true,
    );
    const { page } = await visit();
    await page.goto(`${origin}/oauth/github?link=named`);
    await page.getByRole('button', { name: 'Continue to GitHub' }).click();
    await page.waitForURL(`${provider}/authorize`);
    expect(told.slice(0, 2)).toEqual([undefined, undefined]);
  });

  it('the account page is entered and used', async () => {
    const paused: string[] = [];
    const origin = await serve(
      {
        pauseConnection: async (_user, provider) => {
          paused.push(provider);
          return true;
        },
      },
      {},
      true,
    );
    const { page } = await visit();
    await page.goto(`${origin}/connections/enter?link=good`);
    await page.getByRole('button', { name: 'Open my connections' }).click();
    await page.waitForURL(`${origin}/connections`);
    await page.getByRole('button', { name: 'Pause GitHub' }).first().click();
    await expect.poll(() => paused).toEqual(['github']);
  });

  it('a form on another site is refused all the same', async () => {
    const origin = await serve({}, {}, true);
    const elsewhere = await serveElsewhere((_request, response) => {
      response.setHeader('content-type', 'text/html').setHeader('referrer-policy', 'no-referrer');
      response.end(
        `<form method="post" action="${origin}/oauth/github"><input name="link" value="named"><button>Go</button></form>`,
      );
    });
    const { page } = await visit();
    await page.goto(elsewhere);
    await page.getByRole('button', { name: 'Go' }).click();
    await page.getByRole('heading', { name: 'This was not accepted' }).waitFor();
  });
});
