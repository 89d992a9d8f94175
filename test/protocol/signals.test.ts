/** What providers send by themselves: taken when it is signed as their documents say, and never otherwise. */

import { generateKeyPairSync } from 'node:crypto';
import { exportJWK, type JWTPayload, SignJWT } from 'jose';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createHttp } from '../../src/protocol/http.js';
import { readDiscordSignal } from '../../src/protocol/signals/discord.js';
import { readGithubSignal } from '../../src/protocol/signals/github.js';
import { createEventReader } from '../../src/protocol/signals/security-event.js';
import { readSlackSignal } from '../../src/protocol/signals/slack.js';
import { startScriptedServer } from '../support/scripted-server.js';
import {
  discordPublicKey,
  ending,
  fromDiscord,
  fromGithub,
  fromSlack,
  githubSecret,
  type SignedRequest,
  slackSecret,
} from '../support/signing-provider.js';

const now = 1_795_233_984_000;
const refused = { kind: 'refused' };
const nothing = { kind: 'ended', accountIds: [] };
const ended = (...accountIds: string[]) => ({ kind: 'ended', accountIds });

const forms = [
  {
    name: 'github',
    read: (signal: SignedRequest) => readGithubSignal(signal, githubSecret),
    good: () => fromGithub(ending.github(42)),
    means: ended('42'),
    signature: 'x-hub-signature-256',
  },
  {
    name: 'slack',
    read: (signal: SignedRequest) => readSlackSignal(signal, slackSecret, now),
    good: () => fromSlack(ending.slack('T1', ['U2', 'U3']), now),
    means: ended('T1:U2', 'T1:U3'),
    signature: 'x-slack-signature',
  },
  {
    name: 'discord',
    read: (signal: SignedRequest) => readDiscordSignal(signal, discordPublicKey, now),
    good: () => fromDiscord(ending.discord('80351110224678912'), now),
    means: ended('80351110224678912'),
    signature: 'x-signature-ed25519',
  },
];

describe.each(forms)('a signal of $name', ({ read, good, means, signature }) => {
  const withHeader = (name: string, value: string | undefined) => {
    const signal = good();
    return { ...signal, headers: { ...signal.headers, [name]: value } } as SignedRequest;
  };

  it('names the accounts whose authorization ended', () => {
    expect(read(good())).toEqual(means);
  });

  it.each([
    ['no signature', (name: string) => withHeader(name, undefined)],
    ['an empty signature', (name: string) => withHeader(name, '')],
    ['a signature that is cut short', (name: string) => withHeader(name, good().headers[name]?.slice(0, -2))],
    ['a signature that is longer', (name: string) => withHeader(name, `${good().headers[name]}00`)],
    [
      'a signature of letters that are no hex',
      (name: string) => withHeader(name, good().headers[name]?.replace(/.{4}$/, 'zzzz')),
    ],
    ['two signatures', (name: string) => withHeader(name, `${good().headers[name]}, ${good().headers[name]}`)],
  ])('with %s is refused', (_what, arrange) => {
    expect(read(arrange(signature))).toEqual(refused);
  });

  it('is refused with any one byte of its body changed', () => {
    const signal = good();
    for (let place = 0; place < signal.body.length; place += 7) {
      const body = Buffer.from(signal.body);
      body[place] = (body[place] ?? 0) ^ 1;
      expect(read({ ...signal, body })).toEqual(refused);
    }
  });
});

describe('signals that are signed', () => {
  it.each([
    ['github of another event', () => readGithubSignal(fromGithub(ending.github(42), 'push'), githubSecret)],
    [
      'github of another action',
      () => readGithubSignal(fromGithub({ action: 'created', sender: { id: 42 } }), githubSecret),
    ],
    [
      'github with a name in place of an id',
      () => readGithubSignal(fromGithub({ action: 'revoked', sender: { id: '42' } }), githubSecret),
    ],
    ['github that is no JSON', () => readGithubSignal(fromGithub('action=revoked'), githubSecret)],
    ['slack about bots only', () => readSlackSignal(fromSlack(ending.slack('T1', []), now), slackSecret, now)],
    [
      'slack with an id of another alphabet',
      () => readSlackSignal(fromSlack(ending.slack('T1', ['U:2']), now), slackSecret, now),
    ],
    ['slack that is a list', () => readSlackSignal(fromSlack('[]', now), slackSecret, now)],
    [
      'discord that is a ping',
      () => readDiscordSignal(fromDiscord({ version: 1, type: 0 }, now), discordPublicKey, now),
    ],
    [
      'discord about an authorization',
      () =>
        readDiscordSignal(
          fromDiscord({ type: 1, event: { type: 'APPLICATION_AUTHORIZED', data: { user: { id: '1' } } } }, now),
          discordPublicKey,
          now,
        ),
    ],
  ])('end nothing: %s', (_what, read) => {
    expect(read()).toEqual(nothing);
  });

  it.each([-301_000, 301_000])('are refused %s ms away from now, where they name their time', (offset) => {
    expect(readSlackSignal(fromSlack(ending.slack('T1', ['U2']), now + offset), slackSecret, now)).toEqual(refused);
    expect(readDiscordSignal(fromDiscord(ending.discord('1'), now + offset), discordPublicKey, now)).toEqual(refused);
  });

  it("answer Slack's challenge with its own words", () => {
    const asked = fromSlack({ type: 'url_verification', challenge: '3eZbrw1aB', token: 'x' }, now);
    expect(readSlackSignal(asked, slackSecret, now)).toEqual({ kind: 'answer', body: { challenge: '3eZbrw1aB' } });
  });

  it('name the account under the organization too, where Slack tells one', () => {
    const body = { ...ending.slack('T1', ['U2']), enterprise_id: 'E9' };
    expect(readSlackSignal(fromSlack(body, now), slackSecret, now)).toEqual(ended('T1:U2', 'E9:U2'));
  });

  it('are refused with a public key that is none', () => {
    expect(readDiscordSignal(fromDiscord(ending.discord('1'), now), 'not-a-key', now)).toEqual(refused);
  });
});

describe('a security event token', () => {
  const issuer = 'https://accounts.google.com/';
  const revoked = 'https://schemas.openid.net/secevent/oauth/event-type/tokens-revoked';
  const subject = { subject_type: 'iss-sub', iss: issuer, sub: '7375626A656374' };
  const keys = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const others = generateKeyPairSync('rsa', { modulusLength: 2048 });

  async function open() {
    const server = await startScriptedServer();
    const http = createHttp({ allowInsecureLoopback: true, now: () => now });
    onTestFinished(async () => {
      await http.close();
      await server.close();
    });
    const jwk = { ...(await exportJWK(keys.publicKey)), kid: 'k1', alg: 'RS256', use: 'sig' };
    server.answer('/certs', { json: { keys: [jwk] } });
    const read = createEventReader({ issuer, jwksUri: `${server.url}/certs` }, http);
    return { server, take: (text: string) => read({ headers: {}, body: Buffer.from(text) }, 'client-of-ours') };
  }

  const claimsOf = (events: object): JWTPayload => ({
    iss: issuer,
    aud: 'client-of-ours',
    iat: now / 1000,
    jti: 'j1',
    events: { ...events },
  });
  const token = (claims: JWTPayload, key = keys.privateKey) =>
    new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: 'k1', typ: 'secevent+jwt' }).sign(key);

  it.each([
    revoked,
    'https://schemas.openid.net/secevent/risc/event-type/account-disabled',
    'https://schemas.openid.net/secevent/risc/event-type/account-purged',
  ])('names the person of %s; the keys are fetched once', async (type) => {
    const { server, take } = await open();
    expect(await take(await token(claimsOf({ [type]: { subject } })))).toEqual(ended(subject.sub));
    expect(await take(await token(claimsOf({ [type]: { subject } })))).toEqual(ended(subject.sub));
    expect(server.requestsTo('/certs')).toHaveLength(1);
  });

  it.each([
    ['verification', { 'https://schemas.openid.net/secevent/risc/event-type/verification': { state: 'x' } }],
    ['a subject of another issuer', { [revoked]: { subject: { ...subject, iss: 'https://evil.example' } } }],
    ['a subject without sub', { [revoked]: { subject: { subject_type: 'iss-sub', iss: issuer } } }],
    ['names of prototypes', { constructor: { subject } }],
  ])('of %s ends nothing', async (_what, events) => {
    const { take } = await open();
    expect(await take(await token(claimsOf(events)))).toEqual(nothing);
  });

  it.each([
    ['another audience', async () => token({ ...claimsOf({ [revoked]: { subject } }), aud: 'client-of-others' })],
    ['another issuer', async () => token({ ...claimsOf({ [revoked]: { subject } }), iss: 'https://evil.example' })],
    ['no id', async () => token({ ...claimsOf({ [revoked]: { subject } }), jti: undefined })],
    ['a key that is not the issuer’s', async () => token(claimsOf({ [revoked]: { subject } }), others.privateKey)],
    [
      'no signature',
      async () =>
        `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from(JSON.stringify(claimsOf({ [revoked]: { subject } }))).toString('base64url')}.`,
    ],
    [
      'HS256 under the public key',
      async () =>
        new SignJWT(claimsOf({ [revoked]: { subject } }))
          .setProtectedHeader({ alg: 'HS256', kid: 'k1' })
          .sign(Buffer.from(keys.publicKey.export({ format: 'pem', type: 'spki' }))),
    ],
    ['no token at all', async () => '{"events":{}}'],
  ])('with %s is refused', async (_what, make) => {
    const { take } = await open();
    expect(await take(await make())).toEqual(refused);
  });

  it('is taken by RS256 alone, also where the keys of the issuer say no algorithm', async () => {
    const { server, take } = await open();
    server.answer('/certs', { json: { keys: [{ ...(await exportJWK(keys.publicKey)), kid: 'k1' }] } });
    const signedBy = (alg: string) =>
      new SignJWT(claimsOf({ [revoked]: { subject } })).setProtectedHeader({ alg, kid: 'k1' }).sign(keys.privateKey);
    expect(await take(await signedBy('RS256'))).toEqual(ended(subject.sub));
    for (const alg of ['RS512', 'PS256']) expect(await take(await signedBy(alg))).toEqual(refused);
  });

  it.each([
    ['cannot be had', { status: 503 }],
    ['are none, but the page of somebody in between', { json: { message: 'We are back soon.' } }],
  ])('waits for another time when the keys %s', async (_what, answer) => {
    const { server, take } = await open();
    server.answer('/certs', answer);
    await expect(take(await token(claimsOf({ [revoked]: { subject } })))).rejects.toMatchObject({
      code: 'provider_unavailable',
    });
  });
});
