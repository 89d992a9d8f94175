/** www_authenticate: whatever an MCP server may put into its challenge, as a bot passes it on (M8). */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canary } from './attacked-service.js';
import { type AttackedByMcp, askFor, nextRow, openAttackedByMcp, type Verdict } from './hostile-mcp.js';
import { expectRows } from './surface.js';

let world: AttackedByMcp;
beforeAll(async () => {
  world = await openAttackedByMcp();
});
afterAll(() => world.close());

/** What is asked first: the place that the challenge names, the well-known one, another one, or nobody at all. */
interface Reading extends Verdict {
  readonly first: 'hint' | 'known' | string | undefined;
  readonly scope?: string;
}

const found = { status: 409, code: 'not_connected' } as const;
const hint = (scope = 'listed'): Reading => ({ ...found, first: 'hint', scope });
const known = (scope = 'listed'): Reading => ({ ...found, first: 'known', scope });
const refused: Reading = { status: 502, code: 'provider_error', step: 'resource_metadata', first: undefined };
const tooLong: Reading = { status: 400, code: 'invalid_request', first: undefined };

/** META is a good place on the server's own origin; EVIL and CANARY are hosts that nobody may be sent to. */
type Row = readonly [header: string, reading: Reading];

const escaped = [...'META'].map((letter) => `\\${letter}`).join('');

const grammar: readonly Row[] = [
  ['Bearer resource_metadata="META"', hint()],
  ['bearer Resource_Metadata="META"', hint()],
  ['Bearer resource_metadata = "META"', hint()],
  ['Bearer\tresource_metadata="META"', hint()],
  ['Bearer   ,,  resource_metadata="META" ,,', hint()],
  [`Bearer resource_metadata="${escaped}"`, hint()],
  ['Bearer resource_metadata=META', known()],
  ["Bearer resource_metadata='META'", known()],
  ['Bearer resource_metadata="META', known()],
  ['Bearer resource_metadata="META"x', known()],
  ['Bearer resource_metadata="META";scope="s"', known()],
  ['Bearer resource_metadata="META" scope="s"', known()],
  ['Bearer resource_metadata="META\\', known()],
  ['Bearer resource_metadata=""', known()],
  ['Bearer resource_metadata=', known()],
  ['Bearer resource_metadata', known()],
  ['Bearer =', known()],
  ['Bearer', known()],
  [',,,Bearer,,,', known()],
  ['=', known()],
  ['"', known()],
  ['', known()],
  ['Bearer YWJj==, resource_metadata="META"', hint()],
  ['Negotiate YWJj==, Bearer resource_metadata="META"', hint()],
];

const decoys: readonly Row[] = [
  ['Bearer x_resource_metadata="EVIL/m"', known()],
  ['Bearer resource_metadata_x="EVIL/m"', known()],
  ['Bearer resource-metadata="EVIL/m"', known()],
  ["Bearer resource_metadata*=UTF-8''EVIL", known()],
  ['Bearer realm="resource_metadata=EVIL/m", resource_metadata="META"', hint()],
  ['Bearer realm="a\\", resource_metadata=\\"EVIL/m"', known()],
  ['Bearer realm="a, Bearer resource_metadata=EVIL/m"', known()],
  ['Basic resource_metadata="EVIL/m"', known()],
  ['Basic resource_metadata="EVIL/m", Bearer', known()],
  ['Basic realm="r", Bearer resource_metadata="META"', hint()],
  ['DPoP resource_metadata="EVIL/m", Bearer resource_metadata="META"', hint()],
  ['Bearer resource_metadata="META", Basic resource_metadata="EVIL/m"', hint()],
  ['Bearer resource_metadata="META", Bearer resource_metadata="EVIL/m"', hint()],
  ['Bearer, Bearer resource_metadata="META"', hint()],
  ['Bearerresource_metadata="EVIL/m"', known()],
  ['Bearer: resource_metadata="EVIL/m"', known()],
  ['Bearer/1.0 resource_metadata="EVIL/m"', known()],
  ['"Bearer" resource_metadata="EVIL/m"', known()],
  ['Bearer resource_metadata="META", resource_metadata="EVIL/m"', refused],
  ['Bearer resource_metadata="EVIL/m", resource_metadata="META"', refused],
];

const places: readonly Row[] = [
  ['Bearer resource_metadata="EVIL/m"', refused],
  ['Bearer resource_metadata="https://127.0.0.1:CANARY/m"', refused],
  ['Bearer resource_metadata="https://localhost:CANARY/m"', refused],
  ['Bearer resource_metadata="https://169.254.169.254/latest/meta-data/"', refused],
  ['Bearer resource_metadata="http:\\\\\\\\127.0.0.1:CANARY\\\\m"', refused],
  ['Bearer resource_metadata="http://HOST@127.0.0.1:CANARY/m"', refused],
  ['Bearer resource_metadata="javascript:alert(1)"', refused],
  ['Bearer resource_metadata="data:application/json,{}"', refused],
  ['Bearer resource_metadata="file:///etc/passwd"', refused],
  ['Bearer resource_metadata="ftp://HOST/m"', refused],
  ['Bearer resource_metadata="blob:META"', refused],
  ['Bearer resource_metadata="https://HOST/m"', refused],
  [`Bearer resource_metadata="http://u:${canary}@HOST/m"`, refused],
  ['Bearer resource_metadata="//127.0.0.1:CANARY/m"', known()],
  ['Bearer resource_metadata="/m"', known()],
  ['Bearer resource_metadata="http://HOST/m/../../gone"', { ...refused, first: '/gone' }],
  [`Bearer resource_metadata="http://HOST/${canary}"`, { ...refused, first: `/${canary}` }],
  ['Bearer resource_metadata="META#part"', hint()],
  ['Bearer resource_metadata=" META "', hint()],
  ['Bearer resource_metadata="META\u0000"', hint()],
];

const many = Array.from({ length: 101 }, (_, at) => `s${at}`).join(' ');

const scopes: readonly Row[] = [
  ['Bearer scope="a b"', known('a b')],
  ['bearer SCOPE=a', known('a')],
  ['Bearer scope="  a   b a "', known('a b')],
  ['Bearer scope="a", scope="b"', known()],
  ['Bearer scope=""', known()],
  [`Bearer scope="${many}"`, known()],
  ['Bearer scope="a\u00e4"', known()],
  ['Bearer scope="a\\"b"', known()],
  ['Bearer scope="a\\\\b"', known()],
  ['Bearer scope="a\nb"', known()],
  ['Bearer scope="a&client_id=evil"', known('a&client_id=evil')],
  ['Bearer scope="__proto__ constructor"', known('__proto__ constructor')],
  ['Bearer error_scope="evil", scope="ok"', known('ok')],
  ['Bearer realm="scope=evil", scope="ok"', known('ok')],
  ['Basic scope="evil", Bearer scope="ok"', known('ok')],
  ['Bearer scope="evil" x, Basic realm="r"', known()],
  ['Bearer error="insufficient_scope", scope="ok"', known('ok')],
];

const pad = (header: string, length: number) => header + ' '.repeat(length - header.length);
const sizes: readonly Row[] = [
  [pad('Bearer scope="ok"', 8192), known('ok')],
  [pad('Bearer scope="ok"', 8193), tooLong],
  [`Bearer scope="${'a'.repeat(100_000)}"`, { status: 413, code: 'content_too_large', first: undefined }],
  [','.repeat(8192), known()],
  [`Bearer a="${'\\'.repeat(8000)}`, known()],
  ['a '.repeat(4000), known()],
];

expectRows('www_authenticate', grammar, decoys, places, scopes, sizes);

describe.each(Object.entries({ grammar, decoys, places, scopes, sizes }))(
  'a challenge with hostile %s (M8)',
  (_what, table) => {
    it.each(table.map(([header, reading]) => [header.slice(0, 80), header, reading] as const))(
      'is read as its grammar says, or not at all: %j',
      async (_title, template, { first, scope, ...verdict }) => {
        const row = nextRow(world);
        const { server, evil } = world;
        const { host } = new URL(server.url);
        const meta = `/meta/${row.name}`;
        server.answer(meta, { json: row.resource });
        const header = template
          .replaceAll(escaped, [...`${server.url}${meta}`].map((letter) => `\\${letter}`).join(''))
          .replaceAll('META', `${server.url}${meta}`)
          .replaceAll('EVIL', evil.url)
          .replaceAll('HOST', host)
          .replaceAll('CANARY', String(world.canary.port));
        const before = server.requests.length;
        const seen = await askFor(world, row, { ...verdict, header });
        const asked = { hint: meta, known: row.resourcePath }[first ?? ''] ?? first;
        expect(server.requests[before]?.path).toBe(asked);
        if (scope === undefined) return;
        const link = new URL(JSON.parse(seen.text).connect_url);
        const provider = link.pathname.split('/').at(-1) ?? '';
        const started = await world.service.manager.startAuthorization(provider, link.searchParams.get('link') ?? '');
        expect(new URL(started.authorizationUrl).searchParams.get('scope')).toBe(scope);
      },
    );
  },
);
