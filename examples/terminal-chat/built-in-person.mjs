/** A person for `--auto`: opens the link, consents as Ada, reads the code. Does by HTTP what one does in a browser. */

/** Follows a connect link to its end. Resolves with the code that the last page shows. */
export async function connectInBrowser(link) {
  const visit = createBrowser();
  const done = await consent(visit, await visit(link));
  const code = /id="return-code"[^>]*>\s*([^<]+?)\s*</.exec(done.html)?.[1];
  if (code === undefined) throw new Error('The last page shows no code.');
  return code;
}

/** From the landing page through the provider to the page after it. */
export async function consent(visit, landing) {
  const picker = await visit(landing.url, readForm(landing.html, 'name="link"'));
  return visit(picker.url, readForm(picker.html, 'value="ada'));
}

/** Keeps cookies by host and follows redirects, as a browser does. */
export function createBrowser() {
  const jar = new Map();
  const visit = async (address, form) => {
    const url = form ? new URL(form.action, address) : new URL(address);
    const headers = { cookie: [...(jar.get(url.hostname) ?? new Map())].map((pair) => pair.join('=')).join('; ') };
    const response = await fetch(url, {
      redirect: 'manual',
      headers: form ? { ...headers, origin: new URL(address).origin } : headers,
      ...(form ? { method: 'POST', body: form.fields } : {}),
    });
    keepCookies(jar, url.hostname, response.headers.getSetCookie());
    const next = response.headers.get('location');
    if (next) return visit(new URL(next, url).href);
    const html = await response.text();
    if (!response.ok) throw new Error(`${url.origin}${url.pathname} answered ${response.status}`);
    return { url: url.href, html };
  };
  return visit;
}

function keepCookies(jar, host, lines) {
  const cookies = jar.get(host) ?? new Map();
  for (const line of lines) {
    const [name, value] = line.split(';')[0].split('=', 2);
    if (/max-age=0|expires=thu, 01 jan 1970/i.test(line)) cookies.delete(name);
    else cookies.set(name, value);
  }
  jar.set(host, cookies);
}

/** The form that holds the given piece of markup, with the values of its fields as they stand. */
export function readForm(html, mark) {
  const form = [...html.matchAll(/<form[^>]*>[\s\S]*?<\/form>/g)]
    .map(([text]) => text)
    .find((text) => text.includes(mark));
  if (form === undefined) throw new Error('The page does not hold the form that was expected.');
  const fields = new URLSearchParams();
  for (const [input] of form.matchAll(/<input[^>]*>/g)) {
    const name = readAttribute(input, 'name');
    if (name) fields.append(name, readAttribute(input, 'value') ?? '');
  }
  return { action: readAttribute(form, 'action') ?? '', fields };
}

function readAttribute(tag, name) {
  const value = new RegExp(`\\s${name}="([^"]*)"`).exec(tag)?.[1];
  return value
    ?.replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
}
