/** The catalogue as a page of the manual, so that what is written there is what is used. */

import type { ProviderTemplate } from './template.js';

const opening = `# Providers

Everything that Valetkey knows about the providers of its catalogue. This page is made from \`providers/\` by
\`npm run docs:providers\`; a test keeps the two equal. To add one, see [CONTRIBUTING.md](../CONTRIBUTING.md).

**Client**: how our client shows who it is. **Expiry**: what an access token lives, and what becomes of a refresh token that
is sent twice: \`none\` nothing, \`grace\` it works for a while, \`strict\` the grant may end. **Revocation**: which token is
sent and what ends with it. **Sites**: what one grant reaches, where that may be several places; all are kept with the
connection, and the one to use is chosen by a connect (\`parameters\`) or is the only one there is. Values in braces are
given per connection (\`parameters\`) or in the configuration. Facts that no source confirmed are named as such, also by
\`valetkey doctor\`.
`;

/** The page; ends with a line break. */
export function formatProviders(catalogue: ReadonlyMap<string, ProviderTemplate>): string {
  const inOrder = [...catalogue].sort(([one], [other]) => (one < other ? -1 : 1));
  const index = inOrder.map(([id, { displayName }]) => `| \`${id}\` | [${displayName}](#${anchorOf(displayName)}) |`);
  const table = ['| Id | Provider |', '|---|---|', ...index].join('\n');
  return `${[opening, table, ...inOrder.map(([id, template]) => formatProvider(id, template))].join('\n')}\n`;
}

/** As GitHub makes it of a heading. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^a-z0-9 -]/g, '')
    .replaceAll(' ', '-');
}

function formatProvider(id: string, template: ProviderTemplate): string {
  const { authorizationEndpoint, tokenEndpoint, deviceAuthorizationEndpoint, revocation, placeholders } = template;
  const { defaultScope, unverified = [], keepFromCallback, keepFromResponse, sites } = template;
  const kept = Object.keys({ ...keepFromCallback, ...keepFromResponse });
  const rows: (readonly [string, string | undefined])[] = [
    ['Id', code(id)],
    ['Authorization', code(authorizationEndpoint)],
    ['Token', code(tokenEndpoint)],
    ['Device authorization', deviceAuthorizationEndpoint && code(deviceAuthorizationEndpoint)],
    ['Client', `${code(template.clientAuthentication)}, PKCE ${template.pkce}`],
    ['Default scope', defaultScope.length > 0 ? code(defaultScope.join(template.scopeSeparator ?? ' ')) : 'none'],
    ['Expiry', expiryOf(template)],
    [
      'Revocation',
      revocation ? `${code(revocation.endpoint)} (${revocation.token}, ends the ${revocation.reach})` : 'none',
    ],
    ['In braces', placeholders && Object.entries(placeholders).map(describePlaceholder).join(', ')],
    ['Kept with a connection', kept.length > 0 ? kept.map(code).join(', ') : undefined],
    ['Sites', sites && `listed at ${code(sites.endpoint)}; the one to use is ${code(sites.parameter)}`],
    ['Not confirmed', unverified.length > 0 ? unverified.join('; ') : undefined],
  ];
  const lines = rows.flatMap(([name, value]) =>
    value === undefined ? [] : [`| ${name} | ${value.replaceAll('|', '\\|')} |`],
  );
  const heading = `\n## ${template.displayName}\n\n[Its documentation](${template.documentation})\n`;
  return [heading, '| | |', '|---|---|', ...lines].join('\n');
}

function describePlaceholder([name, { default: usual }]: [string, { default?: string | undefined }]): string {
  return usual === undefined ? code(name) : `${code(name)} (${code(usual)} unless told)`;
}

function expiryOf(template: ProviderTemplate): string {
  const { tokensExpire, defaultLifetimeSeconds, refreshReuse, reuseGraceSeconds, refreshLifetime } = template;
  const access = tokensExpire
    ? `expires${defaultLifetimeSeconds ? `, ${spanOf(defaultLifetimeSeconds)} where the answer does not say` : ''}`
    : 'only if the answer says so';
  const grace = refreshReuse === 'grace' && reuseGraceSeconds ? ` of ${spanOf(reuseGraceSeconds)}` : '';
  const renewed = refreshLifetime?.renewedByUse ? ', anew with each use' : '';
  const most = refreshLifetime?.mostSeconds ? `, at most ${spanOf(refreshLifetime.mostSeconds)} in all` : '';
  const end = refreshLifetime ? `; refresh token lives ${spanOf(refreshLifetime.seconds)}${renewed}${most}` : '';
  return `${access}; reuse ${code(refreshReuse)}${grace}${end}`;
}

const units = [
  [86_400, 'd'],
  [3_600, 'h'],
  [60, 'min'],
  [1, 's'],
] as const;

/** In the largest unit that divides it. */
function spanOf(seconds: number): string {
  const [size, unit] = units.find(([length]) => seconds % length === 0) ?? [1, 's'];
  return `${seconds / size} ${unit}`;
}

function code(text: string): string {
  return `\`${text}\``;
}
