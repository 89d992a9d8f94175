import { expect, it } from 'vitest';
import { serve, serveElsewhere, visit } from '../../support/served-pages.js';

it('an answer that the provider posts still comes with the flow cookie (L20)', async () => {
  const seen: (string | undefined)[] = [];
  const origin = await serve({
    finishAuthorization: async (_provider, parameters, browserSecret) => {
      seen.push(parameters.get('code') ?? undefined, parameters.get('user') ?? undefined, browserSecret);
    },
  });
  const provider = await serveElsewhere((_request, response) =>
    response
      .setHeader('content-type', 'text/html')
      .end(
        `<form method="post" action="${origin}/oauth/github/callback"><input name="code" value="c"><input name="state" value="s"><input name="user" value="{}"><button>allow</button>`,
      ),
  );
  const { page, complaints } = await visit();
  await page
    .context()
    .addCookies([{ name: 'valetkey_flow_github', value: 'connected', url: origin, sameSite: 'Lax', httpOnly: true }]);
  await page.goto(provider);
  await page.getByRole('button').click();
  await page.waitForURL(`${origin}/oauth/github/done`);
  expect(complaints).toEqual([]);
  expect(seen).toEqual(['c', '{}', 'connected']);
});

it('without scripts, a button takes the posted answer on (L20)', async () => {
  const origin = await serve({ finishAuthorization: async () => undefined });
  const provider = await serveElsewhere((_request, response) =>
    response
      .setHeader('content-type', 'text/html')
      .end(`<form method="post" action="${origin}/oauth/github/callback"><input name="code" value="c"><button>x`),
  );
  const { page } = await visit({ javaScriptEnabled: false });
  const cookie = { name: 'valetkey_flow_github', value: 'connected', sameSite: 'Lax' as const, httpOnly: true };
  await page.context().addCookies([{ ...cookie, url: origin }]);
  await page.goto(provider);
  await page.getByRole('button').click();
  await page.getByRole('button', { name: 'Go on' }).click();
  await page.waitForURL(`${origin}/oauth/github/done`);
});

it.each(['/oauth/github?link=named', '/oauth/github/done', '/connections'])(
  '%s draws the brand of the provider',
  async (path) => {
    const origin = await serve();
    const { page, complaints } = await visit();
    await page.context().addCookies([
      { name: 'valetkey_session', value: 'x', url: origin },
      { name: 'valetkey_flow_github', value: 'code', url: origin },
    ]);
    await page.goto(origin + path, { waitUntil: 'load' });
    const widths = '[...document.querySelectorAll(".tile-brand img")].map((img) => img.naturalWidth)';
    const drawn: number[] = await page.evaluate(widths);
    expect(drawn.length).toBeGreaterThan(0);
    expect(Math.min(...drawn)).toBeGreaterThan(0);
    expect(complaints).toEqual([]);
  },
);
