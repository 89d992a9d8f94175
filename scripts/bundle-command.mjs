/**
 * `node scripts/bundle-command.mjs <folder>`: bundles the command into few files. Node takes a third of a millisecond for
 * each file that it loads; with one for each source there were 300, which took a third of the start.
 */

import { copyFileSync } from 'node:fs';
import { dirname, isAbsolute, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const [folder = ''] = process.argv.slice(2);

/**
 * Packages that are bundled. We use a third of zod's 95 files; the rest are messages in 50 languages. The two others are
 * bundled because there must be only one zod. All other packages stay outside, so that they can be updated on their own.
 */
const joined = ['zod', 'fastify-type-provider-zod', '@fastify/error'];

/**
 * These are CommonJS, or have a CommonJS version: lmdb then is one file instead of ten. With `import`, Node would read each
 * a second time for the names that it exports, and wait between the files; together a twelfth of the start.
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
 * Each with all that it imports, in this order: what every command loads, what commands with a store load, and what only
 * the service loads. Without this, there would be 25 files, and the start would take a twentieth longer.
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

/** Files beside a source (pages, scripts of Redis) are looked for beside the compiled source. */
const placesOfSources = {
  name: 'places-of-sources',
  transform(code, id) {
    if (!id.startsWith(join(root, 'node_modules')) && code.includes('import.meta.url')) {
      const place = relative(join(root, 'src/cli'), id).replace(/\.ts$/, '.js');
      // No line moves, so the source map stays right.
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
