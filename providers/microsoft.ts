/** Microsoft, work and personal accounts: errors are told apart by their AADSTS numbers. */

import type { ProviderTemplate } from './template.js';

/** Graph permissions that are requested by their short name; some answers list them with the full one. */
const graphPermissions = [
  'Calendars.Read',
  'Calendars.ReadWrite',
  'Chat.Read',
  'Contacts.Read',
  'Contacts.ReadWrite',
  'Files.Read',
  'Files.ReadWrite',
  'Mail.Read',
  'Mail.ReadWrite',
  'Mail.Send',
  'Tasks.ReadWrite',
  'User.Read',
];

/** AADSTS numbers where the person has to act: revoked, inactive, disabled, sign-in or consent required. */
const userMustAct = ['50173', '700082', '70008', '70043', '700084', '50057', '50089', '54005'].concat([
  '50076',
  '50078',
  '50079',
  '53003',
  '65001',
]);

/** AADSTS numbers of faults in our registration. */
const operatorMustAct = ['70002', '7000215', '7000222', '700016', '50194', '50011'];

/** AADSTS numbers of temporary faults; 50196 tells a client that loops to stop. */
const passes = ['50033', '50087', '70012', '50196'];

/** An administrator has disabled our app in one directory (`unauthorized_client`); other directories are not affected. */
const ofOneDirectory = ['7000112'];

export const microsoft: ProviderTemplate = {
  displayName: 'Microsoft',
  documentation: 'https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-auth-code-flow',
  authorizationEndpoint: 'https://login.microsoftonline.com/{tenant}/oauth2/v2.0/authorize',
  tokenEndpoint: 'https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token',
  deviceAuthorizationEndpoint: 'https://login.microsoftonline.com/{tenant}/oauth2/v2.0/devicecode',
  clientAuthentication: 'client_secret_post',
  pkce: 'S256',
  defaultScope: ['openid', 'profile', 'email', 'offline_access', 'User.Read'],
  scopeAliases: Object.fromEntries(graphPermissions.map((name) => [name, `https://graph.microsoft.com/${name}`])),
  unlistedScope: ['offline_access'],
  extraAuthorizationParameters: { response_mode: 'query' },
  tokensExpire: true,
  // Using a refresh token does not revoke it.
  refreshReuse: 'none',
  refreshLifetime: { seconds: 7_776_000, renewedByUse: true },
  // `sub` differs for every app, and an e-mail address proves nothing here.
  identity: {
    from: 'id_token',
    issuer: 'https://login.microsoftonline.com/{tid}/v2.0',
    id: 'tid+oid|sub',
    name: 'name',
    email: 'email|preferred_username',
  },
  refusals: [
    ...passes.map((detail) => ({ detail, means: 'unavailable' as const })),
    ...operatorMustAct.map((detail) => ({ detail, means: 'misconfigured' as const })),
    ...userMustAct.map((detail) => ({ detail, means: 'dead_grant' as const })),
    ...ofOneDirectory.map((detail) => ({ detail, means: 'unclear' as const })),
    { error: 'interaction_required', means: 'dead_grant' },
    { error: 'consent_required', means: 'dead_grant' },
    { error: 'login_required', means: 'dead_grant' },
  ],
  // There is no revocation endpoint.
  placeholders: {
    tenant: { pattern: /^[A-Za-z0-9](?:[A-Za-z0-9.-]{0,253}[A-Za-z0-9])?$/, default: 'common', chosen: 'by_connect' },
  },
  unverified: [
    'meaning of AADSTS7000215, 7000222 and 700016',
    'login_required at the token endpoint',
    'device authorization endpoint',
    'random access token lifetime of 60-90 minutes',
    'addresses of the consent pages that a person may open',
    'size of refresh tokens',
  ],
};
