/** Signs requests as providers do, from their documents: for tests of what we accept and what we refuse. */

import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import type { InboundSignal } from '../../src/core/signal.js';

/** Names of headers in lower case. */
export interface SignedRequest extends InboundSignal {
  readonly headers: Readonly<Record<string, string>>;
}

export const githubSecret = 'github-webhook-canary';
export const slackSecret = 'slack-signing-canary';

const discordKeys = generateKeyPairSync('ed25519');
/** As the developer portal shows it: 64 hex digits. */
export const discordPublicKey = discordKeys.publicKey
  .export({ format: 'der', type: 'spki' })
  .subarray(-32)
  .toString('hex');

const bytesOf = (body: object | string) => Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
const hmac = (key: string, text: Buffer) => createHmac('sha256', key).update(text).digest('hex');

/** GitHub: "Validating webhook deliveries". */
export function fromGithub(
  body: object | string,
  event = 'github_app_authorization',
  key = githubSecret,
): SignedRequest {
  const bytes = bytesOf(body);
  const headers = { 'x-github-event': event, 'x-hub-signature-256': `sha256=${hmac(key, bytes)}` };
  return { headers: { 'content-type': 'application/json', ...headers }, body: bytes };
}

/** Slack: "Verifying requests from Slack". @param at epoch ms */
export function fromSlack(body: object | string, at: number, key = slackSecret): SignedRequest {
  const bytes = bytesOf(body);
  const seconds = String(Math.floor(at / 1000));
  const signature = `v0=${hmac(key, Buffer.concat([Buffer.from(`v0:${seconds}:`), bytes]))}`;
  const headers = { 'x-slack-request-timestamp': seconds, 'x-slack-signature': signature };
  return { headers: { 'content-type': 'application/json', ...headers }, body: bytes };
}

/** Discord: "Webhook events, preparing for events". @param at epoch ms */
export function fromDiscord(body: object | string, at: number, key = discordKeys.privateKey): SignedRequest {
  const bytes = bytesOf(body);
  const seconds = String(Math.floor(at / 1000));
  const signature = sign(null, Buffer.concat([Buffer.from(seconds), bytes]), key).toString('hex');
  const headers = { 'x-signature-timestamp': seconds, 'x-signature-ed25519': signature };
  return { headers: { 'content-type': 'application/json', ...headers }, body: bytes };
}

/** What each one sends when a person has ended the authorization. */
export const ending = {
  github: (id: number) => ({ action: 'revoked', sender: { login: 'octocat', id } }),
  slack: (team: string, users: readonly string[]) => ({
    token: 'verification-token',
    team_id: team,
    api_app_id: 'A1',
    type: 'event_callback',
    event: { type: 'tokens_revoked', tokens: { oauth: users, bot: ['UBOT'] } },
  }),
  discord: (id: string) => ({
    version: 1,
    application_id: '1',
    type: 1,
    event: { type: 'APPLICATION_DEAUTHORIZED', timestamp: '2026-11-21T00:00:00', data: { user: { id } } },
  }),
} as const;
