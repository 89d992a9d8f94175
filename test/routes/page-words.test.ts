/** Every sentence that a page owes the person, by page: who asks, what for, what will happen, and what to do next. */

import fastify, { type FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { browserRoutes } from '../../routes/browser.js';
import { type MessageName, textsOf } from '../../routes/pages/texts.js';
import type { ProofMode } from '../../src/core/connection.js';
import { fixedManager, links } from '../support/fixed-manager.js';

let app: FastifyInstance;
let proof: ProofMode = 'chat_code';
beforeAll(async () => {
  const describeLink = async (_provider: string, code: string) => {
    const view = links[code];
    return view && { ...view, proof };
  };
  const manager = { ...fixedManager, describeLink };
  app = fastify();
  await app.register(browserRoutes, {
    manager,
    baseUrl: 'http://localhost:3000',
    now: () => Date.UTC(2026, 10, 21, 14),
  });
});
afterAll(() => app.close());

/** What a person reads, without the marks. */
async function read(url: string, { language = 'en', cookie = '' } = {}): Promise<string> {
  const headers = { accept: 'text/html', 'accept-language': language, cookie };
  const { body } = await app.inject({ url, headers });
  const text = body.replace(/<head>[\s\S]*<\/head>|<[^>]*>/g, ' ').replace(/\s+/g, ' ');
  return text.replaceAll('&#39;', "'").replaceAll('&quot;', '"').replaceAll('&amp;', '&');
}

describe('the landing page says', () => {
  it.each([
    [
      'en',
      [
        'A chat bot would like to use your GitHub account.',
        'Who gets access Alice Example on Slack',
        'Read your profile read:user',
      ],
    ],
    [
      'de',
      [
        'Ein Chat-Bot möchte dein Konto bei GitHub nutzen.',
        'Wer Zugriff bekommt Alice Example auf Slack',
        'Dein Profil lesen read:user',
      ],
    ],
  ])('who asks, for what provider, for whom, and what it may do (%s)', async (language, sentences) => {
    const text = await read('/oauth/github?link=named', { language });
    for (const sentence of sentences) expect(text).toContain(sentence);
  });

  it.each([
    ['chat_code', 'Then you get a code to type in the chat.'],
    ['app_verifier', 'Then we check that it is you.'],
    ['chat_login', 'Then you sign in at the chat.'],
    ['none', 'You sign in there, and it is done.'],
  ] as const)('what will happen with proof %s, and that the link works once', async (mode, sentence) => {
    proof = mode;
    const text = await read('/oauth/github?link=named');
    expect(text).toContain(sentence);
    expect(text).toContain('This link works once, within the next 5 minutes.');
    expect(text).toContain('Go on only if this is your chat account and you asked for this link yourself.');
  });

  it('where it cannot say who asks, what to do with a link that somebody has sent', async () => {
    const text = await read('/oauth/notion?link=unnamed');
    expect(text).toContain(
      'Go on only if you asked for this link yourself. If somebody sent it to you, close this page.',
    );
  });
});

const messages: readonly [MessageName, string, string?][] = [
  ['invalid', '/oauth/github'],
  ['gone', '/oauth/github?link=used'],
  ['gone', '/connections/enter?link=used'],
  ['nothingHere', '/oauth/github/done'],
  ['denied', '/oauth/github/done', 'denied'],
  ['failed', '/oauth/github/done', 'failed'],
  ['otherAccount', '/oauth/github/done', 'changed'],
  ['accountTaken', '/oauth/github/done', 'taken'],
  ['otherPerson', '/oauth/github/done', 'stranger'],
  ['codesUsedUp', '/oauth/github/done', 'guessed'],
  ['tooLate', '/oauth/github/done', 'expired'],
  ['provider', '/oauth/github/callback?state=refusal'],
  ['unavailable', '/oauth/github/callback?state=store'],
  ['rateLimited', '/oauth/github/callback?state=limit'],
  ['forbidden', '/oauth/github/callback?state=form'],
  ['internal', '/oauth/github/callback?state=bug'],
  ['unknownProvider', '/oauth/nobody?link=named'],
  ['notFound', '/oauth/github/nowhere'],
  ['noSession', '/connections'],
];

describe('an error page says what happened and what to do next', () => {
  it.each(messages)('%s, at %s', async (name, url, flow) => {
    for (const language of ['en', 'de'] as const) {
      const { title, what, next } = textsOf(language).messages[name];
      const cookie = flow === undefined ? '' : `valetkey_flow_github=${flow}`;
      expect(await read(url, { language, cookie })).toContain(`${title} ${what} ${next}`);
    }
  });

  it('for every message there is, but the one after leaving', () => {
    const shown = new Set<string>(messages.map(([name]) => name));
    expect(Object.keys(textsOf('en').messages).filter((name) => !shown.has(name))).toEqual(['left']);
  });
});

describe('the done page says', () => {
  it.each([
    ['code', ['Type this code in the chat to finish:', 'K7M2XQ4P', 'Send the code to the chat', 'octo-alice']],
    ['typed', ['K7M2XQ4P Good for another 5 minutes', 'give this code to nobody', 'I have sent the code']],
    ['waiting', ['Go back to the chat to finish.', 'Look again']],
    ['login', ['Now sign in at Discord, to show that it is you.', 'Sign in at Discord']],
    ['connected', ['GitHub is connected', 'octo-alice', 'Alice Example on Slack', 'go on in the chat']],
  ])('which account it is and what is left to do: %s', async (flow, sentences) => {
    const text = await read('/oauth/github/done', { cookie: `valetkey_flow_github=${flow}` });
    for (const sentence of sentences) expect(text).toContain(sentence);
    if (flow === 'typed') expect(text).not.toContain('Send the code');
    expect(text).not.toContain('No confirmation has come');
  });

  it.each(['typed', 'waiting'])('to who comes back too soon that the chat has not confirmed it: %s', async (flow) => {
    const cookie = `valetkey_flow_github=${flow}`;
    expect(await read('/oauth/github/done?again', { cookie })).toContain('No confirmation has come from the chat yet.');
  });
});

describe('the account page says', () => {
  it.each([
    [
      'which account, what it may do, since when, and by which tool it was used last',
      [
        'GitHub octo-alice alice@example.com Connected',
        'Read and change all your repositories, private ones too repo',
        'Connected: 20 Nov 2026, 14:05 UTC · Last used: 21 Nov 2026, 14:05 UTC by Team calendar bot',
      ],
    ],
    [
      'who used it, when, and what for',
      [
        'Who used it (3) Team calendar bot summarise my inbox 21 Nov 2026, 14:05 UTC',
        '5f1d6a1f7f2b4c10 21 Nov 2026, 13:05 UTC',
      ],
    ],
    [
      'what needs the person, and what to do',
      [
        'Needs you Google no longer accepts this access: it was taken back there, or has ended. Connect again to go on using it.',
        'Label: work · Connected: 12 Oct 2026, 14:05 UTC · Last used: never Reconnect Google',
        'Expired The access that Google gave has run out. Connect again to go on using it.',
      ],
    ],
    [
      'what is paused, since when, and how to resume it',
      [
        'Paused You paused this on 21 Nov 2026, 12:05 UTC. Nobody can use it until you resume; nothing is lost meanwhile.',
        'Resume Notion',
      ],
    ],
    [
      'what disconnecting ends',
      [
        'The bot can no longer use this GitHub account. The access is taken back at GitHub where that is possible, and erased here for good.',
      ],
    ],
    ['what else can be connected', ['More to connect', 'Connect Slack']],
  ])('%s', async (_what, sentences) => {
    const text = await read('/connections', { cookie: 'valetkey_session=x' });
    for (const sentence of sentences) expect(text).toContain(sentence);
  });

  it('the same in German', async () => {
    const text = await read('/connections', { cookie: 'valetkey_session=x', language: 'de' });
    for (const sentence of [
      'Zuletzt genutzt: 21.11.2026, 14:05 UTC von Team calendar bot',
      'Notion fortsetzen',
      'Braucht dich',
    ]) {
      expect(text).toContain(sentence);
    }
  });
});

it('after a disconnect that the provider did not confirm, what is left to do by hand', async () => {
  const headers = { cookie: 'valetkey_session=x', 'content-type': 'application/x-www-form-urlencoded' };
  const request = { method: 'POST', url: '/connections/github/disconnect', headers } as const;
  const { body } = await app.inject({ ...request, payload: 'csrf_token=the-csrf-token' });
  expect(body).toContain('To be sure, remove the app in your settings at GitHub.');
});
