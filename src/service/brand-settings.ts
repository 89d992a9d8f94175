/** The operator's brand, from the environment. */

import { readFileSync, statSync } from 'node:fs';
import { z } from 'zod';
import { type Brand, brandColorSchema, brandNameSchema, largestLogo, logoSchema } from '../core/brand.js';
import type { EnvironmentReader } from './environment.js';

/** Reads the file at the given path; a file that is too large is not read. */
const fileSchema = z.string().transform((path, context): Uint8Array => {
  try {
    if (statSync(path).size > largestLogo) return new Uint8Array(largestLogo + 1);
    return readFileSync(path);
  } catch {
    context.addIssue({ code: 'custom', message: 'names a file that cannot be read' });
    return z.NEVER;
  }
});

/** Reads these variables. */
export function readBrand(reader: EnvironmentReader): Brand {
  const name = reader.read('BRAND_NAME', brandNameSchema);
  const color = reader.read('BRAND_COLOR', brandColorSchema);
  const logo = reader.read('BRAND_LOGO', fileSchema.pipe(logoSchema));
  return { ...(name !== undefined && { name }), ...(color && { color }), ...(logo && { logo }) };
}
