import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { catalogue } from '../../providers/index.js';
import { formatProviders } from '../../providers/manual.js';
import { listFiles, readText, root } from '../support/source-tree.js';

const pages = formatProviders(catalogue);

test('docs/providers.md and docs/providers/ are what the catalogue says; `npm run docs:providers` writes them', () => {
  const written = ['docs/providers.md', ...listFiles(['docs/providers'], ['.md'])];
  expect(written.sort()).toEqual([...pages.keys()].map((path) => `docs/${path}`).sort());
  expect(written.filter((path) => readText(path) !== pages.get(path.slice('docs/'.length)))).toEqual([]);
});

test('there is a page for every provider, with its redirect URI, its variables and what nobody confirmed', () => {
  for (const [id, { displayName, documentation, clientAuthentication, unverified = [] }] of catalogue) {
    const page = pages.get(`providers/${id}.md`);
    expect(page).toContain(`# ${displayName}\n`);
    const ofEnvironment = `\`${id.toUpperCase().replaceAll('-', '_')}_CLIENT_ID\``;
    const variable = clientAuthentication === 'client_secret_signed' ? '`client_private_key`' : ofEnvironment;
    const wanted = [
      `](${documentation})`,
      `BASE_URL/oauth/${id}/callback\``,
      variable,
      `| Id | \`${id}\` |`,
      ...unverified,
    ];
    for (const fact of wanted) expect(page).toContain(fact);
    expect(pages.get('providers.md')).toContain(`[${displayName}](providers/${id}.md)`);
  }
});

/** Just the files that the scaffold writes to. */
function makeTree(): string {
  const tree = mkdtempSync(join(tmpdir(), 'valetkey-scaffold-'));
  onTestFinished(() => rmSync(tree, { recursive: true }));
  mkdirSync(join(tree, 'test/providers/facts'), { recursive: true });
  mkdirSync(join(tree, 'providers'));
  for (const path of ['providers/index.ts', 'test/providers/facts/further-providers.ts']) {
    cpSync(join(root, path), join(tree, path));
  }
  return tree;
}

const scaffold = (tree: string, ...args: string[]) =>
  spawnSync(process.execPath, [join(root, 'scripts/new-provider.mjs'), ...args, '--root', tree], { encoding: 'utf8' });

test('npm run new-provider writes a record, its place in the catalogue and its test row', () => {
  const tree = makeTree();
  expect(scaffold(tree, 'acme-cloud', "Acme's Cloud").status).toBe(0);
  const read = (path: string) => readFileSync(join(tree, path), 'utf8');
  expect(read('providers/acme-cloud.ts')).toContain("displayName: 'Acme\\'s Cloud'");
  expect(read('providers/index.ts')).toMatch(/import \{ acmeCloud \} from '\.\/acme-cloud\.js';/);
  expect(read('providers/index.ts')).toMatch(/'acme-cloud': acmeCloud,/);
  expect(read('test/providers/facts/further-providers.ts')).toMatch(/'acme-cloud': \{\n {4}authorize:/);
});

test('it writes over nothing, and takes no name that cannot be one', () => {
  const tree = makeTree();
  expect(scaffold(tree, 'acme', 'Acme').status).toBe(0);
  expect(scaffold(tree, 'acme', 'Acme').status).toBe(1);
  expect(scaffold(tree, '../acme', 'Acme').status).toBe(2);
  expect(scaffold(tree, 'acme2').status).toBe(2);
});
