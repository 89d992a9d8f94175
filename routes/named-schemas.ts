/** Bodies with a name and an example in the OpenAPI document; generated clients make classes of them. */

import { z } from 'zod';
import * as schemas from './schemas.js';
import { tokenAnswer } from './token-answer.js';

/** Name, description and examples of a body. */
interface Naming {
  readonly id?: string;
  readonly description: string;
  readonly examples?: readonly unknown[];
  readonly [further: string]: unknown;
}

/** The text of `.describe` is kept in the registry that the whole process shares; that one is only read. */
class WithDescriptions extends WeakMap<z.core.$ZodType, Naming> {
  override get(schema: z.core.$ZodType): Naming | undefined {
    return super.get(schema) ?? described(z.globalRegistry.get(schema)?.description);
  }

  override has(schema: z.core.$ZodType): boolean {
    return super.has(schema) || z.globalRegistry.has(schema);
  }
}

const described = (description: string | undefined): Naming | undefined =>
  description === undefined ? undefined : { description };

/** A separate registry, so that our names do not collide with those of a host in the same process. */
export const namedSchemas = z.registry<Naming>();
// The converter copies this map directly, past the registry's methods.
namedSchemas._map = new WithDescriptions();

const account = { id: '583231', name: 'octo-alice', email: 'alice@example.com' };
const connectUrl = 'https://valetkey.example/oauth/github?link=kR3…';
const problem = {
  type: 'urn:valetkey:problem:store_unavailable',
  title: 'Not possible just now',
  status: 503,
  code: 'store_unavailable',
  detail: 'The store did not answer; nothing was lost.',
  request_id: '0c3ae1c2-6d0e-4f39-9d4e-1d1a2f0f8b53',
};

/** 409 of the token routes: the person has to act. */
export const notConnectedProblem = schemas.problemSchema.extend({
  provider: z.string(),
  connect_url: z.string().describe('One-time link for that person; a bearer secret.'),
  connect_id: z.string(),
  who_must_act: z.literal('user'),
  missing_scopes: z.array(z.string()).optional().describe('With `insufficient_scope`.'),
  paused: z.literal(true).optional().describe('With `not_connected`: there is a connection, and the person paused it.'),
});

const name = (schema: z.ZodType, id: string, description: string, example: unknown) =>
  namedSchemas.add(schema, { id, description, examples: [example] });

name(schemas.problemSchema, 'Problem', 'A problem (RFC 9457); branch on `code`.', problem);
name(notConnectedProblem, 'NotConnectedProblem', 'There is no token until the person has opened `connect_url`.', {
  ...problem,
  type: 'urn:valetkey:problem:not_connected',
  title: 'The user has to connect',
  status: 409,
  code: 'not_connected',
  detail: 'No usable github connection (not_connected): ask the user to open the connect link.',
  provider: 'github',
  connect_url: connectUrl,
  connect_id: 'cn_4Zk1x',
  who_must_act: 'user',
});
name(tokenAnswer, 'Token', 'A valid access token.', {
  access_token: 'gho_…',
  token_type: 'Bearer',
  expires_at: 1_795_233_984,
  scopes: ['read:user', 'repo'],
  provider: 'github',
  account,
  connection_id: 'co_9sXq2',
});
name(schemas.startedConnectAnswer, 'StartedConnect', 'A connect that was just made.', {
  connect_id: 'cn_4Zk1x',
  connect_url: connectUrl,
  expires_at: 1_795_233_984,
  proof: 'chat_code',
});
name(schemas.connectAnswer, 'Connect', 'The state of a connect.', {
  connect_id: 'cn_4Zk1x',
  provider: 'github',
  status: 'awaiting_proof',
  account,
});
name(schemas.provenAnswer, 'ProvenConnect', 'The end of a successful proof.', {
  status: 'connected',
  connect_id: 'cn_4Zk1x',
  provider: 'github',
  account,
  connection_id: 'co_9sXq2',
});
name(schemas.providersAnswer, 'ProviderList', 'All known providers.', {
  providers: [
    { id: 'github', display_name: 'GitHub', configured: true, scopes: ['read:user'], source: 'authorization_code' },
  ],
});
name(schemas.disconnectedAnswer, 'Disconnected', 'What came of revoking at the provider.', { revoked: 'yes' });
name(schemas.erasedAnswer, 'Erased', 'What erasing a user did, in numbers of connections.', {
  connections: 2,
  revoked: 1,
  not_revoked: 0,
  unsupported: 1,
});
name(schemas.accountLinkAnswer, 'AccountLink', 'A one-time link to the account page.', {
  url: 'https://valetkey.example/connections/enter?link=kR3…',
  expires_at: 1_795_233_984,
});
