/**
 * Text that is mostly tokens, in fewer bytes: long runs of the base64url alphabet stand there as the bytes that they spell.
 *
 * This is no compression. How long a run becomes follows from its length alone, and no part of the text makes another
 * part shorter; so nobody who writes into a record and sees its size learns anything of the secrets beside it, as they
 * would from deflate (the attack named CRIME).
 */

/** First byte. JSON never begins with it. */
const mark = 2;
/** Begins a run; no byte of UTF-8 is the same. The number of characters follows in two bytes, then the bytes. */
const runMark = 0xff;
const headerBytes = 3;

/** From here on a run is shorter packed; what is longer than its two bytes can say becomes several runs. */
const runs = /[A-Za-z0-9_-]{24,65532}/g;

/** Whether bytes are a packed text. */
export function isPacked(bytes: Buffer): boolean {
  return bytes[0] === mark;
}

/** Packs a text. Lone surrogates are lost; JSON has none. */
export function packText(text: string): Buffer {
  const parts = [Buffer.from([mark])];
  let end = 0;
  for (const { 0: run, index } of text.matchAll(runs)) {
    const header = Buffer.from([runMark, run.length >> 8, run.length & 0xff]);
    parts.push(
      Buffer.from(text.slice(end, index)),
      header,
      Buffer.from(run.padEnd(paddedLength(run.length), 'A'), 'base64url'),
    );
    end = index + run.length;
  }
  return Buffer.concat([...parts, Buffer.from(text.slice(end))]);
}

/** The text again. @throws {RangeError} it was cut short */
export function unpackText(bytes: Buffer): string {
  let text = '';
  let at = 1;
  for (let start = bytes.indexOf(runMark, at); start >= 0; start = bytes.indexOf(runMark, at)) {
    const length = bytes.readUInt16BE(start + 1);
    const from = start + headerBytes;
    text += bytes.toString('utf8', at, start);
    at = from + (paddedLength(length) / 4) * 3;
    if (at > bytes.length) throw new RangeError('A packed text was cut short.');
    text += bytes.toString('base64url', from, at).slice(0, length);
  }
  return text + bytes.toString('utf8', at);
}

/** Four characters are three bytes. */
function paddedLength(length: number): number {
  return Math.ceil(length / 4) * 4;
}
