/** The texts of the pages by language, and the choice by `Accept-Language` (RFC 9110 section 12.5.4). */

import { german } from './texts-de.js';
import { english, type Texts } from './texts-en.js';

/** The languages of the texts. */
export type Language = 'en' | 'de';

export type { Texts };

/** A page that only says something: a title, what happened, and what to do now. */
export type MessageName = keyof Texts['messages'];

const byLanguage: Readonly<Record<Language, Texts>> = { en: english, de: german };

/** The texts of a language. */
export function textsOf(language: Language): Texts {
  return byLanguage[language];
}

/** Chooses the language that the browser prefers among ours; English if it names none of them. */
export function chooseLanguage(acceptLanguage: string | undefined): Language {
  let best: { language: Language; quality: number } = { language: 'en', quality: 0 };
  for (const range of (acceptLanguage ?? '').slice(0, 512).split(',')) {
    const [tag = '', ...parameters] = range.trim().toLowerCase().split(';');
    const language = /^(?<primary>en|de)(?:-|$)/.exec(tag.trim())?.groups?.primary;
    const weight = parameters.map((parameter) => /^\s*q=(?<q>[\d.]+)\s*$/.exec(parameter)?.groups?.q).find(Boolean);
    const quality = weight === undefined ? 1 : Number(weight);
    if ((language === 'en' || language === 'de') && quality > best.quality) best = { language, quality };
  }
  return best.language;
}

/** The time left, in minutes rounded up or in hours, so that the reader's time zone does not matter. */
export function formatSpan(ms: number, language: Language): string {
  const minutes = Math.max(1, Math.ceil(ms / 60_000));
  const [count, unit] = minutes < 120 ? [minutes, 'minute'] : [Math.floor(minutes / 60), 'hour'];
  return new Intl.NumberFormat(language, { style: 'unit', unit, unitDisplay: 'long' }).format(count);
}

/** A time as people of that language write it. In UTC and marked so, since a page does not know the reader's time zone. */
export function formatTime(epochMs: number, language: Language): string {
  const options = { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' } as const;
  return `${new Intl.DateTimeFormat(language === 'en' ? 'en-GB' : 'de-DE', options).format(epochMs)} UTC`;
}
