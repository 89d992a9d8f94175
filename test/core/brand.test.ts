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
    expect(contrastOf('#000000', '#0a0a0a')).toBeCloseTo(1.0607, 4);
  });

  it.each([
    ['#1F5F4F', { onLight: '#1f5f4f', onLightHover: '#194c3f', onDark: '#6d978d', onDarkHover: '#a0bbb5' }],
    ['#00c', { onLight: '#0000cc', onLightHover: '#0000a3', onDark: '#8080e6', onDarkHover: '#acacef' }],
  ])('%s becomes as much lighter in the dark as it has to, and moves a little under the pointer', (text, shades) => {
    expect(brandColorSchema.parse(text)).toEqual(shades);
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

  it.each([
    'red',
    '1f5f4f',
    'x#1f5f4f',
    '#1f5f4',
    '#1f5f4f ',
    '#1f5f4f;}',
    'rgb(0,0,0)',
    '#1f5f4fff',
    '#１ｆ５ｆ４ｆ',
    '',
  ])('"%s" is none', (text) => {
    expect(brandColorSchema.safeParse(text).error?.message).toContain('must be a colour such as');
  });

  it('is judged on the grounds that the stylesheet has', () => {
    const css = readFileSync(new URL('../../routes/pages/valetkey.css', import.meta.url), 'utf8');
    const [light = '', dark = ''] = css.split('@media (prefers-color-scheme: dark)');
    expect(light).toContain(`--card: ${grounds.light};`);
    expect(light).toContain('--accent-ink: #ffffff;');
    expect(dark).toContain(`--card: ${grounds.dark};`);
    expect(dark).toContain(`--accent-ink: ${grounds.darkInk};`);
  });
});

it('a name that is refused says why', () => {
  const problemWith = (name: string) => brandNameSchema.safeParse(name).error?.issues[0]?.message;
  expect(problemWith('x'.repeat(61))).toBe('must be at most 60 characters');
  expect(problemWith('two\nlines')).toBe('must be text of one line');
});

it.each([
  ['Acme', true],
  ['Ünïcode & Söhne <b>', true],
  ['', false],
  ['two\nlines', false],
  ['a\u202eb', false],
  ['a\u200bb', false],
  ['\ud800', false],
  ['x'.repeat(60), true],
  ['x'.repeat(61), false],
])('the name %j is taken: %s', (name, taken) => {
  expect(brandNameSchema.safeParse(name).success).toBe(taken);
});

describe('a logo', () => {
  it.each([
    ['a drawn SVG', svg('<defs><linearGradient id="a"/></defs><path fill="url(#a)" d="M0 0h9"/><use href="#a"/>')],
    ['an SVG with its prologue', Buffer.from(`\ufeff<?xml version="1.0"?>\n<!-- made by hand -->\n${svg('<g/>')}`)],
    ['an SVG behind an empty line', Buffer.from(`\n<?xml version="1.0"?>${svg('<g/>')}`)],
    ['an SVG with styles', svg('<style>.a { fill: #00c }</style><path class="a" d="M0 0h9"/>')],
    ['a PNG', png(1024, 32)],
  ])('may be %s', (_name, content) => {
    expect(problemOf(content)).toBeUndefined();
  });

  it('has at most 12 KiB', () => {
    expect(largestLogo).toBe(12_288);
    expect(problemOf(svg(' '.repeat(largestLogo - svg('').length)))).toBeUndefined();
  });

  it('is served as what it is, byte for byte', () => {
    expect(logoSchema.parse(png(9, 9))).toEqual({ mediaType: 'image/png', content: png(9, 9) });
    expect(logoSchema.parse(svg(''))).toEqual({ mediaType: 'image/svg+xml', content: svg('') });
  });

  const [kind, instructions, elements] = [
    'must be a PNG or SVG',
    'without DOCTYPE, entities',
    'is an SVG with elements',
  ];
  const [handlers, elsewhere] = ['with event handlers', 'that points to other files'];
  it.each([
    ['a script', elements, svg('<script>alert(1)</script>')],
    ['a script of another spelling', elements, svg('<svg:script>alert(1)</svg:script>')],
    ['an element with an invisible character in its name', elements, svg('<\ufeffg/>')],
    ['a link', elements, svg('<a href="#x"><path/></a>')],
    ['an event handler', handlers, svg('<path/>', ' onload="alert(1)"')],
    ['an event handler behind a slash', handlers, svg('<path/ONclick="alert(1)"/>')],
    ['an event handler with blanks', handlers, svg('<path onclick = "alert(1)"/>')],
    ['HTML', elements, svg('<foreignObject><body xmlns="http://www.w3.org/1999/xhtml"/></foreignObject>')],
    ['a picture', elements, svg('<image href="https://evil.example/x.png"/>')],
    ['an animation', elements, svg('<set attributeName="href" to="javascript:alert(1)"/>')],
    ['a reference elsewhere', elsewhere, svg('<use xlink:href="https://evil.example/x.svg#a"/>')],
    ['a reference elsewhere with blanks', elsewhere, svg('<use href = "https://evil.example/x.svg#a"/>')],
    ['a reference elsewhere without quotes', elsewhere, svg('<use href=https://evil.example/x.svg#a />')],
    ['a fill from elsewhere', elsewhere, svg('<path fill="url(https://evil.example/x)"/>')],
    ['a style from elsewhere', elsewhere, svg('<style>@import "https://evil.example/x.css"</style>')],
    ['a DOCTYPE', kind, Buffer.concat([Buffer.from('<!DOCTYPE svg [<!ENTITY a "b">]>'), svg('<g/>')])],
    ['an entity', instructions, svg('<![CDATA[<script>]]>')],
    ['a second prologue', instructions, svg('<?xml version="1.0"?>')],
    [
      'a stylesheet instruction',
      kind,
      Buffer.concat([Buffer.from('<?xml-stylesheet href="https://evil.example"?>'), svg('')]),
    ],
    ['HTML by itself', kind, Buffer.from('<html><script>alert(1)</script></html>')],
    ['text before the drawing', kind, Buffer.concat([Buffer.from('alert(1)'), svg('')])],
    ['GIF', kind, Buffer.from('GIF89a')],
    ['a file that begins a little like a PNG', kind, Buffer.from('APNG')],
    ['nothing', kind, Buffer.alloc(0)],
    ['a PNG cut short', 'is not a whole PNG', png(9, 9).subarray(0, 20)],
    ['a PNG of many pixels', 'must be at most 1024 pixels', png(9, 100_000)],
    ['a PNG without height', 'must be at most 1024 pixels', png(9, 0)],
    ['too many bytes', 'must be at most 12 KiB', svg(`<path d="${'M0 0'.repeat(largestLogo)}"/>`)],
  ])('may not be or hold %s: it %s', (_name, problem, content) => {
    expect(problemOf(content)).toContain(problem);
  });
});
