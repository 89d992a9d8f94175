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
  // A run never takes more than its characters.
  const bytes = Buffer.allocUnsafe(1 + Buffer.byteLength(text));
  let at = bytes.writeUInt8(mark);
  let end = 0;
  // Half of what `matchAll` takes, which makes a copy of the expression each time.
  for (let found = runs.exec(text); found !== null; found = runs.exec(text)) {
    const [run] = found;
    at += bytes.write(text.slice(end, found.index), at);
    at = bytes.writeUInt16BE(run.length, bytes.writeUInt8(runMark, at));
    at += bytes.write(run.padEnd(paddedLength(run.length), 'A'), at, 'base64url');
    end = found.index + run.length;
  }
  at += bytes.write(text.slice(end), at);
  return bytes.subarray(0, at);
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
