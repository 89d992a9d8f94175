/** What an operator may put onto the pages: a name, a colour that stays readable, a logo that stays a picture. */

import { z } from 'zod';

/** Shown above every page; absent parts leave the pages as they are. */
export interface Brand {
  /** In place of "a chat bot" where a page says who asks. */
  readonly name?: string;
  readonly color?: BrandColor;
  readonly logo?: Logo;
}

/** `#rrggbb` each, by the background it is used on. */
export interface BrandColor {
  readonly onLight: string;
  readonly onLightHover: string;
  readonly onDark: string;
  readonly onDarkHover: string;
}

/** A picture file as it is served. */
export interface Logo {
  readonly mediaType: 'image/png' | 'image/svg+xml';
  readonly content: Uint8Array;
}

/** Background colours of the stylesheet behind text in the accent colour, and the text colour on the accent in dark mode. */
export const grounds = { light: '#fffdf8', dark: '#1c2320', darkInk: '#0d211a' } as const;

/** WCAG 2.2 success criterion 1.4.3, level AA. */
const leastContrast = 4.5;

/** A page with its files stays below 30 kB in all. */
export const largestLogo = 12 * 1024;
const mostPixels = 1024;

/** Text of one line, without characters that change the reading direction of the text around it. */
export const brandNameSchema = z
  .string()
  .min(1)
  .max(60, 'must be at most 60 characters')
  .refine((name) => name.isWellFormed() && !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(name), 'must be text of one line');

/** `#rgb` or `#rrggbb`, dark enough to be read on our light background; for the dark one it is lightened automatically. */
export const brandColorSchema = z
  .string()
  .regex(/^#(?:[0-9a-f]{3}|[0-9a-f]{6})$/i, 'must be a colour such as #1f5f4f')
  .transform((text) => (text.length === 4 ? text.replace(/[0-9a-f]/gi, '$&$&') : text).toLowerCase())
  .refine(
    (color) => contrastOf(color, grounds.light) >= leastContrast,
    `is too light to be read: its contrast on ${grounds.light} must be at least ${leastContrast} (WCAG AA)`,
  )
  .transform((color): BrandColor => {
    const onDark = lightenFor(color);
    return {
      onLight: color,
      onLightHover: mix(color, '#000000', 0.2),
      onDark,
      onDarkHover: mix(onDark, '#ffffff', 0.35),
    };
  });

/** Contrast of two colours `#rrggbb`, 1 to 21 (WCAG 2.2, "contrast ratio"). */
export function contrastOf(one: string, other: string): number {
  const [darker = 0, lighter = 0] = [luminanceOf(one), luminanceOf(other)].sort((a, b) => a - b);
  return (lighter + 0.05) / (darker + 0.05);
}

function luminanceOf(color: string): number {
  const [red = 0, green = 0, blue = 0] = channelsOf(color).map((channel) => {
    const share = channel / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function channelsOf(color: string): number[] {
  return [1, 3, 5].map((at) => Number.parseInt(color.slice(at, at + 2), 16));
}

function mix(color: string, other: string, share: number): string {
  const others = channelsOf(other);
  const mixed = channelsOf(color).map((channel, at) => Math.round(channel + ((others[at] ?? 0) - channel) * share));
  return `#${mixed.map((channel) => channel.toString(16).padStart(2, '0')).join('')}`;
}

/** The first of twenty steps towards white that can be read on the dark ground. Our ink, darker still, can be read on it. */
function lightenFor(color: string): string {
  const steps = Array.from({ length: 20 }, (_, step) => mix(color, '#ffffff', step / 20));
  return steps.find((lighter) => contrastOf(lighter, grounds.dark) >= leastContrast) ?? '#ffffff';
}

/** A PNG or SVG file. What an SVG may hold is a list: no script, no event handler, nothing from elsewhere. */
export const logoSchema = z
  .instanceof(Uint8Array)
  .refine((content) => content.length <= largestLogo, `must be at most ${largestLogo / 1024} KiB`)
  .transform((content, context): Logo => {
    const problem = isPng(content) ? faultOfPng(content) : faultOfSvg(content);
    if (problem === undefined) return { mediaType: isPng(content) ? 'image/png' : 'image/svg+xml', content };
    context.addIssue({ code: 'custom', message: problem });
    return z.NEVER;
  });

const pngSignature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

function isPng(content: Uint8Array): boolean {
  return pngSignature.every((byte, at) => content[at] === byte);
}

/** Width and height stand in the first chunk (PNG specification section 11.2.1). */
function faultOfPng(content: Uint8Array): string | undefined {
  if (content.length < 24) return 'is not a whole PNG file';
  const header = new DataView(content.buffer, content.byteOffset, content.byteLength);
  const sides = [header.getUint32(16), header.getUint32(20)];
  return sides.every((side) => side > 0 && side <= mostPixels)
    ? undefined
    : `must be at most ${mostPixels} pixels a side`;
}

const svgElements = new Set(
  (
    'svg g defs title desc path rect circle ellipse line polyline polygon text tspan use symbol style ' +
    'linearGradient radialGradient stop clipPath mask'
  ).split(' '),
);

/** Says early why a logo would not look as drawn. Safety rests elsewhere: it is served so that a browser runs nothing in it. */
function faultOfSvg(content: Uint8Array): string | undefined {
  const text = new TextDecoder().decode(content).replace(/<!--[\s\S]*?-->|^\ufeff|^\s*<\?xml\s[^>]*\?>/g, '');
  if (!/^\s*<svg[\s>]/.test(text)) return 'must be a PNG or SVG file';
  if (/<[!?]/.test(text)) return 'must be an SVG without DOCTYPE, entities or instructions';
  const foreign = [...text.matchAll(/<\/?([^\s/>]*)/g)].find(([, name = '']) => !svgElements.has(name));
  if (foreign) return 'is an SVG with elements that a logo does not need (a script, a picture, an animation)';
  if (/[\s"'/]on[a-z]+\s*=/i.test(text)) return 'is an SVG with event handlers';
  const points = [...text.matchAll(/href\s*=\s*["']?(.)|url\(\s*["']?(.)|(@)import/gi)];
  return points.every(([, href, url]) => (href ?? url) === '#') ? undefined : 'is an SVG that points to other files';
}
