/** The landing page, shown before anything happens. */

import type { ChatIdentity } from '../../src/core/connect.js';
import type { LinkView } from '../../src/core/views.js';
import { firstShowable, platformName, platformTile, tileOf } from './icons.js';
import type { Page } from './render.js';
import { describeScope } from './scope-words.js';
import { formatSpan, type Language, type Texts, textsOf } from './texts.js';

/** The chat account that a page shows. */
export interface Asker {
  readonly name: string;
  readonly place: string;
}

/** The name and platform of a chat identity; `undefined` if its name is blank. */
export function askerOf(identity: ChatIdentity | undefined, texts: Texts): Asker | undefined {
  const name = firstShowable(identity?.name);
  if (identity === undefined || name === undefined) return undefined;
  return { name, place: texts.onPlatform(platformName(identity.platform)) };
}

interface LandingSubject {
  readonly view: LinkView;
  readonly link: string;
  readonly basePath: string;
  /** Name of whoever runs the bot. */
  readonly brandName?: string | undefined;
  /** Epoch ms. */
  readonly now: number;
}

/** The landing page of a link. */
export function landingPage(subject: LandingSubject, language: Language): Page {
  const { view, link, basePath, brandName, now } = subject;
  const texts = textsOf(language);
  const asker = askerOf(view.chatIdentity, texts);
  const title = texts.landing.title(view.providerName);
  return {
    template: 'landing',
    title,
    script: 'send-once.js',
    view: {
      lead: texts.landing.lead(view.providerName, brandName ?? texts.someBot),
      asker,
      askerTile: view.chatIdentity && platformTile(view.chatIdentity.platform),
      provider: view.providerName,
      providerTile: tileOf(view.providerName, view.providerIcon),
      scopes: view.scope.map((scope) => describeScope(view.provider, scope, language)),
      warning: asker === undefined ? texts.landing.warningUnnamed : texts.landing.warning,
      action: `${basePath}/oauth/${view.provider}`,
      link,
      go: texts.landing.go(view.providerName),
      after: texts.landing.after[view.proof],
      once: texts.landing.once(formatSpan(view.expiresAt - now, language)),
    },
  };
}
