/** The version of this package. */

import { createRequire } from 'node:module';
import { z } from 'zod';

/** Only package.json holds it; the package finds itself by name, compiled or not. */
export function readVersion(): string {
  const manifest: unknown = createRequire(import.meta.url)('valetkey/package.json');
  return z.object({ version: z.string() }).parse(manifest).version;
}
