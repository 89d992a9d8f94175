/** What the repository says about itself is true: variables, errors, routes, metrics, commands, files. */

import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fastify } from 'fastify';
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { api } from '../routes/api.js';
import { browserRoutes } from '../routes/browser.js';
import { formatHttpProblem, meanings } from '../routes/error-handler.js';
import { serverOptions } from '../routes/server-options.js';
import { Unauthorized } from '../src/core/errors.js';
import { openManager } from '../src/open-manager.js';
import { listFiles, readSources, readText, root } from './support/source-tree.js';

const manuals = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...listFiles(['docs'], ['.md'])];

const sorted = (values: Iterable<string>) => [...new Set(values)].sort();

/** All first groups of a pattern in a text. */
const findAll = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].flatMap((match) => match[1] ?? []);

/** The rows of a manual's tables as cells, without the heads. */
const readRows = (path: string) =>
  readText(path)
    .split('\n')
    .filter((line) => /^\| `/.test(line))
    .map((line) => line.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll('`', '')));

describe('.env.example', () => {
  const example = readText('.env.example');
  const lines = findAll(example, /^#?([A-Z][A-Z0-9_]+)=/gm);
  const read = readSources(['src/service']).flatMap((file) =>
    findAll(file.code, /\.(?:read|readSecret)\(\s*'([A-Z][A-Z0-9_]+)'/g),
  );
  const ofProviders = /^[A-Z_]+_(CLIENT_ID|CLIENT_SECRET|SCOPES|SIGNAL_KEY|TENANT)$/;

  it('names every variable that the configuration reads', () => {
    expect(read.length).toBeGreaterThan(15);
    expect(sorted(read).filter((name) => !lines.includes(name))).toEqual([]);
  });

  it('names no variable that the configuration does not read', () => {
    expect(lines.filter((name) => !read.includes(name) && !ofProviders.test(name))).toEqual([]);
  });

  it('is matched by docs/configuration.md', () => {
    const manual = readText('docs/configuration.md');
    expect(sorted(read).filter((name) => !manual.includes(`\`${name}\``))).toEqual([]);
  });
});

describe('docs/errors.md', () => {
  const rows = readRows('docs/errors.md').map(([, code = '', second = '']) => ({ code, second }));
  const documented = rows.filter(({ second }) => /^\d+$/.test(second)).map(({ code, second }) => `${second} ${code}`);
  const inProcess = rows
    .filter(({ second }) => !/^\d+$/.test(second))
    .map(({ code, second }) => `${code} -> ${second}`);
  const statuses = Array.from({ length: 200 }, (_, index) => 400 + index);

  it('has every code that travels over HTTP with its status, and no other', () => {
    const refused = statuses.map((status) => JSON.parse(formatHttpProblem(status, 'any')));
    const real = [...Object.values(meanings), ...refused].map(({ status, code }) => `${status} ${code}`);
    expect(sorted(documented)).toEqual(sorted(real));
  });

  it('has every code that stays in process, with what it becomes', () => {
    const real = Object.entries(meanings).filter(([code, meaning]) => code !== meaning.code);
    expect(sorted(inProcess)).toEqual(sorted(real.map(([code, meaning]) => `${code} -> ${meaning.code}`)));
  });
});

describe('docs/http-api.md', () => {
  it('has every route, and no other', async () => {
    const documented = readRows('docs/http-api.md').map(([, route = '']) => route);
    expect(sorted(documented)).toEqual(sorted(await listRoutes()));
  });
});

/** What Fastify was told to answer; without HEAD, the refusals of other methods and the parts of the reader at /docs. */
async function listRoutes(): Promise<string[]> {
  const dataDir = mkdtempSync(join(tmpdir(), 'valetkey-routes-'));
  const baseUrl = 'http://localhost:3000';
  const encryptionKeys = `k1:${Buffer.alloc(32, 1).toString('base64')}`;
  const manager = await openManager({ baseUrl, providers: {}, encryptionKeys, dataDir, backgroundWork: false });
  const app = fastify(serverOptions);
  const routes: string[] = [];
  app.addHook('onRoute', ({ method, url }) => {
    if (typeof method !== 'string' || method === 'HEAD' || url.startsWith('/docs/')) return;
    routes.push(`${method} ${url.replace(/:(\w+)/g, '{$1}')}`);
  });
  try {
    await app.register(browserRoutes, { manager, baseUrl, now: () => 0 });
    const authenticate = () => Promise.reject(new Unauthorized('any', false));
    const never = () => Promise.reject(new TypeError('not asked'));
    const administration = {
      listKeys: never,
      createKey: never,
      revokeKey: never,
      revokeCaller: never,
      now: () => 0,
    };
    await app.register(api, { manager, baseUrl, authenticate, administration, metrics: async () => new Registry() });
    await app.ready();
    return routes;
  } finally {
    await app.close();
    await manager.close();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

describe('docs/operate', () => {
  const real = readSources(['src', 'routes']).flatMap((file) => findAll(file.code, /name: '(valetkey_[a-z_]+)'/g));

  it('has every metric, and no other', () => {
    const documented = readRows('docs/operate/metrics.md').map(([, name = '']) => name);
    expect(real.length).toBeGreaterThan(0);
    expect(sorted(documented.filter((name) => name.startsWith('valetkey_')))).toEqual(sorted(real));
  });

  it.each(['dashboard.json', 'alerts.yml'])('%s asks for metrics that there are', (file) => {
    const asked = findAll(
      readText(`docs/operate/${file}`),
      /\b(valetkey_[a-z_]+?)(?:_bucket|_count|_sum)?\b(?=[[{( )=]|")/g,
    );
    expect(asked.length).toBeGreaterThan(5);
    expect(sorted(asked).filter((name) => !real.includes(name))).toEqual([]);
  });

  it('joins in alerts only what has the same labels: one figure with itself, or sums of both', () => {
    const rules: { readonly alert: string; readonly expr: string }[] = parse(readText('docs/operate/alerts.yml'))
      .groups[0].rules;
    const joined = rules.map(({ alert, expr }) => ({ alert, sides: expr.split(/\b(?:and|or|unless)\b/) }));
    const figure = (side: string) => /valetkey_[a-z_]+/.exec(side)?.[0];
    const mismatched = joined.filter(
      ({ sides }) => new Set(sides.map(figure)).size > 1 && !sides.every((side) => /^\s*(?:max|min|sum)\(/.test(side)),
    );
    expect(joined.some(({ sides }) => sides.length > 1)).toBe(true);
    expect(mismatched.map(({ alert }) => alert)).toEqual([]);
  });

  it('explains every alert', () => {
    const documented = readRows('docs/operate/metrics.md').map(([, name = '']) => name);
    const alerts = findAll(readText('docs/operate/alerts.yml'), /alert: (\w+)/g);
    expect(alerts.filter((name) => !documented.includes(name))).toEqual([]);
    expect(parse(readText('docs/operate/alerts.yml')).groups[0].rules).toHaveLength(alerts.length);
  });
});

describe('manuals', () => {
  const { scripts, bin } = JSON.parse(readText('package.json'));

  it.each(manuals)('%s names only commands that exist', (path) => {
    const text = readText(path);
    const named = [...findAll(text, /\bnpm run ([\w:-]+)/g), ...findAll(text, /\bnpm (start|test)\b/g)];
    expect(sorted(named).filter((name) => !Object.hasOwn(scripts, name))).toEqual([]);
  });

  it.each(manuals)('%s links only to files that exist', (path) => {
    const links = findAll(readText(path), /\]\((?!https?:|#)([^)#\s]+)/g);
    const images = findAll(readText(path), /\bsrc(?:set)?="(?!https?:)([^"]+)"/g);
    const missing = [...links, ...images].filter((link) => !existsSync(join(root, dirname(path), link)));
    expect(missing).toEqual([]);
  });

  it('name only commands of valetkey that it has', () => {
    const source = readSources(['src/cli'])
      .map((file) => file.code)
      .join('\n');
    const commands = findAll(source, /(?:new Command|\.command)\('([\w-]+)/g);
    const named = manuals.flatMap((path) => findAll(readText(path), /(?:npx |`)valetkey ([a-z][\w-]*)/g));
    expect(Object.keys(bin)).toEqual(['valetkey']);
    expect(sorted(named).filter((name) => !commands.includes(name))).toEqual([]);
  });

  it('README.md imports only what the library exports', async () => {
    const names = findAll(readText('README.md'), /import \{([^}]*)\} from 'valetkey'/g).flatMap((list) =>
      list.split(','),
    );
    const library = await import('../src/index.js');
    expect(names.length).toBeGreaterThan(0);
    expect(names.map((name) => name.trim()).filter((name) => !Object.hasOwn(library, name))).toEqual([]);
  });

  it('show pictures without scripts and without foreign addresses', () => {
    const pictures = listFiles(['docs/images'], ['.svg']);
    expect(pictures.length).toBeGreaterThan(0);
    for (const path of pictures) {
      const drawing = readText(path).replace('http://www.w3.org/2000/svg', '');
      expect(drawing, path).not.toMatch(/<script|\son\w+=|https?:|<foreignObject/i);
    }
  });
});

describe('repository', () => {
  it('has the MIT licence, the same in LICENSE and package.json', () => {
    expect(readText('LICENSE')).toMatch(/^MIT License\n\nCopyright \(c\) 2026 Valetkey contributors\n/);
    expect(JSON.parse(readText('package.json')).license).toBe('MIT');
  });

  it('pins every package to one version', () => {
    const { dependencies, devDependencies } = JSON.parse(readText('package.json'));
    const loose = Object.entries({ ...dependencies, ...devDependencies }).filter(
      ([, v]) => !/^\d+\.\d+\.\d+$/.test(String(v)),
    );
    expect(loose).toEqual([]);
  });

  it('has a lock file that matches package.json and names no download address', () => {
    const manifest = JSON.parse(readText('package.json'));
    const lock = readText('package-lock.json');
    const top = JSON.parse(lock).packages[''];
    expect(lock).not.toContain('"resolved"');
    expect([top.dependencies, top.devDependencies]).toEqual([manifest.dependencies, manifest.devDependencies]);
  });

  it('pins the actions of its workflows to commits and gives them no more than reading', () => {
    for (const path of listFiles(['.github/workflows'], ['.yml'])) {
      const text = readText(path);
      expect(text, path).toMatch(/^permissions:\n {2}contents: read\n/m);
      expect(findAll(text, /uses: (\S+)/g).filter((action) => !/@[0-9a-f]{40}$/.test(action))).toEqual([]);
    }
  });

  it('names no machine, no account and no mirror', () => {
    const ours = ['src', 'routes', 'providers', 'test', 'scripts', 'docs', 'bench', 'examples', '.ci', '.github'];
    const files = [
      ...listFiles(ours, ['']),
      ...manuals,
      'package.json',
      'package-lock.json',
      'docker-compose.yml',
      'Dockerfile',
    ];
    const homes = new RegExp(['/home/[a-z]+/', '/Users/[A-Za-z]+/', '/ro{2}t/', 'registry\\.[a-z]+js\\.org'].join('|'));
    expect(sorted(files).filter((path) => homes.test(readText(path)))).toEqual([]);
  });
});
