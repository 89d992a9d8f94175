/** Finds in what Redis sends the messages that keys have been written. ioredis 6 drops them. */

/** Called with the keys of each message; with none if any key may have been written, as after FLUSHALL. */
export type NoteWritten = (keys: readonly string[]) => void;

const text = (bytes: Buffer, from: number, to: number) => bytes.toString('latin1', from, to);

/**
 * Cuts RESP3 into frames, however it is split into chunks, and notes each frame `>2 invalidate [keys]`.
 *
 * @returns takes the next chunk
 */
export function hearInvalidations(note: NoteWritten): (chunk: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0);
  return (chunk) => {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    for (let end = endOf(bytes, at); end !== undefined; end = endOf(bytes, at)) {
      const [kind, ...keys] = text(bytes, at, at + 1) === '>' ? textsOf(bytes, at, end) : [];
      if (kind === 'invalidate') note(keys);
      at = end;
    }
    rest = bytes.subarray(at);
  };
}

/** Where the frame that begins at `at` ends; `undefined` if the rest of it is still to come. */
function endOf(bytes: Buffer, at: number): number | undefined {
  const lineEnd = bytes.indexOf('\r\n', at);
  if (lineEnd < 0) return undefined;
  const after = lineEnd + 2;
  const type = text(bytes, at, at + 1);
  if (/[$=!]/.test(type)) {
    const end = after + bulkLength(bytes, at, lineEnd);
    return end <= bytes.length ? end : undefined;
  }
  if (!/[*~>%]/.test(type)) return after;
  const elements = Number(text(bytes, at + 1, lineEnd)) * (type === '%' ? 2 : 1);
  let end: number | undefined = after;
  for (let element = 0; element < elements && end !== undefined; element += 1) end = endOf(bytes, end);
  return end;
}

/** With its line end; -1 stands for a missing value. */
function bulkLength(bytes: Buffer, at: number, lineEnd: number): number {
  const length = Number(text(bytes, at + 1, lineEnd));
  return length < 0 ? 0 : length + 2;
}

/** The texts of a complete frame, in whatever lists they are. */
function textsOf(bytes: Buffer, from: number, to: number): string[] {
  const texts: string[] = [];
  for (let at = from; at < to; ) {
    const lineEnd = bytes.indexOf('\r\n', at);
    const after = lineEnd + 2;
    if (text(bytes, at, at + 1) !== '$') {
      at = after;
      continue;
    }
    const length = bulkLength(bytes, at, lineEnd);
    if (length > 0) texts.push(text(bytes, after, after + length - 2));
    at = after + length;
  }
  return texts;
}
