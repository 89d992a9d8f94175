/** `valetkey doctor`: tries everything that a service needs, and says what to enter where. */

import { statSync } from 'node:fs';
import { Command } from 'commander';
import { catalogue } from '../../providers/index.js';
import { isLoopbackPage } from '../core/endpoint.js';
import { providerIdSchema } from '../core/identifiers.js';
import type { Store } from '../core/store.js';
import { type Config, configuredProviders } from '../service/config.js';
import { examineEndpoints } from './examine-endpoints.js';
import { examples } from './examples.js';
import { exitCodes } from './exit.js';
import type { Finding } from './finding.js';
import { withRunningSandbox, withStore } from './open-local.js';
import { paint, type Tone } from './terminal.js';

/** With a larger difference, two machines disagree about what has expired, ms. */
const clockToleranceMs = 30_000;

/** Only reads, if there is a store; exits with 1 if something does not work. */
export function doctorCommand(): Command {
  return new Command('doctor')
    .description('check configuration, store, keys, clock and providers; print the redirect URI of each provider')
    .option('--json', 'print an array of {"kind", "about", "text"}')
    .option('--offline', 'do not ask the endpoints of the providers')
    .addHelpText('after', `\n${status}${examples('doctor', 'doctor --json')}`)
    .action(async ({ json, offline = false }: { json?: boolean; offline?: boolean }) => {
      const look = (store: Store, config: Config) => examine(store, withRunningSandbox(config), offline);
      const findings = await withStore(look, 'read', 'new or old');
      if (json) console.log(JSON.stringify(findings));
      else for (const finding of findings) console.log(describe(finding));
      process.exitCode = findings.some(({ kind }) => kind === 'fault') ? exitCodes.failed : exitCodes.done;
    });
}

const status = 'Exit status: 1 when something does not work.\n';
const tones: Readonly<Record<Finding['kind'], Tone>> = { ok: 'good', note: 'mind', fault: 'bad' };

function describe({ kind, about, text }: Finding): string {
  return `${paint(tones[kind], kind.padEnd(5))} ${about.padEnd(11)} ${text}`;
}

async function examine(store: Store, config: Config, offline: boolean): Promise<readonly Finding[]> {
  const [health, clock, endpoints] = await Promise.all([
    examineStore(store),
    examineClock(store),
    offline ? [] : examineEndpoints(config),
  ]);
  const own = [...examineService(config), ...health, ...clock, ...examineKeys(config)];
  return [...own, ...examineProviders(config), ...endpoints];
}

function examineService(config: Config): Finding[] {
  const { hostname } = new URL(config.baseUrl);
  const local = isLoopbackPage(hostname);
  return [
    { kind: 'ok', about: 'address', text: `${config.baseUrl}, listening on ${config.host}:${config.port}` },
    ...config.warnings.map((text): Finding => ({ kind: 'note', about: 'settings', text })),
    ...(local ? [] : notesOfPublicService(config)),
  ];
}

function notesOfPublicService(config: Config): Finding[] {
  if (config.trustProxy !== undefined || !isLoopbackPage(config.host)) return [];
  const text = 'BASE_URL is public and HOST is loopback: behind a proxy on this machine, set TRUST_PROXY=127.0.0.1.';
  return [{ kind: 'note', about: 'address', text }];
}

async function examineStore(store: Store): Promise<Finding[]> {
  try {
    const { kind, latencyMs, warnings } = await store.check();
    return [
      { kind: 'ok', about: 'store', text: `${kind}, answers in ${latencyMs.toFixed(1)} ms` },
      ...warnings.map((text): Finding => ({ kind: 'note', about: 'store', text })),
    ];
  } catch (error) {
    return [{ kind: 'fault', about: 'store', text: error instanceof Error ? error.message : 'does not answer' }];
  }
}

async function examineClock(store: Store): Promise<Finding[]> {
  const before = performance.timeOrigin + performance.now();
  const storeTime = await store.now().catch(() => undefined);
  if (storeTime === undefined) return [];
  const offBy = Math.round(storeTime - before);
  const text = `this machine and the store are ${Math.abs(offBy)} ms apart`;
  return [{ kind: Math.abs(offBy) > clockToleranceMs ? 'fault' : 'ok', about: 'clock', text }];
}

function examineKeys({ encryptionKeys, apiKeys, jwt, generated }: Config): Finding[] {
  const ids = encryptionKeys
    .reveal()
    .split(',')
    .map((key) => key.slice(0, key.indexOf(':')));
  const callers = [...apiKeys.map(({ id, role }) => `${id} (${role})`), ...(jwt ? [`JWTs of ${jwt.issuer}`] : [])];
  return [
    { kind: 'ok', about: 'encryption', text: `encrypts with ${ids[0]}, decrypts with ${ids.join(', ')}` },
    ...examineFile('encryption', generated.encryptionKeys),
    ...examineFile('callers', generated.apiKey),
    callers.length > 0
      ? { kind: 'ok', about: 'callers', text: `${callers.join(', ')}, and the keys of "valetkey api-keys list"` }
      : { kind: 'note', about: 'callers', text: 'only the keys of "valetkey api-keys list"' },
  ];
}

function examineFile(about: string, path: string | undefined): Finding[] {
  const open = path !== undefined && (statSync(path).mode & 0o077) !== 0;
  return open ? [{ kind: 'fault', about, text: `${path} can be read by others; chmod 600 it` }] : [];
}

function examineProviders(config: Config): Finding[] {
  const ids = configuredProviders(config);
  if (ids.length === 0) return [{ kind: 'note', about: 'providers', text: 'none is configured' }];
  return ids.flatMap((id) => [examineProvider(config, id), ...notesOfUnverified(config, id)]);
}

function examineProvider({ baseUrl, providers }: Config, id: string): Finding {
  const source = providers[id]?.source ?? 'authorization_code';
  const text = `register the redirect URI ${baseUrl}/oauth/${id}/callback`;
  const isConnected = source === 'authorization_code';
  return { kind: 'ok', about: 'provider', text: `${id}: ${isConnected ? text : `tokens by ${source}`}` };
}

/** Facts of the catalogue about a provider that no source confirms. */
function notesOfUnverified({ providers }: Config, id: string): Finding[] {
  const template = providerIdSchema.safeParse(providers[id]?.template ?? id);
  const facts = (template.success && catalogue.get(template.data)?.unverified) || [];
  const text = `${id}: not confirmed by any source: ${facts.join('; ')}`;
  return facts.length === 0 ? [] : [{ kind: 'note', about: 'provider', text }];
}
