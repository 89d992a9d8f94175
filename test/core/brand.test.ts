import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  brandColorSchema,
  brandNameSchema,
  contrastOf,
  grounds,
  largestLogo,
  logoSchema,
} from '../../src/core/brand.js';

const svg = (inside: string, attributes = '') =>
  Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"${attributes}>${inside}</svg>`);
const png = (width: number, height: number) => {
  const file = Buffer.alloc(24);
  file.set([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  file.writeUInt32BE(width, 16);
  file.writeUInt32BE(height, 20);
  return file;
};
const problemOf = (content: Uint8Array) => logoSchema.safeParse(content).error?.issues[0]?.message;

describe('a colour', () => {
  it('has the contrast that WCAG 2.2 says', () => {
    expect(contrastOf('#000000', '#ffffff')).toBeCloseTo(21, 5);
    expect(contrastOf('#777777', '#ffffff')).toBeCloseTo(4.478, 3);
    expect(contrastOf('#ffffff', '#777777')).toBeCloseTo(4.478, 3);
  });

  it.each(['#1f5f4f', '#00c', '#8a1c4c', '#000000', '#767000', '#6A00FF'])(
    '%s is read on both grounds, and so is what stands on it',
    (text) => {
      const { onLight, onLightHover, onDark, onDarkHover } = brandColorSchema.parse(text);
      for (const color of [onLight, onLightHover]) {
        expect(contrastOf(color, grounds.light)).toBeGreaterThanOrEqual(4.5);
        expect(contrastOf(color, '#ffffff')).toBeGreaterThanOrEqual(4.5);
      }
      for (const color of [onDark, onDarkHover]) {
        expect(contrastOf(color, grounds.dark)).toBeGreaterThanOrEqual(4.5);
        expect(contrastOf(color, grounds.darkInk)).toBeGreaterThanOrEqual(4.5);
      }
    },
  );

  it.each(['#ffee00', '#777777', '#fffdf8', '#0bc'])('%s is refused: nobody could read it', (text) => {
    expect(brandColorSchema.safeParse(text).error?.message).toContain('WCAG AA');
  });

  it.each(['red', '1f5f4f', '#1f5f4', '#1f5f4f ', '#1f5f4f;}', 'rgb(0,0,0)', '#1f5f4fff', '#１ｆ５ｆ４ｆ', ''])(
    '"%s" is none',
    (text) => {
      expect(brandColorSchema.safeParse(text).success).toBe(false);
    },
  );

  it('is judged on the grounds that the stylesheet has', () => {
    const css = readFileSync(new URL('../../routes/pages/valetkey.css', import.meta.url), 'utf8');
    const [light = '', dark = ''] = css.split('@media (prefers-color-scheme: dark)');
    expect(light).toContain(`--card: ${grounds.light};`);
    expect(light).toContain('--accent-ink: #ffffff;');
    expect(dark).toContain(`--card: ${grounds.dark};`);
    expect(dark).toContain(`--accent-ink: ${grounds.darkInk};`);
  });
});

it.each([
  ['Acme', true],
  ['Ünïcode & Söhne <b>', true],
  ['', false],
  ['two\nlines', false],
  ['a\u202eb', false],
  ['a\u200bb', false],
  ['\ud800', false],
  ['x'.repeat(61), false],
])('the name %j is taken: %s', (name, taken) => {
  expect(brandNameSchema.safeParse(name).success).toBe(taken);
});

describe('a logo', () => {
  it.each([
    ['a drawn SVG', svg('<defs><linearGradient id="a"/></defs><path fill="url(#a)" d="M0 0h9"/><use href="#a"/>')],
    ['an SVG with its prologue', Buffer.from(`\ufeff<?xml version="1.0"?>\n<!-- made by hand -->\n${svg('<g/>')}`)],
    ['an SVG with styles', svg('<style>.a { fill: #00c }</style><path class="a" d="M0 0h9"/>')],
    ['a PNG', png(1024, 32)],
  ])('may be %s', (_name, content) => {
    expect(problemOf(content)).toBeUndefined();
  });

  it.each([
    ['a script', svg('<script>alert(1)</script>')],
    ['a script of another spelling', svg('<svg:script>alert(1)</svg:script>')],
    ['a link', svg('<a href="#x"><path/></a>')],
    ['an event handler', svg('<path/>', ' onload="alert(1)"')],
    ['an event handler behind a slash', svg('<path/ONclick="alert(1)"/>')],
    ['HTML', svg('<foreignObject><body xmlns="http://www.w3.org/1999/xhtml"/></foreignObject>')],
    ['a picture', svg('<image href="https://evil.example/x.png"/>')],
    ['an animation', svg('<set attributeName="href" to="javascript:alert(1)"/>')],
    ['a reference elsewhere', svg('<use xlink:href="https://evil.example/x.svg#a"/>')],
    ['a fill from elsewhere', svg('<path fill="url(https://evil.example/x)"/>')],
    ['a style from elsewhere', svg('<style>@import "https://evil.example/x.css"</style>')],
    ['a DOCTYPE', Buffer.concat([Buffer.from('<!DOCTYPE svg [<!ENTITY a "b">]>'), svg('<g/>')])],
    ['an entity', svg('<![CDATA[<script>]]>')],
    [
      'a stylesheet instruction',
      Buffer.concat([Buffer.from('<?xml-stylesheet href="https://evil.example"?>'), svg('')]),
    ],
    ['HTML by itself', Buffer.from('<html><script>alert(1)</script></html>')],
    ['GIF', Buffer.from('GIF89a')],
    ['nothing', Buffer.alloc(0)],
    ['a PNG cut short', png(9, 9).subarray(0, 20)],
    ['a PNG of many pixels', png(9, 100_000)],
    ['too many bytes', svg(`<path d="${'M0 0'.repeat(largestLogo)}"/>`)],
  ])('may not be or hold %s', (_name, content) => {
    expect(problemOf(content)).toBeDefined();
  });
});
