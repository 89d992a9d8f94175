/**
 * `node scripts/bundle-command.mjs <folder>`: the command in few files. Node takes a third of a millisecond for each
 * file that it loads; one for each source made 300 of them, and a third of the start.
 */

import { copyFileSync } from 'node:fs';
import { dirname, isAbsolute, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const [folder = ''] = process.argv.slice(2);

/**
 * Of zod's 95 files we use a third; the rest are messages in 50 languages. The others come with it, as there must be
 * one zod only. All other packages stay outside, so that they can be renewed without us.
 */
const joined = ['zod', 'fastify-type-provider-zod', '@fastify/error'];

/**
 * These are CommonJS, or there as such too: lmdb as one file instead of ten. By `import` Node would read each a second
 * time for the names that it exports, and wait between the files; together a twelfth of the start.
 */
const required = ['@fastify/formbody', 'commander', 'fastify', 'ioredis', 'ipaddr.js', 'lmdb', 'pino', 'prom-client'];
const requiredMark = 'required:';

const packagesOutside = {
  name: 'packages-outside',
  resolveId(source, _importer, { kind }) {
    const isJoined = joined.some((name) => source === name || source.startsWith(`${name}/`));
    if (isJoined || source.startsWith('.') || isAbsolute(source)) return undefined;
    const isRequired = kind === 'import-statement' && required.includes(source);
    return isRequired ? `${requiredMark}${source}` : { id: source, external: true };
  },
  load(id) {
    if (!id.startsWith(requiredMark)) return undefined;
    return `module.exports = require(${JSON.stringify(id.slice(requiredMark.length))});`;
  },
};

/**
 * Each with all that it imports, the first first: what every command loads, what those do that open the store, and what
 * only the service does. By themselves they would become 25 files, and the start a twentieth longer.
 */
const files = [
  { name: 'every-command', test: /\/src\/(cli\/(program|examples)|service\/server)\.ts$/, priority: 3 },
  {
    name: 'with-store',
    test: /\/src\/(cli\/open-local|service\/(api-keys|tracing\/begin|webhooks\/worker))\.ts$/,
    priority: 2,
  },
  { name: 'service', test: /\/src\/cli\/serve\.ts$/, priority: 1 },
];

/** What lies beside a source (pages, scripts of Redis) is looked for where the compiled source lies. */
const placesOfSources = {
  name: 'places-of-sources',
  transform(code, id) {
    if (!id.startsWith(join(root, 'node_modules')) && code.includes('import.meta.url')) {
      const place = relative(join(root, 'src/cli'), id).replace(/\.ts$/, '.js');
      // No line moves, so that the map stays true.
      return { code: code.replaceAll('import.meta.url', `new URL('${place}', import.meta.url).href`), map: null };
    }
    return undefined;
  },
};

const bundle = await rolldown({
  input: join(root, 'src/cli/main.ts'),
  platform: 'node',
  resolve: { extensionAlias: { '.js': ['.ts', '.js'] } },
  plugins: [packagesOutside, placesOfSources],
});
await bundle.write({
  dir: folder,
  format: 'esm',
  sourcemap: true,
  chunkFileNames: '[name].js',
  cleanDir: true,
  codeSplitting: { groups: files },
});
for (const name of joined) {
  copyFileSync(join(root, 'node_modules', name, 'LICENSE'), join(folder, `LICENSE.${name.replace(/\W+/g, '-')}`));
}
