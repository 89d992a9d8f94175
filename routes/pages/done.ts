/** What the browser that finished gets: a page, a message, or a redirect to the host's own check. */

import { isChatLink } from '../../src/core/public-address.js';
import type { FinishedView } from '../../src/core/views.js';
import { firstShowable, showable, tileOf } from './icons.js';
import { askerOf } from './landing.js';
import { type Page, safeLink } from './render.js';
import { formatSpan, type Language, type MessageName, type Texts } from './texts.js';

/** A page, one of the messages, or a redirect to an absolute URL of the host. */
export type FinishedPage =
  | { readonly kind: 'page'; readonly page: Page }
  | { readonly kind: 'message'; readonly status: number; readonly message: MessageName }
  | { readonly kind: 'redirect'; readonly location: string };

/** Messages for failures that the person can do something about. */
const failures: ReadonlyMap<string, MessageName> = new Map([
  ['access_denied', 'denied'],
  ['account_mismatch', 'otherAccount'],
  ['account_shared', 'accountTaken'],
  ['person_mismatch', 'otherPerson'],
  ['attempts_used_up', 'codesUsedUp'],
]);

/** How the page is read; `isAgain`: the person came back by the link on this page. */
interface Reading {
  readonly basePath: string;
  readonly language: Language;
  readonly texts: Texts;
  /** Epoch ms. */
  readonly now: number;
  readonly isAgain: boolean;
}

/** Chooses by status and proof. A failure is a 4xx, so that it differs from success in logs, too. */
export function donePage(view: FinishedView, reading: Reading): FinishedPage {
  switch (view.status) {
    case 'failed':
      return { kind: 'message', status: 400, message: failures.get(view.error ?? '') ?? 'failed' };
    case 'expired':
      return { kind: 'message', status: 410, message: 'tooLate' };
    case 'pending':
      return { kind: 'message', status: 410, message: 'nothingHere' };
    case 'awaiting_proof': {
      const verifier = view.proof === 'app_verifier' ? safeLink(view.verifierUrl) : undefined;
      if (verifier !== undefined) return { kind: 'redirect', location: verifier };
      return { kind: 'page', page: awaitingPage(view, reading) };
    }
    case 'connected':
      return { kind: 'page', page: connectedPage(view, reading.texts) };
  }
}

function awaitingPage(view: FinishedView, { basePath, language, texts, now, isAgain }: Reading): Page {
  if (view.chatLogin) return loginPage(view, view.chatLogin.providerName, { basePath, texts });
  const code = view.returnCode?.reveal();
  const title = code === undefined ? texts.done.waitTitle : texts.done.codeTitle;
  const lead = code === undefined ? texts.done.waitLead(view.providerName) : texts.done.codeLead(view.providerName);
  const again = `${basePath}/oauth/${view.provider}/done?again`;
  const notYet = isAgain ? texts.done.notYet : undefined;
  const lasts = view.proofUntil && texts.done.codeLasts(formatSpan(view.proofUntil - now, language));
  const deepLink = view.deepLink !== undefined && isChatLink(view.deepLink) ? view.deepLink : undefined;
  return {
    template: 'done',
    title,
    script: code === undefined ? undefined : 'copy-code.js',
    view: { ...accountOf(view, texts), connected: false, lead, notYet, code, lasts, deepLink, again },
  };
}

function loginPage(view: FinishedView, chat: string, { basePath, texts }: { basePath: string; texts: Texts }): Page {
  const login = { action: `${basePath}/oauth/${view.provider}/login`, words: texts.done.login(chat) };
  return {
    template: 'done',
    title: texts.done.codeTitle,
    script: 'send-once.js',
    view: { ...accountOf(view, texts), connected: false, lead: texts.done.loginLead(view.providerName, chat), login },
  };
}

function connectedPage(view: FinishedView, texts: Texts): Page {
  return {
    template: 'done',
    title: texts.done.connectedTitle(view.providerName),
    view: {
      ...accountOf(view, texts),
      connected: true,
      lead: texts.done.connectedLead,
      returnTo: safeLink(view.returnTo),
    },
  };
}

function accountOf(view: FinishedView, texts: Texts): object {
  const { identity } = view;
  const account = firstShowable(identity?.name, identity?.email, identity?.id) ?? texts.unnamedAccount;
  const email = identity?.email === undefined ? undefined : showable(identity.email);
  return {
    provider: view.providerName,
    providerTile: tileOf(view.providerName, view.providerIcon),
    account,
    email: email === account ? undefined : email,
    asker: askerOf(view.chatIdentity, texts),
  };
}
