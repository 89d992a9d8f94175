#!/usr/bin/env node
/** The `valetkey` command. */

import module from 'node:module';
import { keepEarlySignal } from '../service/early-signal.js';

const args = process.argv.slice(2);
const goesOn = ['serve', 'worker'].includes(args[0] ?? '');
if (goesOn) keepEarlySignal();

// Node 22 and later keep compiled code, and start in two thirds of the time from then on; Node 20 cannot.
const enableCompileCache: unknown = Reflect.get(module, 'enableCompileCache');
if (typeof enableCompileCache === 'function') enableCompileCache();
const { runCommand } = await import('./program.js');

// A reader of the output, such as `head`, may stop early. Servers go on without it; other commands end.
process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => {
  if (goesOn) return;
  // Otherwise a cut output, as on a full disk, would look complete.
  if (code !== 'EPIPE') console.error(`What is printed could not be written (${code}).`);
  process.exit(1);
});

process.exitCode = await runCommand(args);
// What is still open now did not close in time. This timer delays no end of the process.
setTimeout(() => process.exit(), 500).unref();
