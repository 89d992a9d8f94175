/** How many rows a surface of hostile input must have (threats.md section 9), counted from its tables. */

import { expect, it } from 'vitest';

/** The surfaces of threats.md section 9. */
export const surfaces = [
  'callback_params',
  'flow_artifacts',
  'provider_name',
  'user_identity',
  'return_to',
  'www_authenticate',
  'metadata_documents',
  'ssrf_url',
  'bot_jwt',
  'api_key_auth',
  'token_response',
  'token_api_body',
  'stored_record',
  'http_transport',
  'portal_actions',
  'return_code',
] as const;

/** What each surface needs, in tables of one file. */
export const fewestRows = 60;

/**
 * Declares the test that the tables are long enough and hold no row twice. `test/threats.test.ts` wants one such call
 * for each surface.
 *
 * @param tables rows that are judged one by one; functions in them are told apart by their text
 */
export function expectRows(surface: (typeof surfaces)[number], ...tables: (readonly unknown[])[]): void {
  it(`${surface}: ${fewestRows} rows and more, none of them twice`, () => {
    const rows = tables
      .flat()
      .map((row) => JSON.stringify(row, (_key, value) => (typeof value === 'function' ? String(value) : value)));
    expect(rows.length).toBeGreaterThanOrEqual(fewestRows);
    expect(rows.filter((row, at) => rows.indexOf(row) !== at)).toEqual([]);
  });
}
