#!/usr/bin/env node
/** The `valetkey` command. */

import module from 'node:module';
import { keepEarlySignal } from '../service/early-signal.js';

const args = process.argv.slice(2);
const goesOn = ['serve', 'worker'].includes(args[0] ?? '');
if (goesOn) keepEarlySignal();

// Node 22 and later keep what they have compiled, and start a third sooner the next time; Node 20 has no such thing.
const enableCompileCache: unknown = Reflect.get(module, 'enableCompileCache');
if (typeof enableCompileCache === 'function') enableCompileCache();
const { runCommand } = await import('./program.js');

// Who reads what is printed may leave before its end, as `head` does. What serves goes on without; others are done.
process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => {
  if (goesOn) return;
  // What is cut short otherwise, as on a full disk, would pass for whole.
  if (code !== 'EPIPE') console.error(`What is printed could not be written (${code}).`);
  process.exit(1);
});

process.exitCode = await runCommand(args);
// What is still open now did not close in time; nothing that ends by itself is kept from ending.
setTimeout(() => process.exit(), 500).unref();
