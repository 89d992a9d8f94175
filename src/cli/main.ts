#!/usr/bin/env node
/** The `valetkey` command. */

import { runCommand } from './program.js';

process.exitCode = await runCommand(process.argv.slice(2));
// What is still open now did not close in time; nothing that ends by itself is kept from ending.
setTimeout(() => process.exit(), 500).unref();
