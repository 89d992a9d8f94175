/** Writes the catalogue as pages of the manual, so that they say what the program does. */

import { environmentPrefix } from './references.js';
import type { ProviderTemplate } from './template.js';

const opening = `# Providers

Everything that Valetkey knows about the providers of its catalogue, one page each: how to set it up, and its facts. The
pages are made from \`providers/\` by \`npm run docs:providers\`; a test keeps them equal. To add one, see
[CONTRIBUTING.md](../CONTRIBUTING.md).

**Client**: how our client authenticates. **Expiry**: how long an access token lives, and what happens if a refresh token is
sent twice: \`none\` nothing, \`grace\` it works for a while, \`strict\` the grant may end. **Revocation**: which token is sent, and
what ends with it. **Sites**: the places that one grant reaches, if there may be several; all are kept with the connection, and
a connect chooses the one to use (\`parameters\`), unless there is only one. Values in braces are given per connection
(\`parameters\`) or in the configuration. Facts that no source confirms are marked, also by \`valetkey doctor\`.
`;

type Placeholder = NonNullable<ProviderTemplate['placeholders']>[string];
type Catalogue = ReadonlyMap<string, ProviderTemplate>;

/** The index and a page for each provider, by their paths below `docs/`; each ends with a line break. */
export function formatProviders(catalogue: Catalogue): ReadonlyMap<string, string> {
  const inOrder = [...catalogue].sort(([one], [other]) => (one < other ? -1 : 1));
  const index = inOrder.map(([id, { displayName }]) => `| \`${id}\` | [${displayName}](providers/${id}.md) |`);
  const table = ['| Id | Provider |', '|---|---|', ...index, ''].join('\n');
  const pages = inOrder.map(([id, template]) => [`providers/${id}.md`, formatProvider(id, template)] as const);
  return new Map([['providers.md', `${opening}\n${table}`], ...pages]);
}

function formatProvider(id: string, template: ProviderTemplate): string {
  return `# ${template.displayName}

From the catalogue; [the index](../providers.md) explains the words.

## Set up

${describeSetUp(id, template).join('\n')}

## Facts

| | |
|---|---|
${describeFacts(id, template).join('\n')}
${describeUnverified(template)}`;
}

/** Numbered steps, from the provider's console to a first connect. */
function describeSetUp(id: string, template: ProviderTemplate): string[] {
  const { displayName, documentation, placeholders = {}, defaultScope, signals } = template;
  const name = environmentPrefix(id);
  const open = Object.keys(placeholders).filter((value) => placeholders[value]?.default === undefined);
  const others = defaultScope.length > 0 ? 'Other scopes than those below' : 'Scopes, where your app needs any';
  const link = `\`valetkey link connect me ${id}\``;
  const steps = [
    `Register an app at ${displayName}: [its documentation](${documentation}).`,
    `Give it the redirect URI \`BASE_URL/oauth/${id}/callback\`, with your \`BASE_URL\`, letter for letter; \`valetkey doctor\` prints it.`,
    describeClient(id, { name, template }),
    `${others}: \`${name}_SCOPES\`, or \`scopes\` of a single connect.`,
    ...open.map((value) => `Give ${code(value)} in \`parameters\` of each connect, or once in \`PROVIDERS_FILE\`.`),
    ...(placeholders.tenant ? [`People of one directory only: \`${name}_TENANT\`.`] : []),
    ...(signals ? ['It can tell of revocations by itself: [signals](../signals.md).'] : []),
    `Try it: \`valetkey doctor\`, then ${open.length > 0 ? `ask for a [connect link](../http-api.md) with these parameters` : link}.`,
  ];
  return steps.map((step, index) => `${index + 1}. ${step}`);
}

/** The client's credentials, and where to get and set them. */
function describeClient(id: string, { name, template }: { name: string; template: ProviderTemplate }): string {
  const entry = `an entry \`${id}\` in [\`PROVIDERS_FILE\`](../configuration.md)`;
  return template.clientAuthentication === 'client_secret_signed'
    ? `Make ${entry} with \`client_id\`, \`client_private_key\`, \`client_key_id\` and \`client_key_issuer\`: the client secret is signed with your key each time.`
    : `Set \`${name}_CLIENT_ID\` and \`${name}_CLIENT_SECRET\`, or make ${entry}.`;
}

function describeFacts(id: string, template: ProviderTemplate): string[] {
  const { authorizationEndpoint, tokenEndpoint, deviceAuthorizationEndpoint, revocation, placeholders } = template;
  const { defaultScope, keepFromCallback, keepFromResponse, sites } = template;
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
  ];
  return rows.flatMap(([name, value]) =>
    value === undefined ? [] : [`| ${name} | ${value.replaceAll('|', '\\|')} |`],
  );
}

function describeUnverified({ unverified = [] }: ProviderTemplate): string {
  if (unverified.length === 0) return '';
  return `\n## Not confirmed by a source\n\n${unverified.map((fact) => `- ${fact}`).join('\n')}\n`;
}

function describePlaceholder([name, { default: usual, chosen }]: [string, Placeholder]): string {
  if (usual === undefined) return code(name);
  return `${code(name)} (default ${code(usual)}${chosen === undefined ? ', set in the configuration' : ''})`;
}

function expiryOf(template: ProviderTemplate): string {
  const { tokensExpire, defaultLifetimeSeconds, refreshReuse, reuseGraceSeconds, refreshLifetime } = template;
  const access = tokensExpire
    ? `expires${defaultLifetimeSeconds ? `, ${spanOf(defaultLifetimeSeconds)} if the answer does not say` : ''}`
    : 'only if the answer says so';
  const grace = refreshReuse === 'grace' && reuseGraceSeconds ? ` of ${spanOf(reuseGraceSeconds)}` : '';
  const renewed = refreshLifetime?.renewedByUse ? ' from its last use' : '';
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

/** In the largest unit without a remainder. */
function spanOf(seconds: number): string {
  const [size, unit] = units.find(([length]) => seconds % length === 0) ?? [1, 's'];
  return `${seconds / size} ${unit}`;
}

function code(text: string): string {
  return `\`${text}\``;
}
