/** Longer than any line of a trace: a file without line ends is no trace. */
const LONGEST = 64 * 2 ** 20;

/**
 * Lines of text that arrives in chunks, without their ends (LF or CRLF) and without a byte order mark.
 * @throws RangeError for a line of more than 64 Mi characters.
 */
export async function* linesOf(chunks: AsyncIterable<string>): AsyncGenerator<string, void, undefined> {
  let rest = '';
  let first = true;
  for await (const chunk of chunks) {
    const text = rest + (first ? chunk.replace(/^\uFEFF/, '') : chunk);
    first = first && chunk === '';
    let start = 0;
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', start)) {
      yield text.slice(start, text[end - 1] === '\r' && end > start ? end - 1 : end);
      start = end + 1;
    }
    rest = text.slice(start);
    if (rest.length > LONGEST) throw new RangeError(`a line of more than ${LONGEST} characters`);
  }
  if (rest !== '') yield rest.replace(/\r$/, '');
}
