/** `valetkey export`: all connections, encrypted to the key of the recipient. */

import { open, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Command } from 'commander';
import type { Connection } from '../core/connection.js';
import type { Unopened } from '../store/key-use.js';
import { readConnections } from '../transfer/export-connections.js';
import { parseLineKey, sealLines } from '../transfer/sealed-lines.js';
import { examples } from './examples.js';
import { CommandFailed, exitCodes, reasonOf, WrongCommandLine } from './exit.js';
import { firstLines } from './first-lines.js';
import { interruptible } from './interruption.js';
import { warnOfMoved } from './moved-store.js';
import { readText } from './named-file.js';
import { parseTenant } from './named-tenant.js';
import { withEngine } from './open-local.js';
import { createProgressBar } from './progress.js';

interface ExportOptions {
  readonly recipient: string;
  readonly out: string;
  readonly tenant?: string;
  readonly json?: boolean;
}

/** Never writes a token in the clear: there is no export without a recipient. */
export function exportCommand(): Command {
  return new Command('export')
    .description('write all connections, each a JWE to the recipient; "valetkey import valetkey" reads them')
    .requiredOption('--recipient <file>', 'public JSON Web Key: RSA, EC or X25519')
    .requiredOption('--out <file>', 'new file to write, with mode 0600')
    .option('--tenant <id>', 'only the connections of this tenant')
    .option('--json', 'print {"exported", "skipped": [{"where", "code"}]}')
    .addHelpText('after', examples('export --recipient key.json --out connections.jwe'))
    .action(run);
}

async function run({ recipient, out, tenant, json }: ExportOptions): Promise<void> {
  if (out === '-') throw new WrongCommandLine('--out: must be a file; an export is never printed.');
  const wanted = tenant === undefined ? {} : { tenant: parseTenant(tenant) };
  const key = await parseLineKey(readText('--recipient', recipient), 'recipient');
  const skipped: Unopened[] = [];
  const bar = createProgressBar('exporting');
  let exported = 0;
  async function* counted(connections: AsyncIterable<Connection>) {
    for await (const connection of connections) {
      exported += 1;
      bar.update({ done: exported });
      yield connection;
    }
  }
  await withEngine(async (beneath) => {
    await warnOfMoved(beneath.engine);
    const connections = readConnections(beneath, wanted, (each) => skipped.push(each));
    await writeNewFile(out, withBreaks(sealLines(counted(connections), key)));
  }).finally(() => bar.clear());
  if (json) console.log(JSON.stringify({ exported, skipped }));
  else {
    console.log(`${exported} exported, ${skipped.length} skipped.`);
    for (const line of firstLines(skipped.map(({ where, code }) => `${code}\t${where}`))) console.log(line);
  }
  if (skipped.length > 0) process.exitCode = exitCodes.failed;
}

async function* withBreaks(lines: AsyncIterable<string>): AsyncGenerator<string> {
  for await (const line of lines) yield `${line}\n`;
}

/** Does not overwrite an existing file, and removes an incomplete one, whatever the reason. */
async function writeNewFile(path: string, lines: AsyncIterable<string>): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  await interruptible(async (signal) => {
    try {
      await pipeline(Readable.from(lines), file.createWriteStream(), { signal });
    } catch (error) {
      await rm(path, { force: true });
      if (signal.aborted) throw new CommandFailed(`Interrupted: ${path} was not made.`);
      throw isOfSystem(error) ? new CommandFailed(`${path} was not made: ${reasonOf(error)}.`) : error;
    }
  });
}

/** A failed write, of which the system does not name the file. */
function isOfSystem(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error;
}
