/** Renders the pages with eta, escaped, in one common layout. */

import { fileURLToPath } from 'node:url';
import { Eta } from 'eta';
import type { Brand } from '../../src/core/brand.js';
import type { Site } from '../site.js';
import type { AssetName, Assets } from './assets.js';
import { type Language, textsOf } from './texts.js';

/** The templates, by the names of their `.eta` files. */
export type Template = 'landing' | 'done' | 'enter' | 'connections' | 'message' | 'repost';

/** One page before it is HTML. Texts in `view` are plain; the templates escape them. */
export interface Page {
  readonly template: Template;
  readonly title: string;
  readonly view: object;
  /** The page's script, if it has one. Every page works without its script. */
  readonly script?: `${string}.js` & AssetName;
}

/** Turns a page into HTML in one language. */
export type Render = (page: Page, language: Language) => string;

/** Prepares rendering for one site. Templates are read at their first use and kept. */
export function createRender(site: Site, assets: Assets, brand: Brand = {}): Render {
  const eta = new Eta({ views: fileURLToPath(new URL('.', import.meta.url)), autoEscape: true, cache: true });
  const pathOf = (servedName: string | undefined) => servedName && `${site.basePath}/assets/${servedName}`;
  const assetPath = (name: Parameters<Assets['servedName']>[0]) => pathOf(assets.servedName(name));
  const surroundings = {
    basePath: site.basePath,
    stylesheet: assetPath('valetkey.css'),
    icon: assetPath('key.svg'),
    /** Where the icon of a brand is served, if there is one. */
    brandPath: (icon: string | undefined) => pathOf(assets.brandName(icon)),
    brand: brand.name,
    logo: brand.logo && { path: assetPath('logo'), mediaType: brand.logo.mediaType },
  };
  return (page, language) =>
    eta.render(`./${page.template}`, {
      ...surroundings,
      ...page.view,
      title: page.title,
      script: page.script && assetPath(page.script),
      language,
      texts: textsOf(language),
    });
}

/**
 * A web page to which a page may lead, or `undefined`. Escaping does not stop `javascript:`, and a target comes from
 * configuration or from the caller that made the link.
 */
export function safeLink(target: string | undefined): string | undefined {
  if (target === undefined) return undefined;
  if (/^\/(?![/\\])/.test(target)) return target;
  return /^https?:/i.test(target) ? target : undefined;
}
