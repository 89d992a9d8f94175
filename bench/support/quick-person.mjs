/** A person for `bench:events`: presses Continue, consents at once, and reads the code. By HTTP, at one service. */

/** @returns the return code of a connect link whose host is the service's */
export async function connectQuickly(connectUrl) {
  const link = new URL(connectUrl);
  const started = await fetch(link.origin + link.pathname, {
    method: 'POST',
    redirect: 'manual',
    headers: { origin: link.origin },
    body: new URLSearchParams({ link: link.searchParams.get('link') ?? '' }),
  });
  const jar = new Map();
  const headers = (response) => {
    for (const line of response.headers.getSetCookie()) jar.set(...line.split(';')[0].split('=', 2));
    return { cookie: [...jar].map((pair) => pair.join('=')).join('; ') };
  };
  // What the authorization server would do: send the browser back with a code.
  const state = new URL(started.headers.get('location')).searchParams.get('state');
  const back = `${link.origin}${link.pathname}/callback?${new URLSearchParams({ code: 'bench', state })}`;
  const finished = await fetch(back, { redirect: 'manual', headers: headers(started) });
  const page = await fetch(new URL(finished.headers.get('location'), back), { headers: headers(finished) });
  const code = /id="return-code"[^>]*>\s*([^<\s]+)/.exec(await page.text())?.[1];
  if (code === undefined) throw new Error(`the last page (${page.status}) shows no code`);
  return code;
}
