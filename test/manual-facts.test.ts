/** What the manual says of files, fields and the log is so: examples load, messages are logged, links lead somewhere. */

import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, posix } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { providerEntrySchema } from '../providers/index.js';
import { loadConfig } from '../src/service/config.js';
import { listFiles, readSources, readText, root } from './support/source-tree.js';

const folder = mkdtempSync(join(tmpdir(), 'valetkey-manual-facts-'));
afterAll(() => rmSync(folder, { recursive: true }));

const manuals = ['README.md', 'CONTRIBUTING.md', ...listFiles(['docs', 'examples'], ['.md'])].filter(
  (path) => !path.includes('node_modules'),
);

it('every field of a provider has its place', () => {
  const manual = readText('docs/configuration.md') + readText('docs/token-sources.md');
  const fields = Object.keys(providerEntrySchema.shape);
  expect(fields.length).toBeGreaterThan(40);
  expect(fields.filter((field) => !manual.includes(`\`${field}\``))).toEqual([]);
});

/** Every block that is a PROVIDERS_FILE. */
const files = manuals.flatMap((path) =>
  [...readText(path).matchAll(/```(?:yaml|json)\n([\s\S]*?)```/g)].flatMap(([, text = '']) =>
    /^(?:\{\s*")?providers"?:/m.test(text) ? [{ path, text }] : [],
  ),
);

it.each(files)('the PROVIDERS_FILE of $path can be used, with the secrets that it names', ({ path, text }) => {
  const file = join(folder, 'providers.yaml');
  writeFileSync(file, text);
  const ids = [...text.matchAll(/^ {2}([a-z-]+):/gm)].map(([, id = '']) => id);
  const beside = ids.map((id) => `${id.toUpperCase().replaceAll('-', '_')}_CLIENT_SECRET`);
  const secrets = [
    ...beside.filter((name) => readText(path).includes(`\`${name}\``)),
    ...[...text.matchAll(/\{ env: (\w+) \}/g)].map(([, name = '']) => name),
  ];
  const variables = Object.fromEntries(secrets.map((name) => [name, 'x']));
  const config = loadConfig({ ...variables, PROVIDERS_FILE: file, DATA_DIR: folder }, 'none');
  expect(ids).toEqual(expect.arrayContaining(Object.keys(config.providers)));
});

it('finds the files that it loads', () => {
  expect(files.length).toBeGreaterThan(2);
});

it('every line of docs/operate/log.md is logged', () => {
  const lines = [...readText('docs/operate/log.md').matchAll(/^\| `([^`]+)` \|/gm)].map(([, line = '']) => line);
  const told = lines.filter((line) => line !== 'msg');
  const code = readSources(['src', 'routes']).map((file) => file.code);
  expect(told.length).toBeGreaterThan(20);
  expect(told.filter((line) => !code.some((text) => text.includes(`'${line}'`)))).toEqual([]);
});

/** The anchors of a file, as GitHub names its headings. */
function anchorsOf(path: string): readonly string[] {
  const headings = readText(path)
    .replace(/```[\s\S]*?```/g, '')
    .matchAll(/^#+ (.+)$/gm);
  return [...headings].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .replace(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-'),
  );
}

it.each(manuals)('the links of %s lead to files and headings that there are', (path) => {
  const links = [...readText(path).matchAll(/\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]+))?\)/g)];
  const broken = links.filter(([, file = '', anchor]) => {
    const target = file === '' ? path : posix.join(dirname(path), file);
    if (!existsSync(join(root, target))) return true;
    return anchor !== undefined && target.endsWith('.md') && !anchorsOf(target).includes(anchor);
  });
  expect(broken.map(([link]) => link)).toEqual([]);
});
