/** The rules of the house: who may import whom, one door per outside thing, no circles, small files. */

import { describe, expect, it } from 'vitest';
import { listFiles, packageOf, readSources, readText, type SourceFile } from './support/source-tree.js';

const sources = readSources(['src', 'routes', 'providers']);

/** Where a file belongs, and which of our own files each room may import. The first room that matches counts. */
const rooms: readonly { room: RegExp; mayImport: RegExp }[] = [
  { room: /^src\/core\//, mayImport: /^src\/core\// },
  { room: /^src\/protocol\//, mayImport: /^src\/(core|protocol)\// },
  { room: /^src\/store\/redis\//, mayImport: /^src\/(core\/|store\/redis\/|store\/[^/]+$)/ },
  { room: /^src\/store\/embedded\//, mayImport: /^src\/(core\/|store\/embedded\/|store\/[^/]+$)/ },
  { room: /^src\/store\//, mayImport: /^src\/(core\/|store\/[^/]+$)/ },
  { room: /^providers\//, mayImport: /^(src\/core|providers)\// },
  { room: /^src\/keys\//, mayImport: /^src\/(core|protocol|keys)\// },
  { room: /^src\/flows\//, mayImport: /^src\/(core|protocol|flows)\// },
  {
    room: /^src\/(oauth-manager|(browser|connect|mcp|signal|token|recorded)-journeys|manager-input|host-token)\.ts$/,
    mayImport:
      /^src\/(core\/|flows\/|(manager-input|host-token|(browser|connect|mcp|signal|token|recorded)-journeys)\.ts$)/,
  },
  {
    room: /^src\/(require|with)-oauth-token\.ts$/,
    mayImport: /^src\/(core\/|oauth-manager\.ts|manager-input\.ts|init-oauth-manager\.ts|require-oauth-token\.ts)/,
  },
  { room: /^routes\//, mayImport: /^(src\/core\/|src\/oauth-manager\.ts$|routes\/)/ },
  { room: /^src\/client\//, mayImport: /^src\/(core|client)\// },
  { room: /^src\/mcp\//, mayImport: /^src\/(core\/|mcp\/|(init-)?oauth-manager\.ts$)/ },
  // Moves connections in and out; only the command uses it.
  { room: /^src\/transfer\//, mayImport: /^src\/(core|store|flows|transfer)\// },
  { room: /^src\/tracing\//, mayImport: /^src\/core\// },
  { room: /^src\/sandbox\//, mayImport: /^(src\/(core|sandbox)\/|providers\/)/ },
  // The few that join the rooms: a store, the providers and the manager; a host's app; the program; the command.
  {
    room: /^src\/((open|init-oauth)-manager|manager-options|open-providers|open-store)\.ts$/,
    mayImport:
      /^(src\/(core|store|protocol|flows|keys)\/|providers\/|src\/(oauth-manager|open-manager|manager-options|open-providers|open-store)\.ts$)/,
  },
  { room: /^src\/fastify\.ts$/, mayImport: /^(src\/(?!service|cli|index)|routes\/|providers\/)/ },
  { room: /^src\/index\.ts$/, mayImport: /^(src\/(?!service|cli)|providers\/)/ },
  { room: /^src\/service\//, mayImport: /^(src\/(?!cli\/|index\.ts)|routes\/|providers\/)/ },
  { room: /^src\/cli\//, mayImport: /^(src\/(?!index\.ts)|providers\/)/ },
];

/** One door per outside thing: the only files that may import a package. */
const packageDoors: Record<string, RegExp> = {
  ioredis: /^src\/store\/redis\//,
  lmdb: /^src\/store\/embedded\//,
  undici: /^src\/protocol\//,
  tldts: /^src\/protocol\/domains\.ts$/,
  oauth4webapi: /^src\/protocol\//,
  jose: /^src\/(protocol\/(client-authentication|signals\/security-event)|service\/caller-jwt|transfer\/sealed-lines)\.ts$/,
  fastify: /^(routes\/|src\/service\/|src\/fastify\.ts$)/,
  '@fastify/*': /^(routes\/|src\/service\/|src\/fastify\.ts$)/,
  'fastify-plugin': /^(routes\/|src\/service\/|src\/fastify\.ts$)/,
  'fastify-type-provider-zod': /^(routes\/|src\/service\/|src\/fastify\.ts$)/,
  pino: /^src\/service\/logger\.ts$/,
  'prom-client': /^(routes\/|src\/service\/)/,
  eta: /^routes\//,
  commander: /^src\/cli\//,
  aws4fetch: /^src\/keys\//,
  emulate: /^src\/sandbox\//,
  'oidc-provider': /^src\/sandbox\//,
  yaml: /^src\/(service|cli)\//,
  '@opentelemetry/*': /^src\/service\/tracing\//,
};

/** The same for what needs no import. */
const wordDoors: readonly { word: RegExp; door: RegExp }[] = [
  { word: /\bprocess\.env\b/, door: /^src\/service\/config\.ts$/ },
  { word: /(?<![.\w#])fetch\(|\bglobalThis\.fetch\b/, door: /^src\/(protocol\/http|client\/)/ },
  // Where the clock is handed over, and where a room that can be opened alone has it as its default.
  {
    word: /\bDate\.now\b|\bnew Date\(\)/,
    door: /^src\/(service\/app|cli\/worker|fastify|open-manager|protocol\/http|store\/(embedded\/index|sealed-store))\.ts$/,
  },
  { word: /\bconsole\./, door: /^src\/cli\// },
];

/** What core may import beside itself: values and rules need no more. */
const corePackages = /^(zod|node:crypto)$/;

/** Files over 250 lines, each with its reason. */
const longFiles: Record<string, string> = {
  'src/core/errors.ts': 'one small class per error; the union at its end is only readable beside all of them',
  'test/hostile/callback-params.test.ts': 'a table of hostile input: one row, one line',
  'test/hostile/metadata-documents.test.ts': 'a table of hostile input: one row, one line',
  'test/hostile/stored-record.test.ts': 'a table of what can lie in the place of a record',
  'test/hostile/flow-artifacts.test.ts': 'a table of every one-time value in every slot, and how each is spent',
};

const longest = 250;

const describeImport = (file: SourceFile, name: string) => `${file.path} imports ${name}`;

describe('import rules', () => {
  it('finds the files that it checks', () => {
    expect(sources.length).toBeGreaterThan(10);
    expect(sources.flatMap((file) => file.imports).length).toBeGreaterThan(sources.length);
  });

  it('has a room for every file', () => {
    const homeless = sources.filter((file) => !rooms.some(({ room }) => room.test(file.path)));
    expect(homeless.map((file) => file.path)).toEqual([]);
  });

  it('lets imports fall one way only', () => {
    const broken = sources.flatMap((file) => {
      const mayImport = rooms.find(({ room }) => room.test(file.path))?.mayImport ?? /$^/;
      const ours = file.imports.filter((name) => packageOf(name) === undefined);
      return ours.filter((name) => !mayImport.test(name)).map((name) => describeImport(file, name));
    });
    expect(broken).toEqual([]);
  });

  it('keeps core free of I/O: only zod and node:crypto', () => {
    const broken = sources
      .filter((file) => file.path.startsWith('src/core/'))
      .flatMap((file) =>
        file.imports
          .filter((name) => !corePackages.test(packageOf(name) ?? 'zod'))
          .map((name) => describeImport(file, name)),
      );
    expect(broken).toEqual([]);
  });

  it('has one door per package', () => {
    const doorOf = (name: string) => packageDoors[name] ?? packageDoors[name.replace(/\/.*/, '/*')];
    const broken = sources.flatMap((file) =>
      file.imports
        .filter((name) => doorOf(packageOf(name) ?? '')?.test(file.path) === false)
        .map((name) => describeImport(file, name)),
    );
    expect(broken).toEqual([]);
  });

  it.each(wordDoors)('has one door for $word', ({ word, door }) => {
    const users = sources.filter((file) => word.test(file.code)).map((file) => file.path);
    expect(users.filter((path) => !door.test(path))).toEqual([]);
  });

  it('imports only packages that package.json names', () => {
    const { dependencies, devDependencies } = JSON.parse(readText('package.json'));
    // The sandbox and tracing load theirs when they are started, and say what to install where they are missing.
    const isNamed = (path: string, name: string) =>
      name.startsWith('node:') ||
      Object.hasOwn(dependencies, name) ||
      (/^src\/(sandbox|service\/tracing)\//.test(path) && Object.hasOwn(devDependencies, name));
    const unnamed = sources.flatMap((file) =>
      file.imports
        .flatMap((name) => packageOf(name) ?? [])
        .filter((name) => !isNamed(file.path, name))
        .map((name) => describeImport(file, name)),
    );
    expect(unnamed).toEqual([]);
  });

  it('has no circle, not even of types', () => {
    expect(findCircles(new Map(sources.map((file) => [file.path, file.imports])))).toEqual([]);
  });

  it('sees a circle when there is one', () => {
    const graph = new Map([
      ['a', ['b']],
      ['b', ['c']],
      ['c', ['b']],
    ]);
    expect(findCircles(graph)).toEqual(['b -> c -> b']);
  });
});

describe('files', () => {
  const files = listFiles(
    ['src', 'routes', 'providers', 'test', 'scripts', 'bench', 'examples'],
    ['.ts', '.mjs', '.lua'],
  );

  it(`have at most ${longest} lines, or a stated reason`, () => {
    const long = files.filter((path) => readText(path).trimEnd().split('\n').length > longest);
    expect(long).toEqual(Object.keys(longFiles).sort());
  });

  it('open with one sentence that says what they are for', () => {
    const opening: Record<string, RegExp> = { ts: /^(#!.*\n)?\/\*\*/, mjs: /^(#!.*\n)?\/\*\*/, lua: /^--/ };
    const spoken = files.filter((path) => !path.endsWith('.test.ts'));
    const silent = spoken.filter((path) => !opening[path.split('.').at(-1) ?? '']?.test(readText(path)));
    expect(silent).toEqual([]);
  });

  it('have names that say something', () => {
    const vague = /(^|[/-])(utils?|helpers?|types?|data|info|misc|common|impl)\.(ts|mjs|lua)$/;
    expect(files.filter((path) => vague.test(path))).toEqual([]);
  });
});

/** Each circle once, as a path that ends where it began. */
function findCircles(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const circles: string[] = [];
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]) => {
    const start = trail.indexOf(path);
    if (start >= 0) circles.push([...trail.slice(start), path].join(' -> '));
    if (start >= 0 || done.has(path)) return;
    for (const next of graph.get(path) ?? []) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const path of graph.keys()) visit(path, []);
  return circles;
}
