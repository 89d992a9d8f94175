/** `npm run new-provider -- <id> "<Name>"`: a record for the catalogue, its test row and its place in the manual. */

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { root: { type: 'string' } },
});
const [id, name] = positionals;
const root = values.root ?? fileURLToPath(new URL('..', import.meta.url));

if (!/^[a-z0-9][a-z0-9-]{0,63}$/.test(id ?? '') || !name) {
  console.error('Usage: npm run new-provider -- <id> "<Name>"   (id: a-z 0-9 -)');
  process.exit(2);
}
const variable = id.replace(/-([a-z0-9])/g, (_, letter) => letter.toUpperCase()).replace(/^\d/, '_$&');
const record = join(root, 'providers', `${id}.ts`);
if (existsSync(record)) {
  console.error(`There is a providers/${id}.ts already.`);
  process.exit(1);
}

/** The authorization server: a host that cannot exist, so that a forgotten one is noticed. */
const host = `https://${id}.example`;

writeFileSync(
  record,
  `/** ${name}: what is odd about it, in one sentence. */

import type { ProviderTemplate } from './template.js';

export const ${variable}: ProviderTemplate = {
  displayName: ${quote(name)},
  documentation: '${host}/docs',
  authorizationEndpoint: '${host}/authorize',
  tokenEndpoint: '${host}/token',
  clientAuthentication: 'client_secret_basic',
  pkce: 'S256',
  defaultScope: [],
  tokensExpire: true,
  refreshReuse: 'strict',
  identity: { from: 'userinfo', endpoint: '${host}/userinfo', id: 'sub', name: 'name', email: 'email' },
  unverified: ['everything: made by npm run new-provider'],
};
`,
);

edit('providers/index.ts', (text) =>
  insertLine(text, {
    line: `import { ${variable} } from './${id}.js';`,
    after: /^import \{ todoist \}.*$/m,
  }).replace(/^(\s*)zoom,$/m, `$&\n$1${id === variable ? id : `${quote(id)}: ${variable}`},`),
);

edit('test/providers/facts/further-providers.ts', (text) =>
  text.replace(
    /(\{)?\};\n$/,
    `${text.endsWith('{};\n') ? '{\n' : ''}  ${id === variable ? id : quote(id)}: {
    authorize: '${host}/authorize',
    pkce: true,
    token: '${host}/token',
    client: 'basic',
    answer: { token_type: 'bearer', expires_in: 3600, refresh_token: 'rt' },
    lives: 3600,
    userinfo: { request: 'GET ${host}/userinfo', answer: { sub: 'u1', name: 'Ada', email: 'ada@example.com' } },
    identity: { id: 'u1', name: 'Ada', email: 'ada@example.com' },
  },
};
`,
  ),
);

console.log(`Written: providers/${id}.ts, its line in providers/index.ts, and its facts for the tests.
Next: fill in the record and the facts from the provider's documentation, each apart from the other; then
  npm run format && npm run docs:providers && npx vitest run test/providers`);

function edit(path, change) {
  const place = join(root, path);
  const before = readFileSync(place, 'utf8');
  const after = change(before);
  if (after === before) throw new Error(`${path} has no place for it`);
  writeFileSync(place, after);
}

function insertLine(text, { line, after }) {
  return text.replace(after, (found) => `${found}\n${line}`);
}

function quote(text) {
  return `'${text.replace(/['\\]/g, '\\$&')}'`;
}
