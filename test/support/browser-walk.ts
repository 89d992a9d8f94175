/** A person without a browser: follows redirects with a cookie jar and submits the forms of test servers. */

/** Cookies of one walk, by name. Paths and domains do not matter, as all servers are on one host. */
export type CookieJar = Map<string, string>;

/** The person of a walk. */
export interface Walker {
  /** Name to type into log-in forms, and the text of the choice to take where people are listed. */
  readonly person: string;
  readonly jar?: CookieJar;
}

const mostSteps = 20;

/**
 * Opens an authorization URL, logs in and consents, and stops when the server sends the browser back.
 *
 * @returns the URL at `redirectUri` that the browser was sent to; it is not opened
 */
export async function approve(authorizationUrl: string, redirectUri: string, walker: Walker): Promise<URL> {
  const jar: CookieJar = walker.jar ?? new Map();
  let next: Step = { url: authorizationUrl, method: 'GET' };
  for (let step = 0; step < mostSteps; step += 1) {
    const response = await open(next, jar);
    const location = response.headers.get('location');
    if (location !== null) {
      const target = new URL(location, next.url);
      if (target.href.startsWith(redirectUri)) return target;
      next = { url: target.href, method: 'GET' };
      continue;
    }
    const page = await response.text();
    next = submitForm(page, next.url, walker.person);
  }
  throw new Error('the walk does not end');
}

/** Fills in the form of a page: the one with the person's name, or the first with method POST. */
export function submitForm(page: string, pageUrl: string, person: string): Step & { readonly body: URLSearchParams } {
  const form = chooseForm(page, person);
  if (!form) throw new Error(`a page without a form to go on with: ${textOf(page)}`);
  return { url: new URL(form.action || pageUrl, pageUrl).href, method: 'POST', body: fill(form.html, person) };
}

/** One request of a browser. */
export interface Step {
  readonly url: string;
  readonly method: 'GET' | 'POST';
  readonly body?: URLSearchParams;
}

/** Sends one request with the jar's cookies, and keeps the cookies of the answer; follows no redirect. */
export async function open(step: Step, jar: CookieJar): Promise<Response> {
  const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
  const response = await fetch(step.url, {
    method: step.method,
    redirect: 'manual',
    headers: { ...(cookie !== '' && { cookie }), accept: 'text/html' },
    ...(step.body && { body: step.body }),
  });
  for (const line of response.headers.getSetCookie()) keepCookie(jar, line);
  return response;
}

function keepCookie(jar: CookieJar, line: string): void {
  const [pair = ''] = line.split(';');
  const at = pair.indexOf('=');
  const name = pair.slice(0, at);
  const value = pair.slice(at + 1);
  if (value === '' || /expires=Thu, 01 Jan 1970/i.test(line)) jar.delete(name);
  else jar.set(name, value);
}

/** The form with the person's name, or the first one with method POST. */
function chooseForm(page: string, person: string): { action: string; html: string } | undefined {
  const forms = [...page.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/gi)]
    .map(([, attributes = '', html = '']) => ({ action: attribute(attributes, 'action'), attributes, html }))
    .filter(({ attributes }) => /method="?post/i.test(attributes));
  return forms.find(({ html }) => html.includes(person)) ?? forms[0];
}

function fill(html: string, person: string): URLSearchParams {
  const body = new URLSearchParams();
  for (const [, attributes = ''] of html.matchAll(/<input\b([^>]*)>/gi)) {
    const name = attribute(attributes, 'name');
    const isTyped = /type="?(text|password|email)/i.test(attributes);
    if (name !== '') body.set(name, isTyped ? person : attribute(attributes, 'value'));
  }
  return body;
}

function attribute(attributes: string, name: string): string {
  const found = new RegExp(`\\b${name}="([^"]*)"`, 'i').exec(attributes)?.[1] ?? '';
  return found.replaceAll('&amp;', '&').replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&lt;', '<');
}

/** What a person would read on a page. */
function textOf(page: string): string {
  return page
    .replace(/<style[\s\S]*?<\/style>|<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, 300);
}
