/** The browser routes on a real manager, and a browser that is only a cookie jar: for journeys without rendering. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fastify, { type FastifyInstance, type LightMyRequestResponse } from 'fastify';
import { browserRoutes } from '../../routes/browser.js';
import type { OAuthManager } from '../../src/oauth-manager.js';
import { type ManagerOptions, openManager } from '../../src/open-manager.js';
import { type ApprovingProvider, startApprovingProvider } from './approving-provider.js';
import { createManualClock, type ManualClock } from './clock.js';

export interface Journey {
  readonly app: FastifyInstance;
  readonly manager: OAuthManager;
  readonly provider: ApprovingProvider;
  readonly clock: ManualClock;
  close(): Promise<void>;
}

/**
 * Opens everything on a new embedded store, below the path of the base URL. `example` and `other` are two providers at
 * one server, in addition to those of the options.
 */
export async function openJourney(options: Partial<ManagerOptions> = {}): Promise<Journey> {
  const provider = await startApprovingProvider();
  const dataDir = await mkdtemp(join(tmpdir(), 'valetkey-'));
  const clock = createManualClock();
  const baseUrl = options.baseUrl ?? 'http://localhost:3000';
  const manager = await openManager({
    encryptionKeys: `k1:${Buffer.alloc(32, 7).toString('base64')}`,
    dataDir,
    allowInsecureLoopbackProviders: true,
    backgroundWork: false,
    now: clock.now,
    ...options,
    baseUrl,
    providers: {
      example: provider.entry,
      other: { ...provider.entry, display_name: 'Other' },
      ...options.providers,
    },
  });
  const app = fastify();
  const prefix = new URL(baseUrl).pathname.replace(/\/$/, '');
  await app.register(browserRoutes, { manager, baseUrl, now: clock.now, prefix });
  await app.ready();
  const close = async () => {
    await app.close();
    await manager.close();
    await provider.close();
    await rm(dataDir, { recursive: true, force: true });
  };
  return { app, manager, provider, clock, close };
}

/** A browser with its own cookie jar. Does not follow redirects. */
export class JarBrowser {
  readonly #app: FastifyInstance;
  readonly jar = new Map<string, string>();
  /** `Set-Cookie` values as they came, newest last. */
  readonly received: string[] = [];

  constructor(app: FastifyInstance) {
    this.#app = app;
  }

  /** Fetches a URL of ours; only path and query count. */
  get(url: string, headers: Record<string, string> = {}): Promise<LightMyRequestResponse> {
    return this.#send({ method: 'GET', url: pathOf(url), headers });
  }

  /** Posts a form. */
  post(url: string, fields: Record<string, string> | [string, string][], headers: Record<string, string> = {}) {
    const payload = new URLSearchParams(fields).toString();
    const form = { 'content-type': 'application/x-www-form-urlencoded', ...headers };
    return this.#send({ method: 'POST', url: pathOf(url), headers: form, payload });
  }

  /** Posts a form of a page with its hidden fields: the first form, or the first one that contains all of `texts`. */
  submit(page: LightMyRequestResponse, ...texts: string[]): Promise<LightMyRequestResponse> {
    const forms = page.body.match(/<form method="post"[\s\S]*?<\/form>/g) ?? [];
    const form = forms.find((html) => texts.every((text) => html.includes(text))) ?? '';
    const action = /action="(?<action>[^"]+)"/.exec(form)?.groups?.action ?? '';
    const fields = [...form.matchAll(/<input type="hidden" name="(?<name>\w+)" value="(?<value>[^"]*)"/g)];
    // As pairs: a repeated field stays repeated.
    return this.post(
      action,
      fields.map(({ groups }) => [groups?.name ?? '', groups?.value ?? '']),
    );
  }

  /** Goes from a connect link through consent to the address of the callback, without calling it. */
  async consent(connectUrl: string): Promise<string> {
    const started = await this.submit(await this.get(connectUrl));
    const response = await fetch(String(started.headers.location), { redirect: 'manual' });
    return response.headers.get('location') ?? '';
  }

  async #send(request: { method: 'GET' | 'POST'; url: string; headers: Record<string, string>; payload?: string }) {
    const cookie = [...this.jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const headers = cookie === '' ? request.headers : { cookie, ...request.headers };
    const response = await this.#app.inject({ ...request, headers });
    for (const { name, value, maxAge } of response.cookies) {
      if (maxAge === 0) this.jar.delete(name);
      else this.jar.set(name, value);
    }
    this.received.push(...[response.headers['set-cookie'] ?? []].flat());
    return response;
  }
}

/** Connects somebody to `example`, from the link to the end. */
export async function connectOn({ manager, app }: Journey, userId: string, account?: string): Promise<void> {
  const visitor = new JarBrowser(app);
  await visitor.get(await visitor.consent(await manager.generateConnectUrl(userId, 'example', { account })));
  const { body } = await visitor.get('/oauth/example/done');
  await manager.submitProof(userId, /id="return-code"[^>]*>(?<code>[^<]+)</.exec(body)?.groups?.code ?? '');
}

/** Opens somebody's account page and returns its CSRF token. */
export async function enterOn({ manager }: Journey, userId: string, visitor: JarBrowser): Promise<string> {
  const { url } = await manager.createAccountLink(userId);
  await visitor.submit(await visitor.get(url));
  const page = await visitor.get('/connections');
  return /name="csrf_token" value="(?<token>[^"]+)"/.exec(page.body)?.groups?.token ?? '';
}

function pathOf(url: string): string {
  const { pathname, search } = new URL(url, 'http://localhost');
  return pathname + search;
}
