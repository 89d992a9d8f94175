/** The error for an installation without the development packages; in a file of its own, so that it needs none of them. */

/** The packages with the authorization servers are missing: they are installed for development only. */
export class SandboxNotInstalled extends Error {
  constructor(cause: string) {
    super(
      `The sandbox needs the packages "emulate@0.12.2" and "oidc-provider@9" (missing: ${cause}). ` +
        'Install them, or configure a provider, for example GITHUB_CLIENT_ID and GITHUB_CLIENT_SECRET.',
    );
    this.name = 'SandboxNotInstalled';
  }
}
