/** Tiles for providers and chat platforms: the icon of the brand, or a letter if there is none. */

/** A letter on a colour, and the icon that may replace it. */
export interface Tile {
  readonly letter: string;
  /** Suffix of the stylesheet's `tile-…` class. */
  readonly tone: number;
  /** Name of a brand icon; a page shows it instead of the letter if it has such an icon. */
  readonly icon?: string | undefined;
}

const tones = 8;

/** The tile of a name; the same name always gets the same colour. */
export function tileOf(name: string, icon?: string): Tile {
  const [letter = '?'] = name.trim().toUpperCase();
  let sum = 0;
  for (const character of name.toLowerCase()) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) % 65_521;
  return { letter, tone: sum % tones, icon };
}

const platformNames = new Map([
  ['slack', 'Slack'],
  ['discord', 'Discord'],
  ['telegram', 'Telegram'],
  ['teams', 'Microsoft Teams'],
  ['msteams', 'Microsoft Teams'],
  ['whatsapp', 'WhatsApp'],
  ['matrix', 'Matrix'],
  ['mattermost', 'Mattermost'],
  ['googlechat', 'Google Chat'],
]);

/** Icons of the platforms that have one, by the platform's name in the API. */
export const platformIcons: ReadonlyMap<string, string> = new Map([
  ['discord', 'discord'],
  ['telegram', 'telegram'],
  ['whatsapp', 'whatsapp'],
  ['matrix', 'matrix'],
  ['mattermost', 'mattermost'],
  ['googlechat', 'googlechat'],
]);

/** The tile of a chat platform. */
export function platformTile(platform: string): Tile {
  return tileOf(platformName(platform), platformIcons.get(platform.toLowerCase()));
}

/** A chat platform as people write it; an unknown one is shown as the bot wrote it. */
export function platformName(platform: string): string {
  return platformNames.get(platform.toLowerCase()) ?? showable(platform);
}

/**
 * A name that somebody else chose, made fit to be shown: without characters that change the reading direction of the text
 * around it, and not longer than a line or two; empty if nothing of it could be seen. Templates do the escaping.
 */
export function showable(name: string, longest = 80): string {
  const straight = name.replace(/[\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g, '').trim();
  if (!drawn.test(straight.replace(undrawn, ''))) return '';
  return straight.length > longest ? `${straight.slice(0, longest - 1).trimEnd()}…` : straight;
}

const drawn = /[\p{L}\p{N}\p{P}\p{S}]/u;
/** Fillers, some of which are letters (U+3164), and the Braille cell without dots; used for blank names in chats. */
const undrawn = /[\p{Default_Ignorable_Code_Point}\u2800]/gu;

/** The first name that is visible, made fit to be shown. */
export function firstShowable(...names: readonly (string | undefined)[]): string | undefined {
  return names.map((name) => showable(name ?? '')).find((name) => name !== '');
}
