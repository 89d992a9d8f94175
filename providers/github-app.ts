/** GitHub App, user access tokens: permissions are set on the app, so no scope is asked for. */

import { githubServer } from './github.js';
import type { ProviderTemplate } from './template.js';

export const githubApp: ProviderTemplate = {
  ...githubServer,
  displayName: 'GitHub App',
  documentation:
    'https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-user-access-token-for-a-github-app',
  defaultScope: [],
  refreshLifetime: { seconds: 15_811_200, renewedByUse: true },
  signals: { form: 'github' },
};
