/** What the deployment files promise: variables, paths and files that there are, and no more rights than needed. */

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { readText, root } from './support/source-tree.js';

const variables = new Set([...readText('.env.example').matchAll(/^#?([A-Z][A-Z0-9_]+)=/gm)].map(([, name]) => name));
const isKnown = (name: string) => variables.has(name) || variables.has(name.replace(/_FILE$/, ''));
const documented = readText('docs/http-api.md');

const probe = z.object({ httpGet: z.object({ path: z.string(), port: z.literal('http') }) });
const containerSchema = z.object({
  env: z.array(z.object({ name: z.string(), value: z.string() })),
  livenessProbe: probe,
  readinessProbe: probe,
  startupProbe: probe,
  lifecycle: z.object({
    preStop: z.object({ exec: z.object({ command: z.tuple([z.literal('sleep'), z.coerce.number().min(1).max(10)]) }) }),
  }),
  securityContext: z.object({
    allowPrivilegeEscalation: z.literal(false),
    readOnlyRootFilesystem: z.literal(true),
    capabilities: z.object({ drop: z.tuple([z.literal('ALL')]) }),
  }),
  volumeMounts: z.array(z.object({ name: z.string(), mountPath: z.string() })),
});
const deploymentSchema = z.object({
  spec: z.object({
    template: z.object({
      spec: z.object({
        terminationGracePeriodSeconds: z.number().min(20),
        securityContext: z.object({ runAsNonRoot: z.literal(true) }),
        containers: z.tuple([containerSchema]),
        volumes: z.array(z.object({ name: z.string() })),
      }),
    }),
  }),
});

describe('docs/operate/kubernetes.yml', () => {
  const objects = parseAllDocuments(readText('docs/operate/kubernetes.yml')).map((document) => document.toJS());
  const { spec } = deploymentSchema.parse(objects.find(({ kind }) => kind === 'Deployment')).spec.template;
  const [container] = spec.containers;

  it('sets only variables that there are, and secrets only from files', () => {
    const names = container.env.map(({ name }) => name);
    expect(names.filter((name) => !isKnown(name))).toEqual([]);
    expect(names.filter((name) => /(KEYS|SECRET|REDIS_URL)$/.test(name))).toEqual([]);
  });

  it('reads secrets and writes its spool where something is mounted', () => {
    const mounts = container.volumeMounts.map(({ mountPath }) => mountPath);
    const paths = container.env.flatMap(({ value }) => (value.startsWith('/') ? [value] : []));
    expect(paths.filter((path) => !mounts.some((mount) => path.startsWith(mount)))).toEqual([]);
    expect(container.volumeMounts.map(({ name }) => name).sort()).toEqual(spec.volumes.map(({ name }) => name).sort());
  });

  it('probes life and readiness where the service answers them', () => {
    expect(container.livenessProbe.httpGet.path).toBe('/healthz');
    expect(container.readinessProbe.httpGet.path).toBe('/readyz');
    for (const path of ['/healthz', '/readyz']) expect(documented).toContain(`\`GET ${path}\``);
  });

  it('lets the outside reach the browser half and nothing else', () => {
    const ingress = z
      .object({
        spec: z.object({
          rules: z.tuple([z.object({ http: z.object({ paths: z.array(z.object({ path: z.string() })) }) })]),
        }),
      })
      .parse(objects.find(({ kind }) => kind === 'Ingress'));
    const outside = ingress.spec.rules[0].http.paths.map(({ path }) => path);
    const routes = [...documented.matchAll(/^\| `(?:GET|POST|PUT|PATCH|DELETE) (\/[^`?]*)/gm)].flatMap(
      ([, route]) => route ?? [],
    );
    const reached = routes.filter((route) => outside.some((path) => route === path || route.startsWith(`${path}/`)));
    const inner = routes.filter((route) => !reached.includes(route));
    expect(reached.length).toBeGreaterThan(8);
    expect(inner.filter((route) => !/^\/(v1|healthz|readyz|metrics|openapi\.json|docs)(\/|$)/.test(route))).toEqual([]);
    expect(reached.filter((route) => /^\/(v1|metrics)/.test(route))).toEqual([]);
  });
});

describe('docker-compose.yml', () => {
  const { services, secrets } = z
    .object({
      services: z.object({
        valetkey: z.object({
          environment: z.record(z.string(), z.string()),
          secrets: z.array(z.string()),
          init: z.literal(true),
          read_only: z.literal(true),
          cap_drop: z.tuple([z.literal('ALL')]),
        }),
        redis: z.object({ command: z.array(z.string()) }),
      }),
      secrets: z.record(z.string(), z.object({ file: z.string() })),
    })
    .parse(parse(readText('docker-compose.yml')));

  it('sets only variables that there are, and reads every secret from a file of its own', () => {
    const { environment, secrets: given } = services.valetkey;
    expect(Object.keys(environment).filter((name) => !isKnown(name))).toEqual([]);
    const files = Object.entries(environment).flatMap(([name, value]) => (name.endsWith('_FILE') ? [value] : []));
    expect(files.sort()).toEqual(given.map((name) => `/run/secrets/${name}`).sort());
    expect(Object.keys(secrets).sort()).toEqual([...given].sort());
  });

  it('has the secret files made by the manual', () => {
    const manual = readText('docs/deploying.md');
    const missing = Object.values(secrets).filter(({ file }) => !manual.includes(file.replace(/^\.\//, '')));
    expect(missing).toEqual([]);
  });

  it('has a Redis that evicts nothing and writes to disk', () => {
    expect(services.redis.command.join(' ')).toMatch(/--appendonly yes .*--maxmemory-policy noeviction/);
  });
});

describe('.github/workflows/publish.yml', () => {
  const { jobs } = z
    .object({
      jobs: z.object({
        npm: z.object({
          permissions: z.strictObject({ contents: z.literal('read'), 'id-token': z.literal('write') }),
          steps: z.array(z.object({ run: z.string().optional() })),
        }),
      }),
    })
    .parse(parse(readText('.github/workflows/publish.yml')));

  it('publishes with provenance, after the gate, the version that the tag names, and knows no token', () => {
    const runs = jobs.npm.steps.flatMap(({ run }) => run ?? []);
    expect(runs.at(-1)).toBe('npm publish --provenance --access public');
    expect(runs.at(-2)).toBe('.ci/run');
    expect(runs[0]).toContain('GITHUB_REF_NAME');
    expect(readText('.github/workflows/publish.yml')).not.toMatch(/secrets\.|TOKEN/);
  });
});

describe('Dockerfile', () => {
  const file = readText('Dockerfile');

  it('copies only what there is, and runs as a user without rights', () => {
    const copied = [...file.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, paths = '']) => paths.split(' '));
    expect(copied.length).toBeGreaterThan(5);
    expect(copied.filter((path) => !existsSync(join(root, path)))).toEqual([]);
    expect(file.lastIndexOf('USER node')).toBeGreaterThan(file.lastIndexOf('FROM '));
  });

  it('prints JSON lines only, and lets a worker answer where the health check asks', async () => {
    const [, command = ''] = /^CMD (\[.+\])$/m.exec(file) ?? [];
    expect(JSON.parse(command)).toEqual(['serve', '--json']);
    const [, port] = / PORT=(\d+)/.exec(file) ?? [];
    expect(file).toContain(` WORKER_PORT=${port} `);
    const [, check = ''] = /^HEALTHCHECK[\s\S]*?CMD (\[.+\])$/m.exec(file) ?? [];
    const [, ...args] = z.array(z.string()).parse(JSON.parse(check));
    const server = createServer((request, answer) => answer.writeHead(request.url === '/healthz' ? 200 : 404).end());
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const PORT = String(z.object({ port: z.number() }).parse(server.address()).port);
    const ask = async () => once(spawn(process.execPath, args, { env: { PORT } }), 'exit');
    expect((await ask())[0]).toBe(0);
    await new Promise((closed) => server.close(closed));
    expect((await ask())[0]).toBe(1);
  });

  it('gives Node an option that it takes in its environment', () => {
    const [, NODE_OPTIONS = ''] = /^ENV NODE_OPTIONS=(\S+)$/m.exec(file) ?? [];
    expect(NODE_OPTIONS).toMatch(/^--/);
    expect(readText('docs/deploying.md')).toContain(`NODE_OPTIONS=${NODE_OPTIONS}`);
    // One that Node does not know there ends it with status 9.
    const printed = execFileSync(process.execPath, ['-p', '"started"'], { env: { NODE_OPTIONS }, encoding: 'utf8' });
    expect(printed.trim()).toBe('started');
  });
});
