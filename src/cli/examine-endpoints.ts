/** Checks that the endpoints of the configured providers answer at all. No request can change anything there. */

import { silentLog } from '../core/log.js';
import type { Provider } from '../core/provider.js';
import { openProviders } from '../open-providers.js';
import { createHttp, type Http } from '../protocol/http.js';
import { HttpFailure } from '../protocol/http-failure.js';
import { type Config, configuredProviders } from '../service/config.js';
import type { Finding } from './finding.js';

/** For each endpoint, and for an issuer that has to be asked first, ms. */
const patienceMs = 5_000;

/** One finding for each endpoint. Any HTTP status is good, since nothing is asked for. */
export async function examineEndpoints(config: Config): Promise<readonly Finding[]> {
  const allowInsecureLoopback = config.allowInsecureLoopbackProviders;
  const http = createHttp({ allowInsecureLoopback, deadlineMs: patienceMs });
  const opened = openProviders(config.providers, { http, allowInsecureLoopback, log: silentLog, patienceMs });
  try {
    await opened.answered;
    const findings = configuredProviders(config).map(async (id) => {
      const provider = opened.registry.configured().find((each) => each.id === id);
      if (provider === undefined) return [fault(`${id}: its issuer gave no metadata that can be used`)];
      return Promise.all(endpointsOf(provider).map(([name, url]) => examine(http, `${id}: ${name} ${url}`, url)));
    });
    return (await Promise.all(findings)).flat();
  } finally {
    opened.stop();
    await http.close();
  }
}

/** Without endpoints that depend on a tenant or a shop, which only each connect knows. */
function endpointsOf(provider: Provider): readonly [name: string, url: string][] {
  const all: [string, string | undefined][] = [
    ['authorization endpoint', provider.authorizationEndpoint],
    ['token endpoint', provider.tokenEndpoint],
    ['revocation endpoint', provider.revocation?.endpoint],
  ];
  return all.flatMap(([name, url]) => (url && !url.includes('{') ? [[name, url] as [string, string]] : []));
}

async function examine(http: Http, about: string, url: string): Promise<Finding> {
  const startedAt = performance.now();
  try {
    await http.fetch(url, { method: 'GET' });
  } catch (error) {
    if (!(error instanceof HttpFailure)) throw error;
    // A redirect, or a body that is not read, is an answer as well.
    if (error.kind !== 'redirect' && error.kind !== 'too_large')
      return fault(`${about} does not answer (${error.kind})`);
  }
  const text = `${about} answers in ${Math.round(performance.now() - startedAt)} ms`;
  return { kind: 'ok', about: 'endpoint', text };
}

function fault(text: string): Finding {
  return { kind: 'fault', about: 'endpoint', text };
}
