/** A person whose browser is only a cookie jar: from a connect link to the done page, over real HTTP. */

import { approve, type CookieJar, open } from './browser-walk.js';

/** What a browser shows after an authorization. */
export interface Finish {
  /** Status of the callback's answer. */
  readonly status: number;
  /** Address of the page that the callback led to, if it led anywhere. */
  readonly url: URL | undefined;
  /** Text of the page that is shown in the end. */
  readonly page: string;
  /** The return code on it; empty if there is none. */
  readonly code: string;
}

/** A person with their own browser. */
export class Person {
  readonly name: string;
  readonly jar: CookieJar = new Map();

  /** @param name typed into the provider's log-in form */
  constructor(name = 'ada') {
    this.name = name;
  }

  /** Opens an address; follows no redirect. */
  get(url: string): Promise<Response> {
    return open({ url, method: 'GET' }, this.jar);
  }

  /** Presses Continue on the landing page of a link; returns the response. */
  async press(connectUrl: string): Promise<Response> {
    const url = new URL(connectUrl);
    const body = new URLSearchParams({ link: url.searchParams.get('link') ?? '' });
    return open({ url: url.origin + url.pathname, method: 'POST', body }, this.jar);
  }

  /** Goes from the link through landing page, log-in and consent; returns the address of the callback, not yet opened. */
  consent(connectUrl: string): Promise<URL> {
    const { origin, pathname } = new URL(connectUrl);
    return approve(connectUrl, `${origin}${pathname}/callback`, { person: this.name, jar: this.jar });
  }

  /** Opens the callback, and the page it leads to. */
  async finish(callback: URL | string): Promise<Finish> {
    const answer = await this.get(String(callback));
    const location = answer.headers.get('location');
    const url = location === null ? undefined : new URL(location, callback);
    const page = await (url === undefined ? answer : await this.get(url.href)).text();
    return { status: answer.status, url, page, code: returnCodeOf(page) };
  }

  /** All steps from a connect link to the done page; returns the return code. */
  async connect(connectUrl: string): Promise<string> {
    return (await this.finish(await this.consent(connectUrl))).code;
  }
}

function returnCodeOf(page: string): string {
  return /id="return-code"[^>]*>\s*([^<\s]+)/.exec(page)?.[1] ?? '';
}
